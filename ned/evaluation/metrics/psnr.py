"""Peak signal-to-noise ratio."""

from __future__ import annotations

import math

import cv2
import numpy as np
from jaxtyping import Bool, Shaped

MOST_DB = 100.0
"""Of images that are equal, or nearly; infinity can be neither averaged nor plotted."""


def psnr(
    a: Shaped[np.ndarray, "h w channels"],
    b: Shaped[np.ndarray, "h w channels"],
    mask: Bool[np.ndarray, "h w"] | None = None,
    peak: float = 255.0,
) -> float:
    """10 log10(peak² / mean squared difference) in dB, over the pixels of `mask` (default: all).

    At most 100 dB, which equal images get; NaN where the mask is empty.
    """
    if a.dtype == b.dtype == np.uint8:
        if mask is None:
            return psnr_of(cv2.norm(a, b, cv2.NORM_L2SQR), a.size, peak)
        return psnr_of(cv2.norm(a, b, cv2.NORM_L2SQR, mask.view(np.uint8)), a.shape[2] * int(mask.sum()), peak)
    if mask is not None:
        a, b = a[mask], b[mask]
    difference = (a.astype(np.float64) - b.astype(np.float64)).reshape(-1)
    return psnr_of(float(difference @ difference), difference.size, peak)


def psnr_of(squared_sum: float, count: int, peak: float = 255.0) -> float:
    """The same from a sum of squared differences over `count` samples, as a stream of frames gives it."""
    if count == 0:
        return math.nan
    return min(MOST_DB, 10 * math.log10(peak**2 / max(squared_sum / count, 1e-30)))
