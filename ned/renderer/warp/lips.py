"""Lips that meet where they met: the gap between the lips along the whole mouth, not only in its middle.

Expression shapes are authored one by one; summed up they part lips that should touch, at the sides of the
mouth most of all. So the gap of every column of the lips is set to the source's own, scaled as the middle
of the mouth is scaled by the edit, and the lips' flesh follows.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ned.geometry.landmarks import LANDMARKS
from ned.renderer.warp.mesh_kernels import set_lips

UPPER, LOWER = LANDMARKS.upper_lip, LANDMARKS.lower_lip
"""Rings of the lips from the inner to the outer contour, columns from the actor's right to the left."""
RING_SHARES = np.array([1.0, 0.8, 0.5, 0.25], np.float32)
"""How much of a correction each ring takes part in."""

_CHIN, _ROOT = LANDMARKS.chin, LANDMARKS.nose_root
_LENS = np.sin(np.pi * np.arange(11) / 10).astype(np.float32) ** 0.8  # how a shut mouth parts
_SHUT = 0.02  # opening, as a share of nose root to chin, below which its shape is not trusted


def fit_lips(
    source: Float[np.ndarray, "v 3"], target: Float[np.ndarray, "v 3"], opening: float
) -> Float[np.ndarray, "v 3"]:
    """`target` with the lips' gap along the mouth in the shape of `source`'s, `opening` px high in the middle."""
    out = target.astype(np.float32)
    set_lips(
        source, out, np.float32(opening), _CHIN, _ROOT, UPPER, LOWER, RING_SHARES, _LENS, np.float32(_SHUT)
    )
    return out
