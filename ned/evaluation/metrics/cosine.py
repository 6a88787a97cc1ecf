"""Cosine similarity of feature vectors: of a face recogniser (identity) or of an expression network (CSIM)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def cosine(a: Float[np.ndarray, "*n features"], b: Float[np.ndarray, "*n features"]) -> Float[np.ndarray, "*n"]:
    """In [−1, 1], vector by vector; NaN where one is zero."""
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    norms = np.linalg.norm(x, axis=-1) * np.linalg.norm(y, axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((x * y).sum(-1) / np.where(norms > 0, norms, np.nan))
