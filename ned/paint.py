"""One frame of the second pass: the rendered face goes into the picture, behind what stands before it."""

from __future__ import annotations

from ned.analysis.occlusion import HandOcclusion
from ned.plan import TrackEdit
from ned.renderer import Renderer
from ned.video import Frame

_SMALLEST_PX = 8


class Painter:
    """Paints the edit of one track, frame by frame in order."""

    def __init__(self, edit: TrackEdit, renderer: Renderer) -> None:
        self.edit, self._renderer = edit, renderer
        self._hands: HandOcclusion | None = None

    def paint(self, frame: Frame, i: int) -> Frame:
        """`frame`, which is the track's frame `i`, with the edited face; all other pixels keep their bits."""
        face = self.edit.face_edit(i)
        box = self._renderer.region(face, (frame.height, frame.width))
        if box[2] - box[0] < _SMALLEST_PX or box[3] - box[1] < _SMALLEST_PX:  # the face is outside the picture
            return frame
        difference = self._renderer.render(frame.region_rgb(box), face.moved_to(box[:2]))
        if self._hands is None:
            self._hands = HandOcclusion()
        hands = self._hands(frame.rgb, self.edit.track.boxes[i])
        if hands is not None:
            difference *= 1.0 - hands[box[1] : box[3], box[0] : box[2], None]
        return frame.add_region(box, difference)

    def close(self) -> None:
        """Let go of the models."""
        if self._hands is not None:
            self._hands.close()
            self._hands = None
