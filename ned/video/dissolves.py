"""Dissolves and fades: where one image slowly becomes another.

While a dissolve lasts, every image lies on the straight line between the one before it and the one after it, and
moves along that line; a camera or a person in motion leaves the line at once. So it takes thumbnails and one test
over windows of a few lengths, once the way along the line has ended: no second look at the video.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

WINDOWS = (8, 11, 15, 20, 27, 36, 48, 64)
"""Frames from before the start of a dissolve to after its end."""
_REST = 2
"""Frames at both ends of the window in which nothing goes along the line, so that all of the dissolve lies between."""
_LEAST_CHANGE = 0.06
"""Mean difference in grey levels, of 1, between the two images."""
_RESTING_SHARE = 0.35
"""The way that still counts as rest, as a share of what a steady dissolve over the window makes in that time."""
_LIKE = 0.55
"""Correlation of the two images, seen coarsely, from which on they show the same in another light. Over 20 changes of
light with people in motion it was .63 or more, over 20 dissolves .42 or less in all but one."""
_COARSE = 4
_OFF_LINE = 0.27
"""Mean distance from the line, as a share of its length, in which a dissolve with people in motion stays."""
_LARGEST_STEP = 0.5
"""Share of the way that one frame may make; a cut makes all of it."""
_BACKWARDS = 0.06
_BEGUN, _DONE = 0.07, 0.93


@dataclass(frozen=True)
class DissolveState:
    """What a `DissolveDetector` remembers."""

    ring: Float[np.ndarray, "kept pixels"] | None
    count: int


class DissolveDetector:
    """Tells dissolves a few frames after their end, while thumbnails stream by. It keeps 65 of them."""

    def __init__(self) -> None:
        self._ring: np.ndarray | None = None
        self._count = 0

    def state(self) -> DissolveState:
        """A copy of what is remembered."""
        return DissolveState(None if self._ring is None else self._ring.copy(), self._count)

    def restore(self, state: DissolveState) -> None:
        """Go on from a state."""
        self._ring, self._count = None if state.ring is None else state.ring.copy(), state.count

    def forget(self) -> None:
        """A new shot has begun: nothing before it takes part in a dissolve."""
        self._count = 0

    def update(self, grey: Float[np.ndarray, "side side"]) -> tuple[int, int] | None:
        """`(age, length)` where a dissolve has just ended: its first mixed image came `age` images ago, and
        `length` images are mixed. `grey` in [0, 1]."""
        size = WINDOWS[-1] + 1
        if self._ring is None:
            self._ring = np.zeros((size, grey.size), np.float32)
        self._ring[self._count % size] = grey.ravel()
        self._count += 1
        lengths = [length for length in WINDOWS if length < self._count]
        if not lengths:
            return None
        last = self._ring[(self._count - 1) % size]
        firsts = self._ring[(self._count - 1 - np.array(lengths)) % size]
        changes = np.abs(firsts - last).mean(1)
        for length, first, change in zip(lengths, firsts, changes, strict=True):
            if change < _LEAST_CHANGE or _alike(first, last):
                continue
            found = self._on_a_line(length)
            if found is not None:
                self.forget()
                return found
        return None

    def _on_a_line(self, length: int) -> tuple[int, int] | None:
        between = self._ring[np.arange(self._count - 1 - length, self._count) % len(self._ring)]
        way = between[-1] - between[0]
        gone = (between - between[0]) @ way / float(way @ way)
        steps = np.diff(gone)
        rest = max(abs(float(gone[-1] - gone[-1 - _REST])), abs(float(gone[_REST])))
        if steps.max() > _LARGEST_STEP or steps.min() < -_BACKWARDS or rest > _RESTING_SHARE * _REST / length:
            return None
        mixed = np.flatnonzero((gone > _BEGUN) & (gone < _DONE))
        if len(mixed) < 3 or len(mixed) != mixed[-1] - mixed[0] + 1:
            return None
        off = between[mixed] - between[0] - gone[mixed, None] * way
        if float(np.abs(off).mean()) > _OFF_LINE * float(np.abs(way).mean()):
            return None
        return length - int(mixed[0]), len(mixed)


def _alike(a: Float[np.ndarray, "pixels"], b: Float[np.ndarray, "pixels"]) -> bool:
    side = int(np.sqrt(a.size)) // _COARSE
    a, b = (x.reshape(side, _COARSE, side, _COARSE).mean((1, 3)).ravel() for x in (a, b))
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return size > 1e-6 and float(a @ b) / size > _LIKE
