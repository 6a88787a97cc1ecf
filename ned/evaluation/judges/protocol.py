"""What kinds of judges there are. All take upright RGB of 0 to 255; most also 468 or more of MediaPipe's points in
pixels."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, UInt8

SYNC_SIDE, SYNC_IMAGES, SYNC_ROWS = 224, 5, 20
"""Of a window that a judge of lip sync takes: side of an image, images (25 a second), rows of sound (100)."""

CLIP_FRAMES, CLIP_SIDE = 16, 224
"""Of a clip that a judge of video takes: frames in a row, and their side in pixels."""


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


@runtime_checkable
class ClipJudge(Protocol):
    """Features of short clips whose distribution tells how real many of them look and move."""

    name: str

    def features(self, clip: UInt8[np.ndarray, "frames h w 3"]) -> Float[np.ndarray, "features"]:
        """Of `CLIP_FRAMES` frames of any size."""
        ...


class FoundFaces(NamedTuple):
    """What a detector finds in an image, the surest first."""

    boxes: Float[np.ndarray, "n 4"]
    """xyxy in pixels."""
    points: Float[np.ndarray, "n 5 2"]
    """The actor's right and left eye, tip of the nose, right and left corner of the mouth, in pixels."""
    confidence: Float[np.ndarray, "n"]
    """In [0, 1]."""


@runtime_checkable
class FaceDetector(Protocol):
    """Finds faces without knowing where to look."""

    name: str

    def faces(self, rgb: UInt8[np.ndarray, "h w 3"]) -> FoundFaces:
        """All that it is sure of."""
        ...


@runtime_checkable
class ParsingJudge(Protocol):
    """Tells the parts of a face."""

    name: str

    def face(
        self, rgb: UInt8[np.ndarray, "h w 3"], points: Float[np.ndarray, "points 2"]
    ) -> Bool[np.ndarray, "h w"]:
        """Skin, brows, eyes, nose and mouth; not hair, glasses, or what lies in front."""
        ...
