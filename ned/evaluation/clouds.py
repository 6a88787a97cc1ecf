"""FID, KID and FVD of a video's faces beside its original's, while both are read: in the memory of one covariance a
side."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from ned.evaluation.metrics.frechet import FID_WANTS, frechet_of_gaussians
from ned.evaluation.metrics.kid import Kid, kid

KEPT = 1000
"""Features kept of a side for KID, drawn evenly from every second image: 16 MB."""
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

    def join(self, other: Cloud) -> None:
        """Take all images of another, but for what is kept of them."""
        if other.count and not self.count:
            self._sum, self._products = np.zeros_like(other._sum), np.zeros_like(other._products)
        if other.count:
            self.count += other.count
            self._sum += other._sum
            self._products += other._products

    @property
    def width(self) -> int:
        """Number of features; 0 before the first image."""
        return len(self._sum)

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

    def add(self, original: Float[np.ndarray, "features"], edited: Float[np.ndarray, "features"]) -> None:
        """Take an image, or clip, of both; neither where a judge gives no finite answer to one, which would spoil the
        mean of all."""
        if np.isfinite(original).all() and np.isfinite(edited).all():
            self.original.add(original)
            self.edited.add(edited)

    def join(self, other: Clouds) -> None:
        """Take all of another's, for distances of both together; what KID needs is not joined."""
        self.original.join(other.original)
        self.edited.join(other.edited)

    @property
    def count(self) -> int:
        """Images a side."""
        return min(self.original.count, self.edited.count)

    @property
    def fvd_wants(self) -> int:
        """Clips a side, below which the covariance of their features is singular; 0 before the first."""
        return self.edited.width + 1 if self.count else 0

    def fid(self) -> float | None:
        """None for fewer images than the covariance of so many features wants."""
        return self._frechet(FID_WANTS)

    def fvd(self) -> float | None:
        """The same of clips, of which there are fewer, with fewer features: None for fewer than `fvd_wants`."""
        return self._frechet(max(2, self.fvd_wants))

    def _frechet(self, wanted: int) -> float | None:
        if self.count < wanted:
            return None
        return frechet_of_gaussians(*self.original.gaussian(), *self.edited.gaussian())

    def kid(self) -> Kid | None:
        """Beside it how well it is known; None for fewer than `LEAST` images."""
        if self.count < LEAST:
            return None
        a, b = self.original.sample(), self.edited.sample()
        return kid(a, b, min(SUBSET, len(a) // 2, len(b) // 2), SUBSETS)
