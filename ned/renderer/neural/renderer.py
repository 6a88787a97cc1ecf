"""Renderer `neural`: the warp's image, finished by a network where pixels of one frame are not enough.

The network sees the warped face in an aligned crop, beside other frames of the actor bent to the same geometry. What it
changes is added to the warp's image at the video's own resolution, so detail finer than the crop's pixels stays the
source's; where the edit moves nothing, nothing is added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float

from ned.composite.resample import finish_added
from ned.face_model import FaceModel
from ned.renderer.neural.conditioning import MASK, MOUTH, Conditioner
from ned.renderer.neural.crops import align, cut, paste_back, to_crop
from ned.renderer.neural.inference import FaceNetwork
from ned.renderer.neural.inputs import part_mask, part_of_crop, seen_images, shown_geometry
from ned.renderer.neural.memory import MEMORY_KINDS, Memory, Window, face_window, warp_views
from ned.renderer.warp import layers
from ned.renderer.warp.donor import lacking
from ned.renderer.warp.renderer import WarpRenderer, middle_of_face
from ned.renderer.warp.sharpness import SharpnessControl, luminance, rounded, sharpness, smoothed
from ned.runtime.lanes import Lane, help_with
from ned.types import FaceEdit

STILL, MOVED = 0.0005, 0.006
"""Displacement of a pixel, in crop sizes, up to which the network has no say, and from which it has its full say."""
RIM = 0.006
"""Softness, in crop sizes, of the rim of a mouth that is open about as far already: between such lips the network has
no say, since what is seen there is true."""
STRANGE, FOREIGN = 0.14, 0.22
"""Change of the skin (mean of RGB, smoothed by `NEAR`) up to which it is the network's to make, and from which
something stands before the face that the network would paint away. On faces that nothing covers it is .13 at most in
all but single frames; a microphone before the chin makes it .2 to .35."""
NEAR, AROUND = 0.015, 0.06
"""In crop sizes: that smoothing, and how far around it the network is not believed either."""
LEAST_SHARE = 0.05
"""Of the network in a face, from which it is asked how sharp its image is."""
SOFTNESS = 0.03
"""Standard deviation of the edge between what is the network's and what is not, in crop sizes."""


@dataclass(frozen=True)
class Painting:
    """A trained network and what it knows of the actor."""

    network: FaceNetwork
    memory: Memory
    size: int
    strength: float = 1.0
    """How much of what the network changes is taken, 0 to 1: below 1 where it was fitted to little footage, and no
    other network of its kind is there to lean on."""


@dataclass(frozen=True)
class _Geometry:
    """All that can be said of an edit before its frame is there: faces in the crop, and what the network sees."""

    matrix: Float[np.ndarray, "2 3"]
    source: Float[np.ndarray, "v 3"]
    target: Float[np.ndarray, "v 3"]
    known: list[tuple[Float[np.ndarray, "h w 3"], Float[np.ndarray, "h w 2"]]]
    """The memory, bent to the target."""
    condition: Float[np.ndarray, "12 h w"]


class NeuralRenderer:
    """See `ned.renderer.protocol.Renderer`. Without a memory of the person it is the warp renderer."""

    def __init__(self, warp: WarpRenderer, model: FaceModel, painting: Painting) -> None:
        self._warp, self._painting = warp, painting
        self._conditioner = Conditioner(model, painting.size)
        self._window = face_window(painting.size)
        self._state: Any = None
        self._sharpness = SharpnessControl()
        self._lane = Lane()
        self._prefetched: list[tuple[FaceEdit, Future[_Geometry]]] = []
        self.region, self.wants_mouth = warp.region, warp.wants_mouth
        self.take_mouth, self.detect_glasses = warp.take_mouth, warp.detect_glasses

    def prefetch_edits(self, coming: Sequence[FaceEdit]) -> None:
        """See `Renderer.prefetch_edits`: what depends on no frame is made by other threads meanwhile."""
        known = [edit for edit, _ in self._prefetched]
        for edit in coming:
            if not any(edit is one for one in known):
                self._prefetched.append((edit, help_with(self._look_at, edit)))

    def render(self, image: Float[np.ndarray, "h w 3"], edit: FaceEdit) -> Float[np.ndarray, "h w 3"]:
        """See `Renderer.render`."""
        return self.submit(image, edit)()

    def submit(
        self, image: Float[np.ndarray, "h w 3"], edit: FaceEdit
    ) -> Callable[[], Float[np.ndarray, "h w 3"]]:
        """See `Renderer.submit`: what follows the warp is done in a lane of its own, frame by frame."""
        difference = self._warp.render(image, edit)
        return self._lane.submit(self._paint, image, difference, edit, self._geometry(edit)).result

    def _paint(
        self,
        image: Float[np.ndarray, "h w 3"],
        difference: Float[np.ndarray, "h w 3"],
        edit: FaceEdit,
        geometry: Callable[[], _Geometry],
    ) -> Float[np.ndarray, "h w 3"]:
        """The warp's difference and the network's together."""
        shown, warped = geometry(), image + difference
        bent = cut(np.clip(warped, 0.0, 1.0), shown.matrix, self._painting.size)
        finished, share = self._finish(bent, shown)
        share *= self._painting.strength
        added = np.concatenate([share[..., None] * (finished - bent), share[..., None]], axis=2)
        added = paste_back(added, shown.matrix, image.shape[:2])
        self._measure(warped, added, edit)
        finish_added(warped, added, self._sharpness.next(), difference)
        return difference

    def _measure(
        self, warped: Float[np.ndarray, "h w 3"], added: Float[np.ndarray, "h w 4"], edit: FaceEdit
    ) -> None:
        """Now and then, how far the network's result is to be sharpened where it has its share: to the sharpness of the
        warp's image, which is the source's. `added`: its change, and its share."""
        face = middle_of_face(edit.target[:, :2], warped.shape[:2])
        if not self._sharpness.due or added[face][..., 3].mean() <= LEAST_SHARE:
            return
        wider = tuple(slice(max(s.start - 1, 0), s.stop + 1) for s in face)
        inner = tuple(slice(s.start - w.start, s.stop - w.start) for s, w in zip(face, wider, strict=True))
        finished = warped[wider] + added[wider][..., :3]
        fine = (added[wider][..., 3:] * (finished - smoothed(finished)))[inner]
        parts = warped[face], finished[inner], fine
        wanted, plain, finer = (luminance(np.ascontiguousarray(part)) for part in parts)
        self._sharpness.measure(rounded(sharpness(wanted)), plain, finer)

    def _look_at(self, edit: FaceEdit) -> _Geometry:
        memory, matrix = self._painting.memory, align(edit.source, self._painting.size)
        source, target = (to_crop(face, matrix) for face in (edit.source, edit.target))
        known = warp_views([memory.views(target, kind) for kind in MEMORY_KINDS], target, self._window)
        condition = shown_geometry(target, edit.expression, self._conditioner, self._window, own=True)
        return _Geometry(matrix, source, target, known, condition)

    def _geometry(self, edit: FaceEdit) -> Callable[[], _Geometry]:
        """Gives what was foreseen of an edit; of those before it nothing is wanted any more."""
        for k, (one, waiting) in enumerate(self._prefetched):
            if one is edit:
                del self._prefetched[: k + 1]
                return waiting.result
        return partial(self._look_at, edit)

    def _finish(
        self, bent: Float[np.ndarray, "s s 3"], geometry: _Geometry
    ) -> tuple[Float[np.ndarray, "s s 3"], Float[np.ndarray, "s s"]]:
        """The network's image of the crop, and how much of it is wanted where."""
        size, window, mask = self._painting.size, self._window, geometry.condition[MASK]
        ((_, displacement),) = warp_views([[(bent, geometry.source, 1.0)]], geometry.target, window)
        # the warp renderer's image of the frame is better than the plain mesh's
        seen = seen_images([(part_of_crop(bent, window), displacement), *geometry.known])
        image, self._state = self._painting.network(seen, geometry.condition, self._state)
        finished, share = bent.copy(), np.zeros((size, size), np.float32)
        part_of_crop(finished, window)[:] = image
        moved = np.clip((np.linalg.norm(displacement, axis=2) - STILL) / (MOVED - STILL), 0.0, 1.0) * mask
        softened = cv2.GaussianBlur(moved.astype(np.float32), (0, 0), SOFTNESS * size)
        before, after = (layers.opening(layers.MOUTH, face) for face in (geometry.source, geometry.target))
        mouth = cv2.GaussianBlur(geometry.condition[MOUTH], (0, 0), RIM * size)
        shown = mouth * np.float32(1.0 - lacking(before, after))
        part_of_crop(share, window)[:] = softened * mask * _ramp(window) * (1 - shown)
        return finished, share * (1 - self._foreign(finished - bent, share, geometry))

    def _foreign(
        self, change: Float[np.ndarray, "s s 3"], share: Float[np.ndarray, "s s"], geometry: _Geometry
    ) -> Float[np.ndarray, "s s"]:
        """1 where something before the face, which the memory has not seen, would be painted away."""
        size = len(change)
        strange = cv2.GaussianBlur(np.abs(change).mean(2) * share, (0, 0), NEAR * size)
        if strange.max() > STRANGE:  # teeth and lids may change as they like
            strange *= 1 - part_mask(geometry.target, size, size)
        if strange.max() <= STRANGE:
            return np.zeros_like(share)
        foreign = np.clip((strange - STRANGE) / (FOREIGN - STRANGE), 0.0, 1.0)
        reach = 2 * round(AROUND * size) + 1
        foreign = cv2.dilate(foreign, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
        return cv2.GaussianBlur(foreign, (0, 0), NEAR * size)


@lru_cache(maxsize=4)
def _ramp(window: Window) -> Float[np.ndarray, "h w"]:
    """0 at the edges of a window, 1 inside."""
    rows, columns = (np.minimum(np.arange(n), np.arange(n)[::-1]) / (0.04 * window[2]) for n in window[:1:-1])
    return np.minimum(np.minimum(rows[:, None], columns), 1.0).astype(np.float32)
