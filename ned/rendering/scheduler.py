"""The painters of one segment of the video: faces that do not touch are painted side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from jaxtyping import Bool

from ned.edit.track_edit import TrackEdit
from ned.renderer import Renderer
from ned.rendering.painter import Box, Painter, Patch
from ned.video import Frame, Stills

CHROMA_PX = 4
"""Pixels that share a sample of chroma at most."""


class PaintScheduler:
    """Paints frames `start` to `stop` (excluded) in order; a painter works, and holds memory, only while its track
    lasts. Close it, or use `with`."""

    def __init__(
        self,
        edits: Sequence[tuple[TrackEdit, Bool[np.ndarray, "_"]]],
        make_renderer: Callable[[TrackEdit], Renderer],
        fetch: Stills | None,
        start: int,
        stop: int,
    ) -> None:
        """`edits`: with each the frames of its track in which anything is to be painted; `make_renderer` makes a fresh
        renderer; `fetch` as of `Painter`."""
        self._make_renderer, self._fetch = make_renderer, fetch
        self._edits = [
            (edit, changed) for edit, changed in edits if edit.track.frames[0] < stop and edit.track.frames[-1] >= start
        ]
        self._painters: dict[int, Painter] = {}

    def faces(self, index: int) -> Iterator[tuple[int, TrackEdit, int]]:
        """What is painted in frame `index`: number of the edit, the edit, the frame's position in its track."""
        for k, (edit, changed) in enumerate(self._edits):
            i = int(np.searchsorted(edit.track.frames, index))
            if i < len(changed) and edit.track.frames[i] == index and changed[i]:
                yield k, edit, i

    def paint(self, frame: Frame) -> Frame:
        """The frame with all edited faces."""
        return self.submit(frame)()

    def submit(self, frame: Frame) -> Callable[[], Frame]:
        """`paint` that may go on in other threads while the next frame is started; to be asked for in order."""
        for k in [k for k in self._painters if self._edits[k][0].track.frames[-1] < frame.index]:
            self._painters.pop(k).close()
        base, patches = frame, []
        for k, edit, i in self.faces(frame.index):
            if k not in self._painters:
                self._painters[k] = Painter(edit, self._make_renderer(edit), self._fetch)
            box = self._painters[k].region(base, i)
            if box is not None and any(_touch(box, patch.box) for patch in patches):
                base, patches = _put(patches, base), []  # painted onto the faces that it touches
            patches.append(self._painters[k].submit(base, i))
        return partial(_put, patches, base)

    def close(self) -> None:
        """Let go of all painters."""
        while self._painters:
            self._painters.popitem()[1].close()

    def __enter__(self) -> PaintScheduler:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _put(patches: Sequence[Patch], frame: Frame) -> Frame:
    for patch in patches:
        frame = patch.onto(frame)
    return frame


def _touch(a: Box, b: Box | None) -> bool:
    """Whether two regions share pixels, or blocks of subsampled chroma."""
    if b is None:
        return False
    return all(a[k] - CHROMA_PX < b[k + 2] and b[k] - CHROMA_PX < a[k + 2] for k in (0, 1))
