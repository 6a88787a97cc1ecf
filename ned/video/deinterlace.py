"""Interlaced images become whole ones: one for each pair of fields, at the pair's time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction

import av


class Deinterlacer:
    """ffmpeg's `bwdif` (edge-directed, looks one image back and ahead) on the images that are marked as
    interlaced; the others keep their samples. All images have one size and format."""

    def __init__(self, first: av.VideoFrame, time_base: Fraction) -> None:
        self._graph = av.filter.Graph()
        source = self._graph.add_buffer(
            width=first.width, height=first.height, format=first.format.name, time_base=time_base
        )
        work = self._graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
        sink = self._graph.add("buffersink")
        source.link_to(work)
        work.link_to(sink)
        self._graph.configure()
        self._source, self._sink, self._format = source, sink, first.format.name
        self._waiting: deque[tuple[int, int]] = deque()
        self._time_base = time_base

    def send(self, image: av.VideoFrame, index: int, pts: int) -> Iterator[tuple[av.VideoFrame, int, int]]:
        """Hand over the next image; those that are ready, each with its index and time."""
        self._waiting.append((index, pts))
        image.pts, image.time_base = pts, self._time_base
        self._source.push(image)
        yield from self._ready()

    def rest(self) -> Iterator[tuple[av.VideoFrame, int, int]]:
        """Those that are left at the end."""
        self._source.push(None)
        yield from self._ready()

    def _ready(self) -> Iterator[tuple[av.VideoFrame, int, int]]:
        while self._waiting:
            try:
                image = self._sink.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            yield image, *self._waiting.popleft()
