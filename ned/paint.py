"""One frame of the second pass: the rendered face goes into the picture, behind what stands before it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from ned.analysis.occlusion import HandOcclusion
from ned.plan import TrackEdit
from ned.renderer import Renderer
from ned.renderer.lips import LOWER, UPPER
from ned.renderer.mesh import OVAL
from ned.types import FaceEdit
from ned.video import Frame

_SMALLEST_PX = 8
_OVAL, _MOUTH = list(OVAL), [*UPPER[-1].tolist(), *LOWER[-1].tolist(), 94, 199]
"""Landmarks that a picture of the face, and of the mouth with some skin, is cut around."""


class Painter:
    """Paints the edit of one track, frame by frame in order."""

    def __init__(self, edit: TrackEdit, renderer: Renderer, fetch: Callable[[int], Frame | None] | None = None) -> None:
        """`fetch` gives any frame of the video by its index, or None: an open mouth is taken from there."""
        self.edit, self._renderer, self._fetch = edit, renderer, fetch
        self._hands: HandOcclusion | None = None
        self._eyes_shown = False

    def paint(self, frame: Frame, i: int) -> Frame:
        """`frame`, which is the track's frame `i`, with the edited face; all other pixels keep their bits."""
        face = self.edit.face_edit(i)
        box = self._renderer.region(face, (frame.height, frame.width))
        if box[2] - box[0] < _SMALLEST_PX or box[3] - box[1] < _SMALLEST_PX:  # the face is outside the picture
            return frame
        if self._fetch is not None:
            self._show_person(self._fetch, face)
        difference = self._renderer.render(frame.region_rgb(box), face.moved_to(box[:2]))
        if self._hands is None:
            self._hands = HandOcclusion()
        hands = self._hands(frame.rgb, self.edit.track.boxes[i])
        if hands is not None:
            difference *= 1.0 - hands[box[1] : box[3], box[0] : box[2], None]
        return frame.add_region(box, difference)

    def _show_person(self, fetch: Callable[[int], Frame | None], face: FaceEdit) -> None:
        """Show the renderer what it cannot know from one frame: the eyes at once, an open mouth when it is wanted."""
        track = self.edit.track
        if not self._eyes_shown:
            self._eyes_shown = True
            views = [_cut_out(fetch(int(track.frames[i])), track.landmarks[i], _OVAL) for i in self.edit.frontal(3)]
            views = [view for view in views if view is not None]
            if views:
                self._renderer.take_eyes(*map(list, zip(*views, strict=True)))
        if self._renderer.wants_mouth(face):
            self._fetch = None
            i = self.edit.open_mouth()
            view = None if i is None else _cut_out(fetch(int(track.frames[i])), track.landmarks[i], _MOUTH)
            if view is not None:
                self._renderer.take_mouth(*view)

    def close(self) -> None:
        """Let go of the models."""
        if self._hands is not None:
            self._hands.close()
            self._hands = None


def _cut_out(
    frame: Frame | None, landmarks: Float[np.ndarray, "v 3"], around: list[int]
) -> tuple[Float[np.ndarray, "h w 3"], Float[np.ndarray, "v 3"]] | None:
    """A square of the picture, RGB in [0, 1], around some landmarks, and the face in its pixels."""
    if frame is None:
        return None
    face = landmarks.astype(np.float32)
    points = face[around, :2]
    centre, half = points.mean(0), 0.6 * float(np.ptp(points, axis=0).max()) + _SMALLEST_PX
    x0, y0 = (int(v) for v in np.maximum(centre - half, 0))
    x1, y1 = (int(v) for v in np.minimum(centre + half, (frame.width, frame.height)))
    if x1 - x0 < _SMALLEST_PX or y1 - y0 < _SMALLEST_PX:
        return None
    return frame.region_rgb((x0, y0, x1, y1)), face - np.array([x0, y0, 0], np.float32)
