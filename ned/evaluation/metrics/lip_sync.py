"""Lip-sync error from SyncNet's features (Chung and Zisserman, Out of Time, 2016; LSE-D and LSE-C after Prajwal et
al., A Lip Sync Expert Is All You Need, 2020)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

MAX_SHIFT = 15
"""Frames of 25 fps that sound and image are shifted by against each other, each way."""

BLOCK = 256


class LipSync(NamedTuple):
    """Lower distance and higher confidence are better."""

    distance: float
    """LSE-D: the smallest mean distance over the shifts."""
    confidence: float
    """LSE-C: the median over the shifts minus the smallest."""
    shift: int
    """Frames by which the sound must be delayed to fit best; 0 where both are in time."""


def lip_sync(
    lips: Float[np.ndarray, "windows features"],
    sound: Float[np.ndarray, "heard features"],
    max_shift: int = MAX_SHIFT,
    at: Int[np.ndarray, "windows"] | None = None,
) -> LipSync:
    """Mean Euclidean distance of the windows' features at every shift, of which the best is chosen.

    `at`: which window of the sound belongs to each of the lips, where some are missing; else they are the first ones.
    Past the ends of the sound there are zeros, as in the published measure. Memory does not grow with the length.
    ValueError for no windows.
    """
    if not len(lips):
        raise ValueError("no windows")
    at = np.arange(len(lips)) if at is None else at
    sums = np.zeros(2 * max_shift + 1)
    for begin in range(0, len(lips), BLOCK):
        seen = np.asarray(lips[begin : begin + BLOCK], np.float64)
        for k in range(len(sums)):
            where = at[begin : begin + BLOCK] + k - max_shift
            inside = (where >= 0) & (where < len(sound))
            heard = np.zeros_like(seen)
            heard[inside] = sound[where[inside]]
            # PyTorch's pairwise distance, by which the published figures were made, adds this to each difference
            sums[k] += np.linalg.norm(seen - heard + 1e-6, axis=1).sum()
    means = sums / len(lips)
    best = int(means.argmin())
    return LipSync(float(means[best]), float(np.median(means) - means[best]), max_shift - best)
