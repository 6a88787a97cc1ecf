"""Lip closures: p, b and m need closed lips, so an edit may not open them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

CLOSED, STILL_CLOSED = 0.012, 0.02
"""Gap of the inner lips as a share of the face's height: below the first the original's are closed; below the second
the edit's still are (a landmark network is not more exact than the difference)."""


class Closures(NamedTuple):
    """How many frames of the original have closed lips, and the share of them in which the edit's are closed."""

    count: int
    kept: float
    """NaN where the original's lips never close."""


def closures(original: Float[np.ndarray, "frames"], edited: Float[np.ndarray, "frames"]) -> Closures:
    """From the gaps of the inner lips ÷ the face's height. Frames that are not finite in both are left out."""
    closed = np.isfinite(original) & np.isfinite(edited) & (original < CLOSED)
    count = int(closed.sum())
    return Closures(count, float((edited[closed] < STILL_CLOSED).mean()) if count else float("nan"))
