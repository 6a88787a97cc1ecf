"""Structural similarity (Wang et al., Image Quality Assessment: From Error Visibility to Structural Similarity,
2004)."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, Shaped

WINDOW = 7
_K1, _K2 = 0.01, 0.03


def ssim_map(
    a: Shaped[np.ndarray, "h w channels"], b: Shaped[np.ndarray, "h w channels"], peak: float = 255.0
) -> Float[np.ndarray, "h w"]:
    """Similarity around every pixel in a uniform 7×7 window with sample covariances, mean of the channels.

    Pictures are mirrored at their borders. In double precision: the variances are small differences of large numbers.
    """
    x, y = a.astype(np.float64), b.astype(np.float64)
    mean_x, mean_y = _mean(x), _mean(y)
    unbiased = WINDOW**2 / (WINDOW**2 - 1)
    var_x = unbiased * (_mean(x * x) - mean_x * mean_x)
    var_y = unbiased * (_mean(y * y) - mean_y * mean_y)
    covariance = unbiased * (_mean(x * y) - mean_x * mean_y)
    c1, c2 = (_K1 * peak) ** 2, (_K2 * peak) ** 2
    same_light = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    same_structure = (2 * covariance + c2) / (var_x + var_y + c2)
    return (same_light * same_structure).reshape(*a.shape[:2], -1).mean(2)


def ssim(
    a: Shaped[np.ndarray, "h w channels"],
    b: Shaped[np.ndarray, "h w channels"],
    mask: Bool[np.ndarray, "h w"] | None = None,
    peak: float = 255.0,
) -> float:
    """Mean of `ssim_map` over `mask`; without one over all windows that lie inside the picture.

    In [−1, 1]; NaN where the mask is empty. ValueError where a picture is smaller than the window.
    """
    if min(a.shape[:2]) < WINDOW:
        raise ValueError(f"pictures of {a.shape[1]}x{a.shape[0]} are smaller than the window of {WINDOW}x{WINDOW}")
    full, rim = ssim_map(a, b, peak), WINDOW // 2
    if mask is None:
        return float(full[rim:-rim, rim:-rim].mean())
    return float(full[mask].mean()) if mask.any() else float("nan")


def _mean(x: np.ndarray) -> np.ndarray:
    return cv2.blur(x, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT)
