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

    Images are mirrored at their borders. Whole numbers of 8 bits are added up exactly, anything else in double
    precision: the variances are small differences of large numbers.
    """
    shape, count = a.shape[:2], WINDOW**2
    if a.dtype == b.dtype == np.uint8:
        sum_x, sum_y = _sum(a), _sum(b)
        cross = _sum(cv2.multiply(a, b, dtype=cv2.CV_16U)) * count
        squares = (_sum(cv2.multiply(a, a, dtype=cv2.CV_16U)) + _sum(cv2.multiply(b, b, dtype=cv2.CV_16U))) * count
    else:
        x, y = a.astype(np.float64), b.astype(np.float64)
        sum_x, sum_y, cross, squares = (_sum(v) * float(n) for v, n in ((x, 1), (y, 1), (x * y, count),
                                                                         (x * x + y * y, count)))  # fmt: skip
    product, both = sum_x * sum_y, sum_x * sum_x + sum_y * sum_y
    kind = np.float32 if a.dtype == b.dtype == np.uint8 else np.float64
    covariance, variances = (cross - product).astype(kind), (squares - both).astype(kind)
    unbiased, c1, c2 = count / (count - 1), (count * _K1 * peak) ** 2, (count * _K2 * peak) ** 2
    similar = (2 * product.astype(kind) + kind(c1)) * (kind(2 * unbiased) * covariance + kind(c2))
    similar /= (both.astype(kind) + kind(c1)) * (kind(unbiased) * variances + kind(c2))
    return similar.reshape(*shape, -1).mean(2)


def ssim(
    a: Shaped[np.ndarray, "h w channels"],
    b: Shaped[np.ndarray, "h w channels"],
    mask: Bool[np.ndarray, "h w"] | None = None,
    peak: float = 255.0,
) -> float:
    """Mean of `ssim_map` over `mask`; without one over all windows that lie inside the image.

    In [−1, 1]; NaN where the mask is empty. ValueError where an image is smaller than the window.
    """
    if min(a.shape[:2]) < WINDOW:
        raise ValueError(f"images of {a.shape[1]}x{a.shape[0]} are smaller than the window of {WINDOW}x{WINDOW}")
    full, rim = ssim_map(a, b, peak), WINDOW // 2
    if mask is None:
        return float(full[rim:-rim, rim:-rim].mean())
    return float(full[mask].mean()) if mask.any() else float("nan")


def _sum(x: np.ndarray) -> np.ndarray:
    """Over the window around every pixel; 32 bits hold it, times the window's size, for products of 8-bit numbers."""
    depth = cv2.CV_64F if x.dtype == np.float64 else cv2.CV_32S
    return cv2.boxFilter(x, depth, (WINDOW, WINDOW), normalize=False, borderType=cv2.BORDER_REFLECT)
