"""The metrics of this field: pure functions of arrays, one a file. Images are RGB of 0 to 255 unless said otherwise.

`lpips` needs PyTorch and lies in its own module, `ned.evaluation.metrics.lpips`.
"""

from ned.evaluation.metrics.closures import Closures, closures
from ned.evaluation.metrics.concordance import ccc
from ned.evaluation.metrics.confusion import confusion
from ned.evaluation.metrics.correlation import pcc
from ned.evaluation.metrics.cosine import cosine
from ned.evaluation.metrics.fapd import fapd, fapd_map
from ned.evaluation.metrics.flicker import second_difference
from ned.evaluation.metrics.frechet import frechet_distance, frechet_of_gaussians
from ned.evaluation.metrics.kid import Kid, kid, squared_mmd
from ned.evaluation.metrics.lip_sync import LipSync, lip_sync
from ned.evaluation.metrics.psnr import psnr, psnr_of
from ned.evaluation.metrics.rmse import rmse
from ned.evaluation.metrics.sharpness import sharpness
from ned.evaluation.metrics.sign_agreement import sagr
from ned.evaluation.metrics.ssim import ssim, ssim_map

__all__ = [
    "Closures",
    "Kid",
    "LipSync",
    "ccc",
    "closures",
    "confusion",
    "cosine",
    "fapd",
    "fapd_map",
    "frechet_distance",
    "frechet_of_gaussians",
    "kid",
    "lip_sync",
    "pcc",
    "psnr",
    "psnr_of",
    "rmse",
    "sagr",
    "second_difference",
    "sharpness",
    "squared_mmd",
    "ssim",
    "ssim_map",
]
