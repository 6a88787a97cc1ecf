"""Lips that meet where they met: the gap between the lips along the whole mouth, not only in its middle.

Expression shapes are authored one by one; summed up they part lips that should touch, at the sides of the
mouth most of all. So the gap of every column of the lips is set to the source's own, scaled as the middle
of the mouth is scaled by the edit, and the lips' flesh follows.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ned.geometry.landmarks import LANDMARKS

UPPER, LOWER = LANDMARKS.upper_lip, LANDMARKS.lower_lip
"""Rings of the lips from the inner to the outer contour, columns from the actor's right to the left."""
RING_SHARES = np.array([1.0, 0.8, 0.5, 0.25], np.float32)
"""How much of a correction each ring takes part in."""

_MIDDLE = 5
_CHIN, _ROOT = LANDMARKS.chin, LANDMARKS.nose_root
_LENS = np.sin(np.pi * np.arange(11) / 10).astype(np.float32) ** 0.8  # how a shut mouth parts
_SHUT = 0.02  # opening, as a share of nose root to chin, below which its shape is not trusted


def fit_lips(
    source: Float[np.ndarray, "v 3"], target: Float[np.ndarray, "v 3"], opening: float
) -> Float[np.ndarray, "v 3"]:
    """`target` with the lips' gap along the mouth in the shape of `source`'s, `opening` px high in the middle."""
    length = float(np.linalg.norm(source[_CHIN] - source[_ROOT]))
    down = (source[_CHIN] - source[_ROOT]) / max(length, 1e-6)
    before = (source[LOWER[0]] - source[UPPER[0]]).astype(np.float32)
    height = np.maximum(before @ down, 0.0)
    middle = max(float(height[_MIDDLE]), 0.0)
    # the shape of the opening: the source's own where it is open, a lens where it is shut
    trust = min(1.0, middle / (_SHUT * length))
    shape = trust * height / max(middle, 1e-6) + (1.0 - trust) * _LENS
    wanted = before + ((opening - middle) * shape)[:, None] * down
    out = target.copy()
    for rings in (UPPER, LOWER):  # corners that are drawn far must not leave their neighbours behind
        out[rings] = source[rings] + _evened(out[rings] - source[rings])
    missing = wanted - (out[LOWER[0]] - out[UPPER[0]])
    missing[[0, -1]] = 0.0
    for ring, share in enumerate(RING_SHARES):
        inner = slice(1, -1)  # corners belong to both lips
        out[UPPER[ring, inner]] -= 0.5 * share * missing[inner]
        out[LOWER[ring, inner]] += 0.5 * share * missing[inner]
    return out


def _evened(motion: Float[np.ndarray, "rings columns 3"]) -> Float[np.ndarray, "rings columns 3"]:
    """Motion along a lip without steps; the corners keep theirs."""
    for _ in range(2):
        smooth = motion.copy()
        smooth[:, 1:-1] = 0.25 * motion[:, :-2] + 0.5 * motion[:, 1:-1] + 0.25 * motion[:, 2:]
        motion = smooth
    return motion
