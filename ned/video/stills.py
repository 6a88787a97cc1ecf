"""Single frames of a video, by their index, remembered for a while."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

from ned.video.frame import Frame
from ned.video.read import frames_at


class Stills:
    """Frames of one video; the last few that were asked for are remembered. Threads may share it."""

    def __init__(self, path: str | Path, frame_rate: float, keep: int = 4) -> None:
        """`frame_rate` as of `frames_at`."""
        self._path, self._rate, self._keep = path, frame_rate, keep
        self._known: dict[int, Frame | None] = {}
        self._alone = threading.Lock()

    def __call__(self, index: int) -> Frame | None:
        """The frame of that index; None where the file gives none."""
        return self.together([index])[0]

    def together(self, indices: Iterable[int]) -> list[Frame | None]:
        """Several, in their order, read in one go."""
        indices = list(indices)
        with self._alone:
            missing = sorted({index for index in indices if index not in self._known})
            self._known |= dict.fromkeys(missing)
            self._known |= {frame.index: frame for frame in frames_at(self._path, missing, self._rate)}
            found = [self._known[index] for index in indices]
            for index in list(self._known)[: -self._keep]:
                del self._known[index]
        return found
