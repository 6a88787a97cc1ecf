"""Fréchet distance of two clouds of features taken as Gaussian (Heusel et al., GANs Trained by a Two Time-Scale
Update Rule, 2017, equation 6). On Inception-v3's pool features it is FID, on a face recogniser's FAD."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

FID_WANTS = 2048
"""Images a side, below which the covariance of 2,048 features is singular and FID depends on their number."""


def frechet_distance(a: Float[np.ndarray, "n features"], b: Float[np.ndarray, "m features"]) -> float:
    """Squared Fréchet distance, 0 or more. ValueError for fewer than two samples, or for values that are not finite."""
    for samples in (a, b):
        if len(samples) < 2:
            raise ValueError(f"a covariance needs two samples or more, got {len(samples)}")
        if not np.isfinite(samples).all():
            raise ValueError("features that are not finite")
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    cov_a, cov_b = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (a, b))
    return frechet_of_gaussians(a.mean(0), cov_a, b.mean(0), cov_b)


def frechet_of_gaussians(
    mean_a: Float[np.ndarray, "features"],
    cov_a: Float[np.ndarray, "features features"],
    mean_b: Float[np.ndarray, "features"],
    cov_b: Float[np.ndarray, "features features"],
) -> float:
    """|μa − μb|² + tr(Σa + Σb − 2 (Σa Σb)^½).

    The trace of the root is that of the symmetric (Σa^½ Σb Σa^½)^½, whose eigenvalues are real: so singular
    covariances give no complex numbers, and no root of an unsymmetric matrix is needed.
    """
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ cov_b @ root), 0.0)).sum()
    shift = mean_a - mean_b
    return max(0.0, float(shift @ shift + np.trace(cov_a) + np.trace(cov_b) - 2 * cross))
