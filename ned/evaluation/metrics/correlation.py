"""Pearson's correlation over time, as jaw PCC and its like use it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def pcc(a: Float[np.ndarray, "frames"], b: Float[np.ndarray, "frames"]) -> float:
    """In [−1, 1], over the frames in which both are finite. NaN where fewer than two are, or one does not move."""
    good = np.isfinite(a) & np.isfinite(b)
    if good.sum() < 2:
        return float("nan")
    x, y = np.asarray(a, np.float64)[good], np.asarray(b, np.float64)[good]
    x, y = x - x.mean(), y - y.mean()
    norm = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float(x @ y / norm) if norm > 1e-9 else float("nan")
