"""Cuts: where one picture has nothing to do with the one before."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from ned.types import Shot

_SIDE = 48
_HISTORY = 12
_MIN_SCORE = 0.10
_MIN_RATIO = 3.0
_MIN_JUMP = 1.5
_CERTAIN = 0.4


@dataclass(frozen=True)
class ShotState:
    """What a `ShotDetector` remembers."""

    previous: tuple[Float[np.ndarray, "side side"], Float[np.ndarray, "bins"]] | None
    scores: deque[float]
    score: float


class ShotDetector:
    """Tells cuts while frames stream by. It keeps one thumbnail and a dozen numbers."""

    def __init__(self) -> None:
        self._previous: tuple[np.ndarray, np.ndarray] | None = None
        self._scores: deque[float] = deque(maxlen=_HISTORY)
        self.score = 0.0
        """How different the last frame was from the one before, 0 to 1."""

    def state(self) -> ShotState:
        """A copy of what is remembered."""
        return ShotState(self._previous, self._scores.copy(), self.score)

    def restore(self, state: ShotState) -> None:
        """Go on from a state."""
        self._previous, self._scores, self.score = state.previous, state.scores.copy(), state.score

    def update(self, rgb: UInt8[np.ndarray, "h w 3"]) -> bool:
        """Whether this picture (any size, always the same one; a thumbnail will do) begins a new shot.

        The first picture begins none. A cut is a change that is large in place (mean difference of the
        thumbnails, free of brightness), large in its colours (histogram), and stands out of the last changes, so
        that a shaking camera makes few; or that is so large that nothing else explains it.
        """
        current = _look(rgb)
        previous, self._previous = self._previous, current
        if previous is None:
            return False
        self.score = _difference(previous, current)
        usual = float(np.median(self._scores)) if self._scores else 0.0
        just_before = max(list(self._scores)[-3:], default=0.0)
        stands_out = self.score > max(_MIN_SCORE, _MIN_RATIO * usual, _MIN_JUMP * just_before)
        self._scores.append(self.score)
        return stands_out or self.score > _CERTAIN


def find_shots(pictures: Iterable[UInt8[np.ndarray, "h w 3"]]) -> tuple[Shot, ...]:
    """The shots of a whole sequence of pictures; empty where there is none."""
    detector, starts, count = ShotDetector(), [0], 0
    for count, rgb in enumerate(pictures, 1):
        if detector.update(rgb):
            starts.append(count - 1)
    stops = [*starts[1:], count]
    return tuple(Shot(a, b) for a, b in zip(starts, stops, strict=True)) if count else ()


def _look(rgb: UInt8[np.ndarray, "h w 3"]) -> tuple[Float[np.ndarray, "side side"], Float[np.ndarray, bins]]:
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
    """Geometric mean of the structural and the colour difference, each 0 to 1."""
    moved = b[0] - a[0]
    structure = min(1.0, 2 * float(np.abs(moved - np.median(moved)).mean()))
    colours = 0.5 * float(np.abs(a[1] - b[1]).sum())
    return float(np.sqrt(structure * colours))
