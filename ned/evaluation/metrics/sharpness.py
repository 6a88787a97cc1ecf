"""Sharpness of an image's region."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, UInt8


def sharpness(grey: UInt8[np.ndarray, "h w"], mask: Bool[np.ndarray, "h w"]) -> float:
    """Variance of the Laplacian over `mask` (Pech-Pacheco et al. 2000). NaN where it is empty.

    Compare it between images of one thing at one size only.
    """
    return float(cv2.Laplacian(grey, cv2.CV_32F)[mask].var()) if mask.any() else float("nan")
