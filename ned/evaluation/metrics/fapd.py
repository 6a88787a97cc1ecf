"""Face average pixel distance (Neural Emotion Director, supplementary material)."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, Shaped


def fapd_map(a: Shaped[np.ndarray, "h w 3"], b: Shaped[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w"]:
    """Euclidean distance of the RGB values at every pixel, 0 to 442 for values of 0 to 255."""
    difference = cv2.subtract(a, b, dtype=cv2.CV_32F)
    return cv2.sqrt(cv2.transform(cv2.multiply(difference, difference), np.ones((1, 3), np.float32)))


def fapd(a: Shaped[np.ndarray, "h w 3"], b: Shaped[np.ndarray, "h w 3"], mask: Bool[np.ndarray, "h w"]) -> float:
    """Mean of `fapd_map` over the face. NaN where the mask is empty."""
    return cv2.mean(fapd_map(a, b), mask.view(np.uint8))[0] if mask.any() else float("nan")
