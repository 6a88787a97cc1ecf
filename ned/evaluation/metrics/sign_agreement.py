"""Sign agreement, a measure of valence and arousal (Nicolaou, Gunes and Pantic 2011)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def sagr(predicted: Float[np.ndarray, "n"], wanted: Float[np.ndarray, "n"]) -> float:
    """Share of values with equal signs, where 0 is a sign of its own. NaN for no values, or where one is no number."""
    if not len(wanted) or not (np.isfinite(predicted).all() and np.isfinite(wanted).all()):
        return float("nan")
    return float((np.sign(predicted) == np.sign(wanted)).mean())
