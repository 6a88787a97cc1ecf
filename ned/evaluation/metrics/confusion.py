"""Confusion of wanted and recognised classes."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int


def confusion(
    wanted: Int[np.ndarray, "n"], recognised: Int[np.ndarray, "n"], classes: int
) -> Int[np.ndarray, "classes classes"]:
    """Counts; a row is a wanted class, a column a recognised one. ValueError for a class out of range."""
    for values in (wanted, recognised):
        if len(values) and not (values.min() >= 0 and values.max() < classes):
            raise ValueError(f"classes {values.min()} to {values.max()}, where 0 to {classes - 1} are known")
    return np.bincount(wanted * classes + recognised, minlength=classes**2).reshape(classes, classes)
