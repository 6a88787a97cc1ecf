"""The painters of one segment of the film."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from jaxtyping import Bool

from ned.edit.track_edit import TrackEdit
from ned.renderer import Renderer
from ned.rendering.painter import Painter
from ned.video import Frame, Stills


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
        painted: Callable[[], Frame] = lambda: frame  # noqa: E731
        for k, edit, i in self.faces(frame.index):
            if k not in self._painters:
                self._painters[k] = Painter(edit, self._make_renderer(edit), self._fetch)
            painted = self._painters[k].submit(painted(), i)  # a second face is painted onto the first
        return painted

    def close(self) -> None:
        """Let go of all painters."""
        while self._painters:
            self._painters.popitem()[1].close()

    def __enter__(self) -> PaintScheduler:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
