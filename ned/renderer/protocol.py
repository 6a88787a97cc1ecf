"""The contract of a face renderer, and what one is told before the second pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from ned.edit.track_edit import TrackEdit
from ned.face_model import FaceModel
from ned.renderer.neural.mesh import MeshDrawing
from ned.types import FaceEdit
from ned.video import Frame


@dataclass(frozen=True)
class PersonWeights:
    """A network that was fitted to one person."""

    path: Path
    strength: float = 1.0
    """How far it may be trusted, 0 to 1."""


@dataclass(frozen=True)
class Casting:
    """What a renderer may know before it paints the first frame."""

    model: FaceModel
    edits: Sequence[TrackEdit]
    """All tracks that are edited."""
    frames_of: Callable[[list[int]], Iterator[Frame]]
    """The video's frames of rising indices, as far as they can be had."""
    weights: Mapping[int, PersonWeights] = field(default_factory=dict)
    """By person, for those who have their own."""
    shared: Path | None = None
    """The network of everybody else; None for the one that is shipped."""
    drawing: MeshDrawing | None = None
    """What draws FLAME's mesh; None where no network is shown one."""

    def people(self) -> dict[int, list[TrackEdit]]:
        """The tracks of each person, in their order."""
        people: dict[int, list[TrackEdit]] = {}
        for edit in self.edits:
            people.setdefault(edit.track.person, []).append(edit)
        return people


@runtime_checkable
class Renderer(Protocol):
    """Paints one person of one shot, frame by frame in order; may keep state between frames."""

    def region(self, edit: FaceEdit, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Box (x0, y0, x1, y1) of whole pixels, inside a frame of `size` (height, width), that may change."""
        ...

    def wants_mouth(self, edit: FaceEdit) -> bool:
        """Whether `edit` opens the mouth so far that an image of the person's open mouth would help."""
        ...

    def take_mouth(self, image: Float[np.ndarray, "h w 3"], face: Float[np.ndarray, "vertices 3"]) -> None:
        """Remember `image`, RGB in [0, 1] around an open mouth of the person, and the face in its pixels."""
        ...

    def detect_glasses(self, images: list[Float[np.ndarray, "_ _ 3"]], faces: list[Float[np.ndarray, "v 3"]]) -> None:
        """Look for glasses in some images of the person, RGB in [0, 1], each with the face in its pixels."""
        ...

    def prefetch_edits(self, coming: Sequence[FaceEdit]) -> None:
        """Edits that will be rendered next, in order, as `render` will get them: work may begin. Some may have been
        announced before."""
        ...

    def render(self, image: Float[np.ndarray, "h w 3"], edit: FaceEdit) -> Float[np.ndarray, "h w 3"]:
        """What to add to `image`, the region's RGB in [0, 1], so that it shows the edited face.

        `edit` is in pixels of the region. Zero outside the face.
        """
        ...

    def submit(
        self, image: Float[np.ndarray, "h w 3"], edit: FaceEdit
    ) -> Callable[[], Float[np.ndarray, "h w 3"]]:
        """`render` that may go on in another thread: the next frame may be started before what this one returns is
        asked for. To be asked in order."""
        ...
