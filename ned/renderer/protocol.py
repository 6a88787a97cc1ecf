"""The contract of a face renderer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from ned.types import FaceEdit


@runtime_checkable
class Renderer(Protocol):
    """Paints one person of one shot, frame by frame in order; may keep state between frames."""

    def region(self, edit: FaceEdit, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Box (x0, y0, x1, y1) of whole pixels, inside a frame of `size` (height, width), that may change."""
        ...

    def wants_mouth(self, edit: FaceEdit) -> bool:
        """Whether `edit` opens the mouth so far that a picture of the person's open mouth would help."""
        ...

    def take_mouth(self, picture: Float[np.ndarray, "h w 3"], face: Float[np.ndarray, "vertices 3"]) -> None:
        """Remember `picture`, RGB in [0, 1] around an open mouth of the person, and the face in its pixels."""
        ...

    def take_eyes(self, pictures: list[Float[np.ndarray, "_ _ 3"]], faces: list[Float[np.ndarray, "v 3"]]) -> None:
        """Look for glasses in some pictures of the person, RGB in [0, 1], each with the face in its pixels."""
        ...

    def foresee(self, coming: Sequence[FaceEdit]) -> None:
        """Edits that will be rendered next, in order, as `render` will get them: work may begin. Some may have been
        announced before."""
        ...

    def render(self, picture: Float[np.ndarray, "h w 3"], edit: FaceEdit) -> Float[np.ndarray, "h w 3"]:
        """What to add to `picture`, the region's RGB in [0, 1], so that it shows the edited face.

        `edit` is in pixels of the region. Zero outside the face.
        """
        ...

    def start(
        self, picture: Float[np.ndarray, "h w 3"], edit: FaceEdit
    ) -> Callable[[], Float[np.ndarray, "h w 3"]]:
        """`render` that may go on in another thread: the next frame may be started before what this one returns is
        asked for. To be asked in order."""
        ...
