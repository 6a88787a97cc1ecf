"""What covers a face: parts of it that look unlike the same parts of the same person at other times.

The mesh gives every point of the face its place on a small map, whatever the pose. Over a track, each place has a
usual colour and a usual spread around it; what departs from these in one piece, after the light has been allowed
for, lies in front of the face: a microphone, a bar, a hand, hair, food. Nothing is learned but from the video itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from ned.analysis.skin_kernels import areas, departure, even_slope, place, unlikeness
from ned.analysis.store import RowStore, release
from ned.face_model import load_face_model
from ned.geometry.landmarks import NUM_SURFACE
from ned.geometry.rasterize import rasterize
from ned.types import SkinStatistics

SIDE = 64
"""Of the map; a cell is about 2.5 mm of the face."""
MOST_SAMPLES = 48
SAMPLE_EVERY = 4
"""Frames between two looks at first; later fewer, so that there are 24 to 48 in all."""
LEAST_SAMPLES = 6
"""With fewer looks at a person nobody knows what is usual."""
DARK = 16.0
"""Added before the logarithm, so that noise in the dark is no difference."""
LOGARITHMS = np.log(np.arange(256, dtype=np.float32) + np.float32(DARK))
"""Of each value of light with that."""
_LEAST_SPREAD = 0.06
_UNLIKE, _SURE = 4.5, 7.0
"""Departure in spreads from which on a place is covered if it hangs together with one that surely is."""
_LEAST_CELLS = 40
_LEAST_DEPARTURE = 0.22
"""In the logarithm of light, averaged over a covered part."""
_THIN = 3
"""Every third cell is enough to find the light."""
_REACH = 0.12
"""Of the face's width: how far an edit moves what surrounds the face."""
_GAP = 11
"""Cells; narrower gaps between covered places are covered too, for a thing may be of the skin's colour in parts."""
_MOST_SHARE = 0.6
"""If more of the face is unlike, the light or the face has changed as a whole."""
_LEAST_AREA = 0.35
"""Cells that turn away show less than this share of their area, and are not judged."""


@dataclass(frozen=True)
class _Map:
    flat: Float[np.ndarray, "vertices 2"]
    depth: Float[np.ndarray, "vertices"]
    triangles: np.ndarray
    filled: np.ndarray
    """The same with mouth and eyes."""
    skin: Bool[np.ndarray, "side side"]
    corners: Int[np.ndarray, "side side 3"]
    """The vertices that each cell lies between; the first is −1 where there are none."""
    shares: Float[np.ndarray, "side side 2"]
    """Of the second and the third of them."""


@lru_cache(maxsize=1)
def _map() -> _Map:
    model = load_face_model()
    low, high = model.mean[:NUM_SURFACE, :2].min(0), model.mean[:NUM_SURFACE, :2].max(0)
    flat = ((model.mean[:, :2] - low) / (high - low) * (SIDE - 1)).astype(np.float32)
    depth = model.mean[:, 2].astype(np.float32)
    fans = []
    for name in ("lips_inner", "eye_left", "eye_right"):
        loop = model.topology.loops[name]
        for a, b in zip(loop[1:-1], loop[2:], strict=True):
            fans += [(loop[0], a, b), (loop[0], b, a)]
    filled = np.concatenate([model.topology.triangles, np.array(fans, model.topology.triangles.dtype)])
    drawn = _draw(flat, depth, np.ones((len(flat), 1), np.float32), model.topology.triangles, (SIDE, SIDE))
    skin = cv2.erode(drawn[..., 0].astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0).astype(bool)
    # each triangle drawn with corners of its own, which tell how near a cell is to which
    own = np.zeros((len(filled), 3, 3), np.float32)
    own[:, 1, 0], own[:, 2, 1], own[..., 2] = 1.0, 1.0, np.arange(1, len(filled) + 1)[:, None]
    apart = np.arange(filled.size, dtype=np.int32).reshape(-1, 3)
    drawn = _draw(flat[filled.ravel()], depth[filled.ravel()], own.reshape(-1, 3), apart, (SIDE, SIDE))
    which = drawn[..., 2].astype(int) - 1
    corners = np.where(which[..., None] >= 0, filled[which], -1)
    return _Map(flat, depth, model.topology.triangles, filled, skin, corners, np.ascontiguousarray(drawn[..., :2]))


def _draw(at, depth, attributes, triangles, size: tuple[int, int]) -> np.ndarray:
    image = np.zeros((*size, attributes.shape[1]), np.float32)
    rasterize(at, depth, attributes, triangles, image, np.full(size, np.float32(1e9)))
    return image


def skin_sample(
    rgb: UInt8[np.ndarray, "h w 3"] | Float[np.ndarray, "h w 3"], points: Float[np.ndarray, "478 3"]
) -> UInt8[np.ndarray, "side side 4"]:
    """The face's colours on the map, and in the last channel 255 where it is seen well enough to be judged.

    `rgb` has values up to 255, or up to 1 in floats.
    """
    chart = _map()
    x0, y0 = np.maximum(np.floor(points[:NUM_SURFACE, :2].min(0)) - 2, 0).astype(int)
    x1, y1 = np.minimum(np.ceil(points[:NUM_SURFACE, :2].max(0)) + 3, rgb.shape[1::-1]).astype(int)
    if x1 - x0 < 8 or y1 - y0 < 8:
        return np.zeros((SIDE, SIDE, 4), np.uint8)
    part = rgb[y0:y1, x0:x1]
    shrink = max(1, round((x1 - x0) / (1.5 * SIDE)))
    if shrink > 1:
        part = cv2.resize(part, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
    if part.dtype != np.uint8:
        part = (part * 255.0 + 0.5).astype(np.uint8)
    scale = np.array(part.shape[1::-1]) / [x1 - x0, y1 - y0]
    local = ((points[:, :2] - [x0, y0] + 0.5) * scale - 0.5).astype(np.float32)
    where = np.empty((SIDE, SIDE, 2), np.float32)
    place(chart.corners, chart.shares, local, where)
    colours = cv2.remap(part, where[..., 0], where[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    area = areas(where)
    usual = float(np.median(area[chart.skin]))
    inside = (where[..., 0] >= 0) & (where[..., 1] >= 0)
    inside &= (where[..., 0] <= part.shape[1] - 1) & (where[..., 1] <= part.shape[0] - 1)
    good = chart.skin & inside & (area > _LEAST_AREA * usual)
    return np.dstack([colours, np.where(good, 255, 0).astype(np.uint8)])


@dataclass
class SkinSamples:
    """A bounded number of looks at one face, spread evenly over the time that it is seen."""

    kept: list[tuple[int, UInt8[np.ndarray, "side side 4"]]] = field(default_factory=list)
    """Frame and look."""
    stored: list[tuple[int, int]] = field(default_factory=list)
    """Frame, and row of the store that holds the look; earlier than those of `kept`."""
    every: int = SAMPLE_EVERY
    since: int = SAMPLE_EVERY
    """Frames from one look to the next, and since the last."""

    def offer(self, index: int, rgb: UInt8[np.ndarray, "h w 3"], points: Float[np.ndarray, "478 3"]) -> None:
        """Look at frame `index` if it is time to."""
        self.since += 1
        if self.since < self.every:
            return
        self.since = 0
        self.kept.append((index, skin_sample(rgb, points)))
        if len(self.kept) >= MOST_SAMPLES:
            self.kept = self.kept[::2]
            self.every *= 2

    def forget_from(self, index: int) -> None:
        """Take the looks at frames from `index` on back."""
        self.kept = [look for look in self.kept if look[0] < index]
        self.stored = [look for look in self.stored if look[0] < index]

    def put_away(self, store: SkinStore) -> None:
        """Have all looks in the store instead of in memory."""
        self.stored += [(index, store.append(look)) for index, look in self.kept]
        self.kept = []


class SkinStore(RowStore):
    """Looks at faces that are no longer followed."""

    shape, dtype = (SIDE, SIDE, 4), np.uint8


def spread_samples(samples: Sequence[SkinSamples], store: SkinStore) -> list[UInt8[np.ndarray, "side side 4"]]:
    """Of all looks, in memory and in the store, about `MOST_SAMPLES` that are spread evenly over them."""
    rows = store.rows()
    taken = [sample for one in samples for _, sample in (*one.stored, *one.kept)]
    found = [np.array(rows[k]) if isinstance(k, int) else k for k in taken[:: max(1, len(taken) // MOST_SAMPLES)]]
    release(rows)
    return found


def skin_statistics(samples: Sequence[UInt8[np.ndarray, "side side 4"]]) -> SkinStatistics | None:
    """From looks at one person in one shot; None where there are too few."""
    if len(samples) < LEAST_SAMPLES:
        return None
    stack = np.stack(samples)
    light, good = np.log(stack[..., :3].astype(np.float32) + DARK), stack[..., 3] > 0
    known = good.sum(0) >= LEAST_SAMPLES
    seen = np.where(good[..., None], light, np.float32(np.nan))
    seen[:, ~known] = 0.0
    middle = _median(seen)
    for i in range(len(seen)):
        seen[i] -= _light(seen[i] - middle, good[i] & known)
    middle = _median(seen)
    spread = 1.48 * _median(np.abs(seen - middle))
    spread = cv2.dilate(cv2.GaussianBlur(spread, (0, 0), 0.7), np.ones((3, 3)))
    return SkinStatistics(middle.astype(np.float16), np.maximum(spread, _LEAST_SPREAD).astype(np.float16), known)


class SkinOcclusion:
    """Called with looks at one person: 1 where something lies in front of the face, soft at its edges; None where
    nothing does."""

    def __init__(self, usual: SkinStatistics) -> None:
        self._known, self._least = usual.known, 0.2 * usual.known.sum()
        self._middle, self._spread = usual.middle.astype(np.float32), usual.spread.astype(np.float32)

    def __call__(self, sample: UInt8[np.ndarray, "side side 4"]) -> Float[np.ndarray, "side side"] | None:
        judged = self._known & (sample[..., 3] > 0)
        off = np.empty((SIDE, SIDE, 3), np.float32)
        count = departure(sample, LOGARITHMS, self._middle, judged, off)
        if not count or count < self._least:
            return None
        unlike, mean = np.empty((2, SIDE, SIDE), np.float32)
        unlikeness(off, _light(off, judged, self._spread), self._spread, judged, unlike, mean)
        unlike = _blurred(unlike, judged)
        if unlike.max() <= _SURE:
            return None
        parts = cv2.connectedComponentsWithStats((unlike > _UNLIKE).astype(np.uint8), connectivity=4)
        mask = np.zeros((SIDE, SIDE), np.float32)
        for k in range(1, parts[0]):
            part = parts[1] == k
            large = parts[2][k, cv2.CC_STAT_AREA] >= _LEAST_CELLS
            if large and unlike[part].max() > _SURE and mean[part].mean() > _LEAST_DEPARTURE:
                mask[part] = 1.0
        if not mask.any() or mask.sum() > _MOST_SHARE * count:
            return None
        return finished(mask, judged)


def finished(
    mask: Float[np.ndarray, "side side"], judged: Bool[np.ndarray, "side side"]
) -> Float[np.ndarray, "side side"]:
    """Covered cells in one piece, a little beyond them, softly edged."""
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((_GAP, _GAP)))
    # mouth, eyes and what is turned away go with what surrounds them
    mask = np.where(judged, mask, _blurred(mask, judged, 2.0) > 0.5).astype(np.float32)
    return cv2.GaussianBlur(cv2.dilate(mask, np.ones((7, 7))), (0, 0), 0.8)


def _median(values: Float[np.ndarray, "samples side side 3"]) -> Float[np.ndarray, "side side 3"]:
    """Over the samples, of those that are not NaN; at least one of them must be."""
    rows = np.sort(np.ascontiguousarray(np.moveaxis(values, 0, -1), np.float32), axis=-1)  # NaN comes last
    count = np.isfinite(rows).sum(-1, keepdims=True)
    low, high = (np.take_along_axis(rows, k, -1)[..., 0] for k in ((count - 1) // 2, count // 2))
    return 0.5 * (low + high)


def _blurred(values: np.ndarray, known: np.ndarray, sigma: float = 0.8) -> np.ndarray:
    weight = cv2.GaussianBlur(known.astype(np.float32), (0, 0), sigma)
    return cv2.GaussianBlur(np.where(known, values, 0).astype(np.float32), (0, 0), sigma) / np.maximum(weight, 1e-3)


def _light(
    off: Float[np.ndarray, "side side 3"], known: Bool[np.ndarray, "side side"], spread: np.ndarray | float = 0.1
) -> Float[np.ndarray, "side side 3"]:
    """The smooth part of a difference that lighting explains, an even slope of each colour, found in spite of what
    covers the face."""
    width = np.full_like(off, spread) if isinstance(spread, float) else spread
    return even_slope(off, known, width, _THIN)


def spread_over_frame(
    mask: Float[np.ndarray, "side side"], points: Float[np.ndarray, "vertices 3"], size: tuple[int, int]
) -> Float[np.ndarray, "h w"]:
    """A mask of the map drawn where the face lies in an image of `size` (height, width).

    It goes on a little way outside the face, where an edit still pulls at the image.
    """
    chart = _map()
    attributes = np.concatenate([chart.flat, np.ones((len(chart.flat), 1), np.float32)], axis=1)
    count = min(len(points), len(chart.flat))
    drawn = _draw(points[:count, :2], points[:count, 2], attributes[:count], chart.filled, size)
    inside = drawn[..., 2]
    out = cv2.remap(mask, drawn[..., 0], drawn[..., 1], cv2.INTER_LINEAR) * inside
    reach = 2 * int(_REACH * float(np.ptp(points[:count, 0]))) + 1
    beyond = cv2.dilate(out, np.ones((reach, reach), np.uint8), borderValue=0)
    return np.where(inside > 0, out, beyond)
