"""Streaming decoding with exact times."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import av

from ned.errors import ProcessingError, UserError
from ned.video.decoding import Layout, MediaWarning, decode, seek, start_time_s
from ned.video.deinterlace import Deinterlacer
from ned.video.frame import Frame
from ned.video.probe import open_video

__all__ = ["MediaWarning", "Position", "frame_at", "frames_at", "read_frames", "start_time"]

_SLACK_S = Fraction(1, 10**6)
"""Seconds that a user writes, and the file's start, are rounded; a frame that is this early is still in."""


_BACK_S = 5
"""How far before a position decoding starts: what refers to more distant frames than its key frame is rare."""


_NEAR_S = 4.0
"""Frames that are so near are reached by decoding what lies between."""


class Position(NamedTuple):
    """A frame that an earlier reading of the same file gave, to go on from."""

    index: int
    pts: int


def read_frames(
    path: str | Path,
    start_s: float | int | None = None,
    end_s: float | int | None = None,
    position: Position | None = None,
) -> Generator[Frame, None, None]:
    """Decode the first video stream of `path` frame by frame, in order of presentation.

    `start_s` ≤ time < `end_s`, in seconds from the start of the file as a player shows it; frame indices are
    those of the whole video in both cases. Memory is constant; decoding runs in ffmpeg's own threads. From
    `position` on, the frames are those that a reading of `start_s` to `end_s` gives from there.
    Interlaced images are deinterlaced, which a `MediaWarning` says. A damaged or truncated file gives the
    frames that can be decoded and one `MediaWarning`. A frame without a time follows its forerunner by one frame
    period; times that do not rise are moved up by one unit.
    UserError as `probe`, and where no frame lies between `start_s` and `end_s`; ProcessingError where a file
    that could be opened gives no frame.
    """
    if start_s is not None and start_s < 0 or end_s is not None and end_s <= (start_s or 0.0):
        raise UserError(f"the cut from {start_s} to {end_s} s is empty", path=path, remedy="start must be before end")
    if position is not None:
        yield from _read_on(Path(path), start_s, end_s, position)
        return
    container, stream = open_video(path)
    with container:
        yield from _read(Path(path), container, stream, start_s, end_s)


def frame_at(path: str | Path, index: int, frame_rate: float) -> Frame | None:
    """The frame of that index, by seeking; None where the file gives none. `frame_rate`, even if only the mean of
    a variable one, says where to look."""
    with closing(frames_at(path, [index], frame_rate)) as found:
        return next(found, None)


def frames_at(path: str | Path, indices: Sequence[int], frame_rate: float) -> Generator[Frame, None, None]:
    """The frames of these indices, which rise, as far as the file gives them; see `frame_at`. Reads on where the next
    one is near, and seeks where not."""
    frames: Iterator[Frame] | None = None
    at = -1
    for index in indices:
        if frames is None or index - at > _NEAR_S * frame_rate:
            frames = _shortly_before(path, index, frame_rate)
        for frame in frames:
            at = frame.index
            if at >= index:
                if at == index:
                    yield frame
                break


def _shortly_before(path: str | Path, index: int, frame_rate: float) -> Iterator[Frame]:
    """The frames from some time before one; none where the file gives none."""
    for lead_s in (1.0, 10.0, None):  # times of a variable rate may run ahead of the mean
        start_s = None if lead_s is None else max(0.0, index / frame_rate - lead_s)
        frames = read_frames(path, start_s or None)
        try:
            first = next(frames)
        except (UserError, StopIteration):
            continue
        if first.index <= index:
            return chain([first], frames)
    return iter(())


def _read_on(
    path: Path, start_s: float | int | None, end_s: float | int | None, position: Position
) -> Generator[Frame, None, None]:
    """The frames from `position` on: sought where the file's times allow it, else read from the start and dropped."""
    whole = read_frames(path, start_s, end_s)
    first = next(whole)
    whole.close()
    container, stream = open_video(path)
    with container:
        if position.index > first.index and _seek_before(container, stream, position.pts):
            layout = Layout(first.image, first.rotation, first.encoding)
            frames = _read(path, container, stream, None, end_s, position, layout)
            found = next(frames, None)
            if found is not None:
                yield found
                yield from frames
                return
    for frame in read_frames(path, start_s, end_s):
        if frame.index >= position.index:
            yield frame


def _seek_before(container: av.container.InputContainer, stream: av.VideoStream, pts: int) -> bool:
    """Go to a key frame some time before `pts`; False where there is none."""
    target = pts - round(_BACK_S / stream.time_base)
    try:
        container.seek(target, stream=stream)
        landed = next((p.pts for p in container.demux(stream) if p.pts is not None), None)
        container.seek(target, stream=stream)
    except av.error.FFmpegError:
        return False
    return landed is not None and landed < pts


def _read(
    path: Path,
    container: av.container.InputContainer,
    stream: av.VideoStream,
    start_s: float | int | None,
    end_s: float | int | None,
    position: Position | None = None,
    layout: Layout | None = None,
) -> Generator[Frame, None, None]:
    """The frames; with a `position` (and then the `layout` of the whole) none where it is not met."""
    stream.thread_type = "AUTO"
    base, origin = stream.time_base, start_time_s(container)
    first_pts = None if start_s is None else (origin + Fraction(start_s) - _SLACK_S) / base
    end_pts = None if end_s is None else (origin + Fraction(end_s) - _SLACK_S) / base
    period = max(1, round(1 / ((stream.average_rate or stream.guessed_rate or 25) * base)))
    try:
        cut_in = first_pts is not None and start_s > 0
        index, landed = seek(path, container, stream, first_pts) if cut_in else (0, None)
    except (av.error.FFmpegError, OverflowError, IndexError) as error:
        cause = f"no frame can be found by its time ({getattr(error, 'strerror', None) or error})"
        raise UserError(cause, path=path, remedy="leave out --start") from error
    given, previous, bad, sought, fields = 0, None, [], position, None
    for image in decode(container, stream, bad):
        pts = image.pts if image.pts is not None else image.dts
        if landed is not None and pts is not None and pts < landed:
            continue  # needs frames before the key frame
        if sought is not None:
            if pts is None or pts > sought.pts:
                return  # its times are not what they were
            if pts < sought.pts:
                if image.interlaced_frame:  # the next one's missing lines are taken from it, too
                    image = layout.apply(image, path)
                    fields = fields or Deinterlacer(image, base)
                    list(fields.send(image, -1, pts))
                continue
            index, sought = sought.index, None
        if pts is None:
            pts = 0 if previous is None else previous + period
        elif previous is not None and pts <= previous:
            pts = previous + 1
        previous, now = pts, index
        index += 1
        if first_pts is not None and pts < first_pts:
            continue
        if end_pts is not None and pts >= end_pts:
            break
        if layout is None:
            layout = Layout.of(image)
        given += 1
        marked = image.interlaced_frame
        image = layout.apply(image, path)
        if fields is None and marked:
            fields = Deinterlacer(image, base)
            text = f"{path}: interlaced; its fields are joined to whole images"
            warnings.warn(MediaWarning(text), stacklevel=3)
        ready = fields.send(image, now, pts) if fields else [(image, now, pts)]
        for whole, number, time in ready:
            if number >= 0:
                yield Frame(whole, number, time, layout.rotation, layout.encoding)
    else:
        if sought is not None:
            return
        if not given and not index:
            raise ProcessingError("no frame can be decoded", path=path)
        # An edit list hides frames that the container counts, so that the duration is asked too.
        expected = min(stream.frames or 0, int((stream.duration or 0) * base * (stream.average_rate or 0)))
        missing = expected - index
        if missing > 0.02 * expected + 2 or bad:
            lost = f"{bad[0]}" if bad else f"it ends {missing} frames early"
            warnings.warn(MediaWarning(f"{path}: damaged or cut off ({lost}); going on with the rest"), stacklevel=3)
    for whole, number, time in fields.rest() if fields else ():
        if number >= 0:
            yield Frame(whole, number, time, layout.rotation, layout.encoding)
    if not given:
        raise UserError(f"no frame lies between {start_s} and {end_s} s", path=path, remedy="check --start and --end")


def start_time(path: str | Path) -> Fraction:
    """The same of a file in seconds. Raises as `probe`."""
    container, _ = open_video(path)
    with container:
        return start_time_s(container)
