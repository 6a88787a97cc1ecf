"""Root of the mean squared error."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def rmse(predicted: Float[np.ndarray, "*shape"], wanted: Float[np.ndarray, "*shape"]) -> float:
    """In the unit of the values; NaN for none."""
    difference = np.asarray(predicted, np.float64) - np.asarray(wanted, np.float64)
    return float(np.sqrt((difference**2).mean())) if difference.size else float("nan")
