"""A video in pieces: each encoded by itself, so that a run can stop after any of them, and put together by copying.

A piece is a NUT file of one run of frames that begins with a key frame and needs no other piece. Its name says the
index and the time of its first frame (`video-000000750@384000.nut`), its own times count from there. Putting together
encodes nothing: the packets go, with their exact times, through a pipe into ffmpeg, which copies sound, subtitles and
chapters of the original beside them. The same pieces give the same bytes.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import subprocess
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from jaxtyping import Int

from ned.errors import ProcessingError, UserError
from ned.files.atomic import give_name
from ned.types import VideoInfo
from ned.video.command import assemble_command, pipe_form, segment_command, trial_command
from ned.video.encoders import output_format, quality_options
from ned.video.frame import Frame
from ned.video.probe import OPTIONS
from ned.video.process import EncoderProcess, MuxerProcess, explain
from ned.video.read import MediaWarning

_NAME = re.compile(r"(?P<video>[a-z]+)-(?P<start>\d{9})@(?P<pts>-?\d+)\.nut")


@dataclass(frozen=True)
class Segment:
    """A finished piece."""

    path: Path
    start: int
    """Index of its first frame."""
    pts: Int[np.ndarray, "frames"]
    """Times of its frames in the order of their packets, in units of the video's time base."""

    def __len__(self) -> int:
        return len(self.pts)

    @property
    def shown(self) -> Int[np.ndarray, "frames"]:
        """The times in the order in which the frames are shown."""
        return np.sort(self.pts)


@dataclass(frozen=True)
class Encoding:
    """How the pieces of a video are encoded; see `ned.video.VideoWriter`."""

    encoder: str = "libx264"
    quality: str | float | int | None = None
    preset: str | None = None

    def pixel_format(self, frame: Frame) -> str:
        """What the encoder is given for frames like this one."""
        return output_format(self.encoder, frame.format.name, frame.image.height, frame.image.width, self.preset)


class SegmentWriter:
    """Writes one piece of the video `video` (a word) into `folder`; it has its name only when it is whole.

    `finish` may run in another thread, after which nothing may be written. Errors as of `VideoWriter`.
    """

    def __init__(
        self, folder: Path, video: str, like: VideoInfo, encoding: Encoding, first: Frame, name: Path | None = None
    ) -> None:
        """`name` is the file that errors speak of."""
        self.start, self._like, self._first_pts = first.index, like, first.pts
        self.path = folder / f"{video}-{first.index:09d}@{first.pts}.nut"
        self.frames = 0
        self._temporary = folder / f"{self.path.stem}.{secrets.token_hex(4)}.tmp"
        form = encoding.pixel_format(first)
        command = segment_command(
            self._temporary, like, first, encoder=encoding.encoder, pixel_format=form,
            options=quality_options(encoding.encoder, encoding.quality, encoding.preset, form),
        )  # fmt: skip
        self.name = name or self.path
        self._process = EncoderProcess(command, self.name, first.image, like)

    def write(self, frame: Frame) -> None:
        """Encode one frame. Times must rise; all frames have the same format and size."""
        self._process.send(frame.image, frame.pts - self._first_pts)
        self.frames += 1

    def finish(self) -> Segment:
        """Encode what is left and have it on the disk."""
        try:
            self._process.finish()
            segment = load_segment(self._temporary, self.start, self._first_pts, self._like.time_base)
            if segment is None or len(segment) != self.frames:
                raise ProcessingError("ffmpeg did not write all frames", path=self.name, remedy="check the disk")
            give_name(self._temporary, self.path)
        except OSError as error:
            raise ProcessingError(f"cannot be finished ({error.strerror})", path=self.name) from error
        finally:
            self.abort()
        return Segment(self.path, self.start, segment.pts)

    def abort(self) -> None:
        """Stop ffmpeg and remove what is not finished. Harmless after `finish`."""
        self._process.kill()
        with contextlib.suppress(OSError):
            self._temporary.unlink(missing_ok=True)


def say_conversion(path: Path, encoding: Encoding, frame: Frame) -> None:
    """Warn where the encoder does not take the frames' own pixel format."""
    form, source = encoding.pixel_format(frame), frame.format.name
    if form != source:
        size = f"{frame.image.width}x{frame.image.height}"
        text = f"{path}: {encoding.encoder} does not take {source} at {size}; writing {form}"
        warnings.warn(MediaWarning(text), stacklevel=3)


def finished_segments(folder: Path, video: str, starts: Sequence[int], stop: int, time_base: Fraction) -> list[Segment]:
    """The whole pieces that lie in `folder` from the first on, where pieces begin at the frames `starts` and the last
    ends before `stop`. What follows a gap, or is not as long as it should be, does not count."""
    named = {}
    for path in folder.glob(f"{video}-*.nut"):
        if match := _NAME.fullmatch(path.name):
            named[int(match["start"])] = (path, int(match["pts"]))
    found = []
    for start, end in zip(starts, [*starts[1:], stop], strict=True):
        path, pts = named.get(start, (None, 0))
        segment = load_segment(path, start, pts, time_base) if path else None
        if segment is None or len(segment) != end - start:
            break
        found.append(segment)
    return found


def load_segment(path: Path, start: int, first_pts: int, time_base: Fraction) -> Segment | None:
    """The piece at `path`, of which the packets are counted but not decoded; None where it is damaged."""
    pts = []
    try:
        with _opened(path) as (container, stream):
            unit = stream.time_base / time_base
            for packet in container.demux(stream):
                if packet.size:
                    at = packet.pts * unit
                    if at.denominator != 1 or (not pts and not packet.is_keyframe):
                        return None
                    pts.append(int(at))
    except (av.error.FFmpegError, OSError, TypeError, IndexError):
        return None
    times = np.array(pts, np.int64)
    if not len(times) or times.min() != 0 or len(np.unique(times)) != len(times):
        return None
    return Segment(path, start, times + first_pts)


def assemble(
    path: Path,
    segments: Sequence[Segment],
    like: VideoInfo,
    first: Frame,
    encoding: Encoding,
    *,
    copy_from: Path | None = None,
    cut_end_s: float | int | None = None,
    cut: bool = False,
    metadata: dict[str, str] | None = None,
    name: Path | None = None,
) -> None:
    """Put the pieces together at `path`, with all but the video of `copy_from`.

    `first` is the video's first frame as it was encoded. Where the video was `cut` out, up to `cut_end_s` seconds or
    to the end, it starts at zero. Errors name the file `name`. ProcessingError, UserError: as of `VideoWriter`.
    """
    decode, show = _order(segments)
    shift = int(segments[0].shown[0]) if cut else 0
    last = np.append(np.diff(decode), np.diff(np.sort(show)[-2:]) if len(show) > 1 else [1])
    ahead = int(shift - decode[0])  # the pipe has no times before zero
    at = np.stack([show - shift + ahead, decode - shift + ahead, last], axis=1).tolist()
    command = assemble_command(
        path, like, first, encoder=encoding.encoder, pixel_format=encoding.pixel_format(first),
        offset_s=-ahead * like.time_base, copy_from=copy_from, metadata=metadata,
        cut=(first.pts * like.time_base, cut_end_s) if cut else None,
    )  # fmt: skip
    process, form = None, pipe_form(encoding.encoder)
    try:
        done, extradata = 0, None
        for segment in segments:
            with _opened(segment.path) as (container, stream):
                if process is None:
                    process = MuxerProcess(command, name or path, stream, like.time_base, form)
                    extradata = stream.codec_context.extradata
                if stream.codec_context.extradata != extradata:
                    raise ProcessingError("pieces of the video do not fit together", path=segment.path)
                for packet in (p for p in container.demux(stream) if p.size):
                    process.send(packet, *at[done])
                    done += 1
        process.finish()
    except (av.error.FFmpegError, OSError) as error:
        raise ProcessingError(f"cannot be put together ({error})", path=name or path) from error
    finally:
        if process is not None:
            process.kill()


def check_copies(path: Path, copy_from: Path, name: Path) -> None:
    """Raise UserError where the container at `path` does not take the sound or the subtitles of `copy_from`, so that
    this is known before hours of work."""
    command = trial_command(path, copy_from)
    if command is None:
        return
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        return  # seen in the end
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
    if done.returncode:
        error = explain(done.stderr.splitlines(), done.returncode, name)
        if isinstance(error, UserError):
            raise error


def _order(segments: Sequence[Segment]) -> tuple[Int[np.ndarray, "frames"], Int[np.ndarray, "frames"]]:
    """When each packet is decoded and shown. Frames are decoded in the order of the packets at the times at which
    frames are shown, earlier by as many frames as the reordering needs."""
    show = np.concatenate([segment.pts for segment in segments])
    times = np.sort(show)
    rank = np.searchsorted(times, show)
    delay = int(np.max(np.arange(len(show)) - rank))
    lead = times[0] - (times[min(delay, len(times) - 1)] - times[:delay]) if delay else times[:0]
    lead = np.minimum(lead, times[0] - np.arange(delay, 0, -1))
    return np.concatenate([lead, times[: len(times) - delay]])[: len(show)], show


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    with av.open(str(path), format="nut", options=OPTIONS) as container:
        yield container, container.streams.video[0]


__all__ = [
    "Encoding",
    "Segment",
    "SegmentWriter",
    "assemble",
    "check_copies",
    "finished_segments",
    "load_segment",
    "say_conversion",
]
