"""What kinds of judges there are. All take upright RGB of 0 to 255 and 468 or more of MediaPipe's points in pixels."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, UInt8

SYNC_SIDE, SYNC_IMAGES, SYNC_ROWS = 224, 5, 20
"""Of a window that a judge of lip sync takes: side of an image, images (25 a second), rows of sound (100)."""


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
class SyncJudge(Protocol):
    """Features of lips and of speech, near each other where both belong together."""

    name: str

    def lips(self, images: UInt8[np.ndarray, "n side side 3"]) -> Float[np.ndarray, "windows features"]:
        """Of every `SYNC_IMAGES` RGB images of 25 a second, `SYNC_SIDE` pixels square; empty for fewer."""
        ...

    def sound(self, rows: Float[np.ndarray, "rows 13"]) -> Float[np.ndarray, "windows features"]:
        """Of every `SYNC_ROWS` rows of `ned.evaluation.sound.mfcc`, four rows (an image) apart; empty for fewer."""
        ...


@runtime_checkable
class DistributionJudge(Protocol):
    """Features of images whose distribution tells how real many of them look."""

    name: str

    def features(self, rgb: UInt8[np.ndarray, "h w 3"]) -> Float[np.ndarray, "features"]:
        """Of one image of any size."""
        ...


@runtime_checkable
class ImageJudge(Protocol):
    """How far two images of one size are apart to an eye."""

    name: str

    def distance(self, a: UInt8[np.ndarray, "h w 3"], b: UInt8[np.ndarray, "h w 3"]) -> float:
        """0 for equal images."""
        ...
