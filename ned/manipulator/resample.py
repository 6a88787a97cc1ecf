"""Tracks from one frame rate to another."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d


def resample(
    values: Float[np.ndarray, "frames width"], rate: float, wanted: float
) -> Float[np.ndarray, "resampled width"]:
    """The track at `wanted` frames a second, linear between frames; what is too fast for the new rate is smoothed
    away first. The first frames coincide."""
    frames = max(1, int(np.floor((len(values) - 1) * wanted / rate + 1e-6)) + 1)
    if wanted < 0.95 * rate:
        values = gaussian_filter1d(values, 0.35 * rate / wanted, axis=0, mode="nearest")
    return at_frames(values, np.arange(frames) * (rate / wanted))


def at_frames(values: Float[np.ndarray, "frames width"], at: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n width"]:
    """Linear interpolation at fractional frames, the ends held."""
    at = np.clip(at, 0.0, len(values) - 1)
    low = np.minimum(at.astype(int), max(len(values) - 2, 0))
    share = (at - low)[:, None].astype(values.dtype)
    return values[low] * (1 - share) + values[np.minimum(low + 1, len(values) - 1)] * share
