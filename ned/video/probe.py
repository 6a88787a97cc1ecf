"""What a video file says about itself."""

from __future__ import annotations

import os
import warnings
from fractions import Fraction
from pathlib import Path

import av

from ned.errors import UserError
from ned.types import AudioStream, VideoInfo
from ned.video.colour import colour_of
from ned.video.pixel_format import describe, planar_format

_SAMPLES = "give a video file, for example .mp4, .mov, .mkv or .webm"
OPTIONS = {
    "protocol_whitelist": "file,pipe",
    "format_whitelist": "mov,matroska,avi,gif,apng,mpegts,mpeg,mpegvideo,m4v,h264,hevc,obu,ivf,flv,asf,ogg,nut,mxf,dv",
}
"""No other host, and only containers that hold their images themselves: playlists, concatenations and numbered
images name other files, and would have them read."""
MAX_PIXELS = 8192 * 4608
"""Of one image. A header may say anything, and some twenty images lie in memory at once."""
MAX_RATE, MIN_RATE = Fraction(1000), Fraction(1, 3600)
"""Frames a second. Beyond them the header is wrong, and filters as long as a second would be of absurd length."""


def open_video(path: str | Path) -> tuple[av.container.InputContainer, av.VideoStream]:
    """Open `path` and choose its first video stream that is no cover image. UserError as for `probe`."""
    path = Path(path)
    try:
        if path.is_dir():
            raise UserError("is a folder", path=path, remedy=_SAMPLES)
        if not path.exists():
            raise UserError("no such file", path=path, remedy="check the path")
        if not os.access(path, os.R_OK):
            raise UserError("may not be read", path=path, remedy="check its permissions")
        if not path.is_file():
            raise UserError("is no ordinary file", path=path, remedy="store the video in a file first")
        if path.stat().st_size == 0:
            raise UserError("the file is empty (0 bytes)", path=path, remedy="copy or record it again")
        container = av.open(str(path.resolve()), options=OPTIONS, metadata_errors="replace")
    except PermissionError as error:
        raise UserError("may not be read", path=path, remedy="check its permissions") from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        what = "not a video, or damaged so that its index is missing"
        raise UserError(f"{what} ({_reason(error)})", path=path, remedy=_SAMPLES) from error
    images = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if not images:
        container.close()
        raise UserError("has no video stream", path=path, remedy=_SAMPLES)
    if images[0].codec_context is None:
        container.close()
        raise UserError("its video codec is unknown", path=path, remedy="convert it with ffmpeg first")
    height, width = images[0].codec_context.height, images[0].codec_context.width
    if height * width > MAX_PIXELS:
        container.close()
        raise UserError(f"its images are {width}x{height}", path=path, remedy="scale it to 8192x4608 or less first")
    # What grows in the middle is an error of the decoder, which leaves such frames out.
    images[0].codec_context.options |= {"max_pixels": str(MAX_PIXELS)}
    return container, images[0]


def probe(path: str | Path) -> VideoInfo:
    """Describe the first video stream of `path`, of which the first frame is decoded.

    UserError where the path is missing, unreadable, a folder, empty, not a video, or has no video stream or
    no frame that can be decoded.
    """
    container, stream = open_video(path)
    with container:
        frame = first_frame(container, stream, path)
        native = planar_format(frame.format.name)
        rate = _frame_rate(stream)
        duration_s = _duration_s(container, stream)
        turned = rotation_of(frame) in (90, 270)
        return VideoInfo(
            path=Path(path),
            container=container.format.name,
            codec=stream.codec_context.codec.canonical_name if stream.codec_context.codec else "unknown",
            pixel_format=frame.format.name,
            bit_depth=describe(native).bits,
            height=frame.width if turned else frame.height,
            width=frame.height if turned else frame.width,
            frame_rate=Fraction(rate),
            time_base=Fraction(stream.time_base),
            num_frames=_num_frames(stream, duration_s, rate),
            duration_s=duration_s,
            rotation=rotation_of(frame),
            sample_aspect_ratio=Fraction(stream.sample_aspect_ratio or 1),
            colour=colour_of(frame, frame.format.name),
            audio=tuple(
                AudioStream(s.index, s.codec_context.name, s.codec_context.sample_rate, s.codec_context.channels)
                for s in container.streams.audio
                if s.codec_context is not None
            ),
        )


def first_frame(container: av.container.InputContainer, stream: av.VideoStream, path: str | Path) -> av.VideoFrame:
    """Decode until a frame comes; UserError where none does."""
    try:
        for packet in container.demux(stream):
            try:
                for frame in packet.decode():
                    return frame
            except av.error.FFmpegError as error:
                if isinstance(error, MemoryError):
                    raise
    except (av.error.FFmpegError, IndexError) as error:  # IndexError: a stream that begins in the middle
        cause = f"no frame can be decoded ({_reason(error)})"
        raise UserError(cause, path=path, remedy="play it to see whether it is damaged") from error
    raise UserError("no frame can be decoded", path=path, remedy="play it to see whether it is damaged")


def rotation_of(frame: av.VideoFrame) -> int:
    """Degrees clockwise by which a player turns this frame; other angles than quarters are rounded, with a warning."""
    angle = -frame.rotation % 360
    quarter = round(angle / 90) * 90 % 360
    if angle % 90:
        warnings.warn(f"a rotation of {angle} degrees is taken as {quarter}", stacklevel=2)
    return quarter


def _frame_rate(stream: av.VideoStream) -> Fraction:
    """The first rate the container gives that can be one; 25 where none is."""
    said = (stream.average_rate, stream.guessed_rate, stream.base_rate)
    return next((Fraction(rate) for rate in said if rate and MIN_RATE <= rate <= MAX_RATE), Fraction(25))


def _num_frames(stream: av.VideoStream, duration_s: float, rate: Fraction) -> int:
    """The smaller of what is counted and what the duration has room for: edit lists hide frames that are counted."""
    said = [n for n in (stream.frames, round(duration_s * rate)) if n > 0]
    return min(said, default=1)


def _duration_s(container: av.container.InputContainer, stream: av.VideoStream) -> float:
    if stream.duration:
        return float(stream.duration * stream.time_base)
    if container.duration:
        return container.duration / av.time_base
    return 0.0


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
