"""One frame of the second pass: the rendered face goes into the picture, behind what stands before it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ned.analysis.occlusion import HandOcclusion
from ned.plan import TrackEdit
from ned.renderer import Renderer
from ned.renderer.layers import MOUTH
from ned.video import Frame

_SMALLEST_PX = 8


class Painter:
    """Paints the edit of one track, frame by frame in order."""

    def __init__(self, edit: TrackEdit, renderer: Renderer, fetch: Callable[[int], Frame | None] | None = None) -> None:
        """`fetch` gives any frame of the video by its index, or None: an open mouth is taken from there."""
        self.edit, self._renderer, self._fetch = edit, renderer, fetch
        self._hands: HandOcclusion | None = None

    def paint(self, frame: Frame, i: int) -> Frame:
        """`frame`, which is the track's frame `i`, with the edited face; all other pixels keep their bits."""
        face = self.edit.face_edit(i)
        box = self._renderer.region(face, (frame.height, frame.width))
        if box[2] - box[0] < _SMALLEST_PX or box[3] - box[1] < _SMALLEST_PX:  # the face is outside the picture
            return frame
        if self._fetch is not None and self._renderer.wants_mouth(face):
            self._show_mouth(self._fetch)
            self._fetch = None
        difference = self._renderer.render(frame.region_rgb(box), face.moved_to(box[:2]))
        if self._hands is None:
            self._hands = HandOcclusion()
        hands = self._hands(frame.rgb, self.edit.track.boxes[i])
        if hands is not None:
            difference *= 1.0 - hands[box[1] : box[3], box[0] : box[2], None]
        return frame.add_region(box, difference)

    def _show_mouth(self, fetch: Callable[[int], Frame | None]) -> None:
        """Show the renderer the track's most open mouth, if there is one."""
        i = self.edit.open_mouth()
        frame = None if i is None else fetch(int(self.edit.track.frames[i]))
        if frame is None:
            return
        face = self.edit.track.landmarks[i].astype(np.float32)
        mouth = face[list(MOUTH.upper + MOUTH.lower), :2]
        centre, half = mouth.mean(0), 1.2 * float(np.ptp(mouth[:, 0])) + _SMALLEST_PX
        x0, y0 = (int(v) for v in np.maximum(centre - half, 0))
        x1, y1 = (int(v) for v in np.minimum(centre + half, (frame.width, frame.height)))
        if x1 - x0 >= _SMALLEST_PX and y1 - y0 >= _SMALLEST_PX:
            self._renderer.take_mouth(frame.region_rgb((x0, y0, x1, y1)), face - np.array([x0, y0, 0], np.float32))

    def close(self) -> None:
        """Let go of the models."""
        if self._hands is not None:
            self._hands.close()
            self._hands = None
