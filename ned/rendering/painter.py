"""One frame of the second pass: the rendered face goes into the image, behind what stands before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ned.analysis.features import HiddenFeatures
from ned.analysis.occlusion import HandOcclusion
from ned.analysis.skin import SkinOcclusion, skin_sample, spread_over_frame
from ned.composite.kernels import fade
from ned.edit.track_edit import TrackEdit
from ned.geometry.landmarks import LANDMARKS, MOUTH_SURROUNDINGS
from ned.renderer import Renderer
from ned.runtime.cores import PAINTING
from ned.runtime.lanes import help_with
from ned.types import NUM_LANDMARKS, FaceEdit
from ned.video import Frame, Stills

_SMALLEST_PX = 8
_OVAL = list(LANDMARKS.oval)
_MOUTH = [*LANDMARKS.upper_lip[-1].tolist(), *LANDMARKS.lower_lip[-1].tolist(), *MOUTH_SURROUNDINGS]
"""Landmarks that an image of the face, and of the mouth with some skin, is cut around."""
AHEAD = 1 + PAINTING
"""Frames that a renderer hears of: the one that it paints, and as many after it as can be worked on at once."""
_LINGER, _LEAST_OCCLUSION = 0.5, 0.1
"""What is left of an occlusion mask in the frame after it is gone, and the least that counts."""


Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Patch:
    """One painted face, about to be put into its frame."""

    box: Box | None = None
    """None: there is nothing to put."""
    difference: Callable[[], Float[np.ndarray, "h w 3"]] | None = None
    masks: Sequence[Float[np.ndarray, "h w"] | None] = ()

    def onto(self, frame: Frame) -> Frame:
        """The frame with what was painted, but for what is covered. Waits for the painter."""
        if self.box is None or self.difference is None:
            return frame
        painted = self.difference()
        for mask in self.masks:
            if mask is not None:
                fade(painted, mask)
        return frame.add_region(self.box, painted)


class Painter:
    """Paints the edit of one track, frame by frame in order."""

    def __init__(self, edit: TrackEdit, renderer: Renderer, fetch: Stills | None = None) -> None:
        """`fetch` gives any frame of the video by its index: eyes and an open mouth are taken from there."""
        self.edit, self._renderer, self._fetch = edit, renderer, fetch
        self._hands: Future[HandOcclusion] | None = None
        self._eyes_shown = False
        self._changed = np.flatnonzero(edit.changed())
        self._last = int(self._changed[-1]) if len(self._changed) else -1
        self._coming: dict[int, tuple[tuple[int, int, int, int], FaceEdit | None]] = {}
        self._occlusion: np.ndarray | None = None
        self._judges: tuple[SkinOcclusion, HiddenFeatures] | None = None

    def paint(self, frame: Frame, i: int) -> Frame:
        """`frame`, which is the track's frame `i`, with the edited face; all other pixels keep their bits."""
        return self.submit(frame, i).onto(frame)

    def region(self, frame: Frame, i: int) -> Box | None:
        """What `submit` may change of the frame; None where the face is outside it."""
        box, local = self._at(i, (frame.height, frame.width))
        return None if local is None else box

    def submit(self, frame: Frame, i: int) -> Patch:
        """Begin to paint the track's frame `i`, which may go on in another thread while the next is begun; the patches
        of a painter are to be asked for in order."""
        box, local = self._at(i, (frame.height, frame.width))
        if local is None:
            return Patch()
        if self._hands is None:  # made while frames are looked up
            self._hands = help_with(HandOcclusion)
        if self._fetch is not None:
            self._show_person(self._fetch, local)
        self._announce(i, (frame.height, frame.width))
        image = frame.region_rgb(box)
        difference = self._renderer.submit(image, local)
        masks = [self._occluded(image, local.source)]
        hands = self._hands.result()(frame.rgb, self.edit.track.boxes[i])
        masks.append(None if hands is None else hands[box[1] : box[3], box[0] : box[2]])
        if i == self._last:
            self.close()
        return Patch(box, difference, tuple(masks))

    def _at(self, i: int, size: tuple[int, int]) -> tuple[tuple[int, int, int, int], FaceEdit | None]:
        """The region that the edit of the track's frame `i` may change, and the edit in its pixels; None where the face
        is outside a frame of `size` (height, width). The same objects again for the same `i`, until it is past."""
        if i not in self._coming:
            face = self.edit.face_edit(i)
            box = self._renderer.region(face, size)
            inside = min(box[2] - box[0], box[3] - box[1]) >= _SMALLEST_PX
            self._coming[i] = box, face.moved_to(box[:2]) if inside else None
        return self._coming[i]

    def _announce(self, i: int, size: tuple[int, int]) -> None:
        """Tell the renderer what comes, and forget what is past."""
        self._coming = {k: known for k, known in self._coming.items() if k >= i}
        soon = self._changed[np.searchsorted(self._changed, i) :][:AHEAD]
        coming = [self._at(int(k), size)[1] for k in soon]
        self._renderer.prefetch_edits([edit for edit in coming if edit is not None])

    def _show_person(self, fetch: Stills, face: FaceEdit) -> None:
        """Show the renderer what it cannot know from one frame: the eyes at once, an open mouth when it is wanted."""
        track = self.edit.track
        if not self._eyes_shown:
            self._eyes_shown = True
            mouth, eyes = self.edit.open_mouth(), self.edit.frontal(3)
            frames = fetch.together(int(track.frames[i]) for i in [*eyes, *([] if mouth is None else [mouth])])
            views = [_cut_out(frame, track.landmarks[i], _OVAL) for frame, i in zip(frames, eyes, strict=False)]
            views = [view for view in views if view is not None]
            if views:
                self._renderer.detect_glasses(*map(list, zip(*views, strict=True)))
        if self._renderer.wants_mouth(face):
            self._fetch = None
            i = self.edit.open_mouth()
            view = None if i is None else _cut_out(fetch(int(track.frames[i])), track.landmarks[i], _MOUTH)
            if view is not None:
                self._renderer.take_mouth(*view)

    def _occluded(
        self, image: Float[np.ndarray, "h w 3"], points: Float[np.ndarray, "vertices 3"]
    ) -> Float[np.ndarray, "h w"] | None:
        """1 where something lies in front of the face; what was covered a moment ago still is in part."""
        if self.edit.track.skin is None:
            return None
        sample = skin_sample(image, points[:NUM_LANDMARKS])
        if self._judges is None:
            self._judges = SkinOcclusion(self.edit.track.skin), HiddenFeatures(self.edit.track.skin)
        found = [mask for judge in self._judges if (mask := judge(sample)) is not None]
        now = np.maximum.reduce(found) if found else None
        before = None if self._occlusion is None else _LINGER * self._occlusion
        self._occlusion = before if now is None else now if before is None else np.maximum(now, before)
        if self._occlusion is not None and self._occlusion.max() < _LEAST_OCCLUSION:
            self._occlusion = None
        return None if self._occlusion is None else spread_over_frame(self._occlusion, points, image.shape[:2])

    def close(self) -> None:
        """Let go of the models."""
        if self._hands is not None:
            self._hands.result().close()
            self._hands = None


def _cut_out(
    frame: Frame | None, landmarks: Float[np.ndarray, "v 3"], around: list[int]
) -> tuple[Float[np.ndarray, "h w 3"], Float[np.ndarray, "v 3"]] | None:
    """A square of the image, RGB in [0, 1], around some landmarks, and the face in its pixels."""
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
