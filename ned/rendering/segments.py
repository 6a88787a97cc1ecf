"""The videos of one run, written segment by segment into its work folder."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import Int

from ned.types import VideoInfo
from ned.video import Frame
from ned.video.read import Position
from ned.video.segments import Encoding, Segment, SegmentWriter, assemble, finished_segments

VIDEO, COMPARE, MATTE = "video", "compare", "matte"


def segment_starts(first: int, num_frames: int, frame_rate: Fraction, length_s: float) -> list[int]:
    """Indices of the frames at which segments begin; a rest of less than half a segment goes with the one before."""
    length = max(1, round(length_s * frame_rate))
    return list(range(first, first + num_frames - length // 2, length)) or [first]


class Segments:
    """Segments of one or more videos that run side by side; the last one is finished in a thread while the next begins.

    Use it as a context manager, so that nothing goes on behind an error.
    """

    def __init__(
        self,
        folder: Path,
        videos: Mapping[str, Frame],
        starts: list[int],
        stop: int,
        like: VideoInfo,
        encoding: Encoding,
        output: Path,
        own: Mapping[str, Encoding] | None = None,
    ) -> None:
        """`videos`: the first frame of each, by name; `own`: encodings of those that have another one. `output` is the
        file that errors speak of."""
        self._output, self._own = output, dict(own or {})
        self._folder, self._videos, self._like, self._encoding = folder, dict(videos), like, encoding
        self._starts, self._stop = starts, stop
        self._done: dict[str, list[Segment]] = {video: [] for video in videos}
        self._open: dict[str, SegmentWriter] = {}
        self._closing: threading.Thread | None = None
        self._error: BaseException | None = None

    def resume(self, accept: Callable[[Segment], bool] = lambda _: True) -> list[int]:
        """Take over the segments that lie in the folder, up to one that is missing or not to be accepted; the starts
        of those that are to be made."""
        for video in self._videos:
            found = finished_segments(self._folder, video, self._starts, self._stop, self._like.time_base)
            self._done[video] = found
        count = min(map(len, self._done.values()))
        good = next((k for k in range(count) if not all(accept(done[k]) for done in self._done.values())), count)
        self._done = {video: done[:good] for video, done in self._done.items()}
        return self._starts[good:]

    def warm_up(self, frames: int) -> int:
        """So many frames, but fewer than a segment has, so that each begins its own within the one before."""
        return min(frames, self._starts[1] - self._starts[0] - 1) if len(self._starts) > 1 else 0

    def position(self, frames_back: int) -> Position | None:
        """The frame so many before the end of what is finished; None where that is the first frame or earlier."""
        times: Int[np.ndarray, "frames"] = np.zeros(0, np.int64)
        for segment in reversed(self._done[VIDEO]):
            times = np.concatenate([segment.shown, times])
            if frames_back and len(times) > frames_back:
                end = self._done[VIDEO][-1].start + len(self._done[VIDEO][-1])
                return Position(end - frames_back, int(times[len(times) - frames_back]))
        return None

    def begin(self, frames: Mapping[str, Frame]) -> None:
        """End the segments before these frames, and begin those that they are the first of."""
        self.end()
        for video, frame in frames.items():
            self._open[video] = SegmentWriter(
                self._folder, video, self._like, self._own.get(video, self._encoding), frame, self._output
            )

    def write(self, frames: Mapping[str, Frame]) -> None:
        """Write one frame of each video."""
        for video, frame in frames.items():
            self._open[video].write(frame)

    def end(self) -> None:
        """Have the open segments finished behind the scenes; waits for those before them."""
        self._wait()
        if self._open:
            writers, self._open = self._open, {}
            self._closing = threading.Thread(target=self._finish, args=(writers,), name="ned-segment")
            self._closing.start()

    def put_together(self, video: str, path: Path, **options: object) -> None:
        """The whole video; options as of `ned.video.segments.assemble`."""
        self._wait()
        encoding = self._own.get(video, self._encoding)
        assemble(path, self._done[video], self._like, self._videos[video], encoding, **options)

    def _finish(self, writers: Mapping[str, SegmentWriter]) -> None:
        try:
            finished = {video: writer.finish() for video, writer in writers.items()}
            for video, segment in finished.items():
                self._done[video].append(segment)
        except BaseException as error:  # handed over to the thread that writes
            self._error = error
            for writer in writers.values():
                writer.abort()

    def _wait(self) -> None:
        if self._closing is not None:
            self._closing.join()
            self._closing = None
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def __enter__(self) -> Segments:
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        try:
            self.end() if kind is None else None
            self._wait()
        except Exception:
            if kind is None:
                raise
        finally:
            for writer in self._open.values():
                writer.abort()
            self._open = {}
