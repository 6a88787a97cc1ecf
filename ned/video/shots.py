"""Shots: cuts, where one image has nothing to do with the one before, and dissolves."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from ned.types import Shot
from ned.video.dissolves import DissolveDetector, DissolveState

_SIDE = 48
_HISTORY = 12
_MIN_SCORE = 0.10
_MIN_RATIO = 3.0
_MIN_JUMP = 1.5
_CERTAIN = 0.4
SLACK = 3
"""Frames before a dissolve in which a cut is its beginning."""
_SAME_SCENE = 0.9
"""Correlation of two thumbnails that differ by their light, as before and in a flash; those of a cut have less."""
_BLACK, _LEAST_INSIDE = 0.03, 0.05


@dataclass(frozen=True)
class Transition:
    """Images [start, stop) show two shots at once; none of them where it is a cut. Counted from the first image."""

    start: int
    stop: int


@dataclass(frozen=True)
class ShotState:
    """What a `ShotDetector` remembers."""

    previous: tuple[Float[np.ndarray, "side side"], Float[np.ndarray, "bins"]] | None
    scores: deque[float]
    score: float
    count: int
    """Images seen."""
    dissolves: DissolveState


class ShotDetector:
    """Tells cuts and dissolves while frames stream by. It keeps thumbnails of 2.5 s and a dozen numbers."""

    def __init__(self) -> None:
        self._previous: tuple[np.ndarray, np.ndarray] | None = None
        self._scores: deque[float] = deque(maxlen=_HISTORY)
        self._dissolves = DissolveDetector()
        self._count = 0
        self.score = 0.0
        """How different the last frame was from the one before, 0 to 1."""

    def state(self) -> ShotState:
        """A copy of what is remembered."""
        return ShotState(self._previous, self._scores.copy(), self.score, self._count, self._dissolves.state())

    def restore(self, state: ShotState) -> None:
        """Go on from a state."""
        self._previous, self._scores, self.score = state.previous, state.scores.copy(), state.score
        self._count = state.count
        self._dissolves.restore(state.dissolves)

    def update(self, rgb: UInt8[np.ndarray, "h w 3"]) -> Transition | None:
        """Whether this image (any size, always the same one; a thumbnail will do) begins a new shot, or ends a
        dissolve; that is known a few images after its end, and takes the place of cuts that were told inside it.

        The first image begins none. A cut is a change that is large in place (mean difference of the
        thumbnails, free of brightness), large in its colours (histogram), and stands out of the last changes, so
        that a shaking camera makes few; or that is so large that nothing else explains it.
        """
        current = _descriptor(rgb)
        previous, self._previous = self._previous, current
        self._count += 1
        dissolve = self._dissolves.update(current[0])
        if previous is None:
            return None
        self.score = _difference(previous, current)
        usual = float(np.median(self._scores)) if self._scores else 0.0
        just_before = max(list(self._scores)[-3:], default=0.0)
        stands_out = self.score > max(_MIN_SCORE, _MIN_RATIO * usual, _MIN_JUMP * just_before)
        self._scores.append(self.score)
        if stands_out or self.score > _CERTAIN:
            return Transition(self._count - 1, self._count - 1)
        if dissolve is not None:
            start = self._count - 1 - dissolve[0]
            return Transition(start, start + dissolve[1])
        return None


def shots_between(transitions: Iterable[Transition], first: int, stop: int) -> tuple[Shot, ...]:
    """The shots of images [first, stop); a dissolve is split in its middle. Empty where there is no image."""
    starts = [first]
    for change in transitions:
        starts = [start for start in starts if start < change.start - SLACK or start == first]
        middle = (change.start + change.stop + 1) // 2
        if middle > starts[-1]:
            starts.append(middle)
    return tuple(Shot(a, b) for a, b in zip(starts, [*starts[1:], stop], strict=True)) if stop > first else ()


def find_shots(images: Iterable[UInt8[np.ndarray, "h w 3"]]) -> tuple[Shot, ...]:
    """The shots of a whole sequence of images; empty where there is none."""
    detector = ShotDetector()
    changes = [detector.update(rgb) for rgb in images]
    return shots_between([change for change in changes if change is not None], 0, len(changes))


def _descriptor(rgb: UInt8[np.ndarray, "h w 3"]) -> tuple[Float[np.ndarray, "side side"], Float[np.ndarray, bins]]:
    """A grey thumbnail in [0, 1] and a colour histogram that sums to 1."""
    step = max(1, min(rgb.shape[:2]) // (2 * _SIDE))
    small = cv2.resize(np.ascontiguousarray(rgb[::step, ::step]), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    bins = (small >> 5).astype(np.int32).reshape(-1, 3) @ np.array([64, 8, 1])
    histogram = np.bincount(bins, minlength=512).astype(np.float32) / _SIDE**2
    # Neighbouring bins share, so that a slight change of light moves little.
    cube = histogram.reshape(8, 8, 8)
    for axis in range(3):
        cube = (np.roll(cube, 1, axis) + 2 * cube + np.roll(cube, -1, axis)) / 4
    return grey, cube.ravel()


def _difference(a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]) -> float:
    """Geometric mean of the structural and the colour difference, each 0 to 1; 0 where only the light has changed.

    What is black in both images, as the bars around a small one, counts neither way.
    """
    inside = np.maximum(a[0], b[0]) > _BLACK
    share = float(inside.mean())
    if share < _LEAST_INSIDE or _correlation(a[0][inside], b[0][inside]) > _SAME_SCENE:
        return 0.0
    moved = b[0][inside] - a[0][inside]
    structure = min(1.0, 2 * float(np.abs(moved - np.median(moved)).mean()))
    colours = 0.5 * float(np.abs(a[1] - b[1]).sum()) / share
    return float(np.sqrt(structure * min(1.0, colours)))


def _correlation(a: Float[np.ndarray, "pixels"], b: Float[np.ndarray, "pixels"]) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 1e-6 else 0.0
