"""FID and KID of a video's faces beside its original's, while both are read: in the memory of one covariance a side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ned.evaluation.metrics.frechet import FID_WANTS, frechet_of_gaussians
from ned.evaluation.metrics.kid import Kid, kid

KEPT = 1000
"""Features kept of a side for KID, drawn evenly from all: 8 MB."""
SUBSET, SUBSETS = 250, 20
"""Of them, for KID's mean over random subsets."""


class Cloud:
    """Features of images: their mean and covariance, and some of them."""

    def __init__(self, seed: int = 0) -> None:
        self.count = 0
        self._sum, self._products = np.zeros(0), np.zeros((0, 0))
        self._kept: list[Float[np.ndarray, "features"]] = []
        self._rng = np.random.default_rng(seed)

    def add(self, features: Float[np.ndarray, "features"]) -> None:
        """Take one image's."""
        if not self.count:
            self._sum, self._products = np.zeros(len(features)), np.zeros((len(features),) * 2)
        self.count += 1
        self._sum += features
        self._products += np.outer(features, features)
        if len(self._kept) < KEPT:
            self._kept.append(features)
        elif (place := int(self._rng.integers(self.count))) < KEPT:
            self._kept[place] = features

    def gaussian(self) -> tuple[Float[np.ndarray, "features"], Float[np.ndarray, "features features"]]:
        """Mean and covariance (unbiased); two images or more."""
        mean = self._sum / self.count
        return mean, (self._products - self.count * np.outer(mean, mean)) / (self.count - 1)

    def sample(self) -> Float[np.ndarray, "kept features"]:
        """Those that were kept."""
        return np.stack(self._kept)


@dataclass
class Clouds:
    """The faces of an original and of what was made of it."""

    original: Cloud
    edited: Cloud

    def fid(self) -> float | None:
        """None for fewer images than the covariance of so many features wants."""
        if min(self.original.count, self.edited.count) < FID_WANTS:
            return None
        return frechet_of_gaussians(*self.original.gaussian(), *self.edited.gaussian())

    def kid(self) -> Kid | None:
        """Beside it how well it is known; None for fewer than four images."""
        a, b = self.original, self.edited
        if min(a.count, b.count) < 4:
            return None
        return kid(a.sample(), b.sample(), min(SUBSET, min(a.count, b.count) // 2), SUBSETS)
