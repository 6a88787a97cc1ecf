"""Lip-sync error from SyncNet's features (Chung and Zisserman, Out of Time, 2016; LSE-D and LSE-C after Prajwal et
al., A Lip Sync Expert Is All You Need, 2020)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

MAX_SHIFT = 15
"""Frames of 25 fps that sound and image are shifted by against each other, each way."""


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
    sound: Float[np.ndarray, "windows features"],
    max_shift: int = MAX_SHIFT,
) -> LipSync:
    """Mean Euclidean distance of the windows' features at every shift, of which the best is chosen.

    Past the ends of the sound there are zeros, as in the published measure. ValueError for no windows.
    """
    if not len(lips):
        raise ValueError("no windows")
    padded = np.pad(np.asarray(sound, np.float64), ((max_shift, max_shift), (0, 0)))
    lips = np.asarray(lips, np.float64)
    # In PyTorch's pairwise distance, by which the published figures were made, this is added to each difference.
    differences = [lips - padded[k : k + len(lips)] + 1e-6 for k in range(2 * max_shift + 1)]
    means = np.array([np.linalg.norm(d, axis=1).mean() for d in differences])
    best = int(means.argmin())
    return LipSync(float(means[best]), float(np.median(means) - means[best]), max_shift - best)
