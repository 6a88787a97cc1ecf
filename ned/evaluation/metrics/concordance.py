"""Concordance correlation coefficient (Lin 1989), the measure of valence and arousal."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def ccc(predicted: Float[np.ndarray, "n"], wanted: Float[np.ndarray, "n"]) -> float:
    """2 σxy / (σx² + σy² + (μx − μy)²) with variances over n, in [−1, 1].

    1 only where the values are equal, unlike Pearson's. NaN for no values, or where both are one same constant.
    """
    x, y = np.asarray(predicted, np.float64), np.asarray(wanted, np.float64)
    if not len(x):
        return float("nan")
    mean_x, mean_y = x.mean(), y.mean()
    below = x.var() + y.var() + (mean_x - mean_y) ** 2
    return float(2 * ((x - mean_x) * (y - mean_y)).mean() / below) if below > 0 else float("nan")
