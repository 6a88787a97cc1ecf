"""Every object that crosses a stage. Frozen, typed; arrays are named by their axes.

Boxes are xyxy in pixels, whose origin is the centre of the top left one of the *upright* frame, y down; images are RGB;
transforms are `dst_from_src`; units stand in names. "Left" and "right" are the actor's own, as in ARKit and FACS.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int

from ned.emotions import EMOTIONS

__all__ = [
    "EMOTIONS", "NUM_LANDMARKS", "AffectPath", "Analysis", "AudioStream", "Colour", "Edit", "Emotion",
    "ExpressionSpace", "ExpressionTrack", "FaceEdit", "FaceFit", "FaceTrack", "HeadPose", "Heads", "Reference", "Shot",
    "Style", "Track", "SkinStatistics", "ValenceArousal", "VideoInfo",
]  # fmt: skip

NUM_LANDMARKS = 478
"""Points that the tracker sees, see `ned.geometry.landmarks`."""


@dataclass(frozen=True)
class Colour:
    """How numbers become light; names as ffmpeg writes them ("bt709", "tv"); "unknown" where unsaid."""

    matrix: str = "unknown"
    primaries: str = "unknown"
    transfer: str = "unknown"
    range: str = "unknown"


@dataclass(frozen=True)
class AudioStream:
    """One audio stream of a container; its packets are copied, never decoded."""

    index: int
    codec: str
    sample_rate: int
    channels: int


@dataclass(frozen=True)
class VideoInfo:
    """What the container and its first video stream say. `height`, `width` are of the upright frame."""

    path: Path
    container: str
    codec: str
    pixel_format: str
    bit_depth: int
    height: int
    width: int
    frame_rate: Fraction
    time_base: Fraction
    num_frames: int
    """As the container says or as estimated from its duration; exact only after a pass over it."""
    duration_s: float
    rotation: int
    """Degrees clockwise that a player turns the coded image by: 0, 90, 180 or 270."""
    sample_aspect_ratio: Fraction
    colour: Colour
    audio: tuple[AudioStream, ...]


@dataclass(frozen=True)
class Shot:
    """Frames [start, stop) between two cuts."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True)
class SkinStatistics:
    """What a person's face usually looks like in a shot, on a map of the face (see `ned.analysis.skin`)."""

    middle: Float[np.ndarray, "side side 3"]
    """Logarithm of light."""
    spread: Float[np.ndarray, "side side 3"]
    known: Bool[np.ndarray, "side side"]
    """Where it was seen often enough."""


@dataclass(frozen=True)
class FaceTrack:
    """One person through one shot. Arrays run over `frames`, indices into the video, ascending."""

    person: int
    shot: Shot
    frames: Int[np.ndarray, "frames"]
    boxes: Float[np.ndarray, "frames 4"]
    landmarks: Float[np.ndarray, "frames 478 3"]
    """Pixels; z in the same scale as x, smaller is nearer to the camera."""
    appearance: Float[np.ndarray, "features"] | None = None
    """What the person looks like here, see `ned.analysis.appearance`."""
    skin: SkinStatistics | None = None
    """None where the track is too short to tell what is usual."""

    def __len__(self) -> int:
        return len(self.frames)


@dataclass(frozen=True)
class Analysis:
    """What the first pass over a video keeps. Tracks are sorted by prominence, the speaker first."""

    video: VideoInfo
    num_frames: int
    """Frames that were really decoded."""
    shots: tuple[Shot, ...]
    tracks: tuple[FaceTrack, ...]
    first_frame: int = 0
    """Index of the first of them."""
    frame_times_s: Float[np.ndarray, "num_frames"] | None = None
    """When each of them is shown, in seconds from the start of the video; None where only the frame rate is known."""

    def times_s(self, frames: Int[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
        """When these frames (indices into the video) are shown, in seconds."""
        if self.frame_times_s is None:
            return frames / float(self.video.frame_rate)
        return self.frame_times_s[frames - self.first_frame]

    def persons(self) -> tuple[int, ...]:
        """Numbers of the persons, the most prominent first."""
        return tuple(dict.fromkeys(track.person for track in self.tracks))

    def tracks_of(self, person: int) -> list[FaceTrack]:
        """A person's tracks in the order of time."""
        tracks = [track for track in self.tracks if track.person == person and len(track)]
        return sorted(tracks, key=lambda track: int(track.frames[0]))


@dataclass(frozen=True)
class ExpressionSpace:
    """A named set of expression coefficients. The first name is the jaw opening."""

    name: str
    names: tuple[str, ...]

    def index(self, name: str) -> int:
        return self.names.index(name)

    @property
    def width(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class ExpressionTrack:
    """Expression over time. `coefficients` excludes the jaw opening; `pack()` puts it first."""

    space: ExpressionSpace
    jaw_opening: Float[np.ndarray, "frames"]
    coefficients: Float[np.ndarray, "frames k"]

    def pack(self) -> Float[np.ndarray, "frames width"]:
        """The flat array, columns in the order of `space.names`."""
        return np.concatenate([self.jaw_opening[:, None], self.coefficients], axis=1)

    @classmethod
    def unpack(cls, space: ExpressionSpace, packed: Float[np.ndarray, "frames width"]) -> ExpressionTrack:
        """The inverse of `pack`; raises ValueError where the width is not the space's."""
        if packed.ndim != 2 or packed.shape[1] != space.width:
            raise ValueError(f"{space.name} has {space.width} coefficients a frame, got an array {packed.shape}")
        return cls(space, packed[:, 0], packed[:, 1:])

    def __getitem__(self, key: str | slice) -> Float[np.ndarray, "frames"] | ExpressionTrack:
        """One coefficient over time by its name, or a part of the track."""
        if isinstance(key, slice):
            return ExpressionTrack(self.space, self.jaw_opening[key], self.coefficients[key])
        i = self.space.index(key)
        return self.jaw_opening if i == 0 else self.coefficients[:, i - 1]

    def __len__(self) -> int:
        return len(self.jaw_opening)


@dataclass(frozen=True)
class HeadPose:
    """Scaled-orthographic pose: pixel = scale · (R · X)[:2] + translation, z likewise scaled.

    X is in the face model's units and axes (x to the actor's left = image right, y down, z away from
    the camera), so R is the identity for a frontal face.
    """

    rotation: Float[np.ndarray, "frames 3 3"]
    scale: Float[np.ndarray, "frames"]
    """Pixels per unit of the face model."""
    translation: Float[np.ndarray, "frames 2"]


@dataclass(frozen=True)
class Heads:
    """FLAME's whole head through some frames, in `ned`'s axes, posed as `HeadPose`; see `ned.geometry.heads`."""

    identity: Float[np.ndarray, "frames identities"]
    expression: Float[np.ndarray, "frames 50"]
    """Both in standard deviations."""
    jaw_rad: Float[np.ndarray, "frames 3"]
    """Axis-angle."""
    rotation: Float[np.ndarray, "frames 3 3"]
    scale: Float[np.ndarray, "frames"]
    translation: Float[np.ndarray, "frames 2"]
    detail: Float[np.ndarray, "frames 128"] | None = None
    """DECA's code of what the mesh is too coarse for."""


@dataclass(frozen=True)
class FaceFit:
    """The face model fitted to one `FaceTrack`. What the model cannot express is the residual
    `landmarks − projected model`; it is not stored, since the landmarks are."""

    identity: Float[np.ndarray, "landmarks 3"]
    """The actor's own neutral face at the landmarks, in the model's units."""
    pose: HeadPose
    expression: ExpressionTrack
    reprojection_error: Float[np.ndarray, "frames"]
    """Mean distance of model and landmarks, as a share of the inter-ocular distance."""


@dataclass(frozen=True)
class Emotion:
    """A style by its name, one of `EMOTIONS`."""

    name: str


@dataclass(frozen=True)
class Reference:
    """The style of a person in other clips."""

    tracks: tuple[ExpressionTrack, ...]
    rates: tuple[float, ...]  # frames per second of each of them


@dataclass(frozen=True)
class ValenceArousal:
    """A place on the plane of affect, both in [−1, 1]."""

    valence: float
    arousal: float


@dataclass(frozen=True, eq=False)
class AffectPath:
    """A path on the plane of affect: valence and arousal at each frame of the track."""

    places: Float[np.ndarray, "frames 2"]


@dataclass(frozen=True)
class Track:
    """An expression from elsewhere, frame by frame, in place of the actor's own."""

    expression: ExpressionTrack


Style = Emotion | Reference | ValenceArousal | AffectPath | Track
"""What a face is to show; exactly one of these."""


@dataclass(frozen=True)
class Edit:
    """What the user asked for."""

    style: Style
    intensity: float = 1.0
    """0 changes nothing, 1 is the usual."""
    seed: int = 0


@dataclass(frozen=True)
class FaceEdit:
    """The edit of one face in one frame, as a renderer gets it."""

    source: Float[np.ndarray, "vertices 3"]
    """Tracked landmarks in pixels, z in the same scale: the mesh that renderers draw, whatever the face model."""
    target: Float[np.ndarray, "vertices 3"]
    """The same face with the edited expression."""
    change: Float[np.ndarray, "width"]
    """Edited minus tracked coefficients, jaw opening first."""
    expression: Float[np.ndarray, "width"]
    """The edited coefficients."""
    head: Heads | None = None
    """The edited head of FLAME (a single frame), where a renderer draws it."""

    def moved_to(self, origin: tuple[int, int]) -> FaceEdit:
        """The same in pixels of a region whose top left corner is `origin` (x, y)."""
        offset = np.array([*origin, 0], np.float32)
        head = self.head and replace(self.head, translation=self.head.translation - offset[:2])
        return FaceEdit(self.source - offset, self.target - offset, self.change, self.expression, head)
