"""Face average pixel distance (Neural Emotion Director, supplementary material)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Shaped


def fapd_map(a: Shaped[np.ndarray, "h w 3"], b: Shaped[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w"]:
    """Euclidean distance of the RGB values at every pixel, 0 to 442 for values of 0 to 255."""
    difference = a.astype(np.float32) - b.astype(np.float32)
    return np.sqrt((difference * difference).sum(2))


def fapd(a: Shaped[np.ndarray, "h w 3"], b: Shaped[np.ndarray, "h w 3"], mask: Bool[np.ndarray, "h w"]) -> float:
    """Mean of `fapd_map` over the face. NaN where the mask is empty."""
    return float(fapd_map(a, b)[mask].mean()) if mask.any() else float("nan")
