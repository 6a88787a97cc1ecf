"""What kinds of judges there are. All take upright RGB of 0 to 255 and 468 or more of MediaPipe's points in pixels."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, UInt8


@runtime_checkable
class ExpressionJudge(Protocol):
    """Classes of expression."""

    name: str

    def expression(
        self, rgb: UInt8[np.ndarray, "h w 3"], points: Float[np.ndarray, "points 2"]
    ) -> Float[np.ndarray, "7"]:
        """Probabilities in the order of `ned.types.EMOTIONS`."""
        ...


@runtime_checkable
class AffectJudge(Protocol):
    """Valence and arousal."""

    name: str

    def affect(self, rgb: UInt8[np.ndarray, "h w 3"], points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "2"]:
        """Valence and arousal in [−1, 1]."""
        ...


@runtime_checkable
class FeatureJudge(Protocol):
    """A vector whose direction says who somebody is, or which expression."""

    name: str

    def features(
        self, rgb: UInt8[np.ndarray, "h w 3"], points: Float[np.ndarray, "points 2"]
    ) -> Float[np.ndarray, "features"]:
        """Not normalised."""
        ...


@runtime_checkable
class ImageJudge(Protocol):
    """How far two images of one size are apart to an eye."""

    name: str

    def distance(self, a: UInt8[np.ndarray, "h w 3"], b: UInt8[np.ndarray, "h w 3"]) -> float:
        """0 for equal images."""
        ...
