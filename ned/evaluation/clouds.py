"""FID and KID of a video's faces beside its original's, while both are read: in the memory of one covariance a side."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from ned.evaluation.metrics.frechet import FID_WANTS, frechet_of_gaussians
from ned.evaluation.metrics.kid import Kid, kid

KEPT = 1000
"""Features kept of a side for KID, drawn evenly from every second image: 8 MB."""
LEAST = 8
"""Images a side for KID."""
SUBSET, SUBSETS = 250, 20
"""Of them, for KID's mean over random subsets."""


class Cloud:
    """Features of images: their mean and covariance, and some of every second of them, the first or the next."""

    def __init__(self, first: bool, seed: int = 0) -> None:
        self.count, self._first = 0, first
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
        if (self.count % 2 == 1) != self._first:
            return
        if len(self._kept) < KEPT:
            self._kept.append(features)
        elif (place := int(self._rng.integers((self.count + 1) // 2))) < KEPT:
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
    """The faces of an original and of what was made of it. KID wants independent samples and would be less than nothing
    for one frame before and after; so it takes every second of the one and those between of the other."""

    original: Cloud = field(default_factory=lambda: Cloud(first=True))
    edited: Cloud = field(default_factory=lambda: Cloud(first=False))

    def fid(self) -> float | None:
        """None for fewer images than the covariance of so many features wants."""
        if min(self.original.count, self.edited.count) < FID_WANTS:
            return None
        return frechet_of_gaussians(*self.original.gaussian(), *self.edited.gaussian())

    def kid(self) -> Kid | None:
        """Beside it how well it is known; None for fewer than `LEAST` images."""
        if min(self.original.count, self.edited.count) < LEAST:
            return None
        a, b = self.original.sample(), self.edited.sample()
        return kid(a, b, min(SUBSET, len(a) // 2, len(b) // 2), SUBSETS)
