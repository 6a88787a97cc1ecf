"""From packets to images of one format: seeking, damage, changes within a file."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av

from ned.video.colour import Encoding, colour_of, encoding_of
from ned.video.pixel_format import planar_format
from ned.video.probe import open_video, rotation_of


class MediaWarning(UserWarning):
    """A file is damaged or odd, and the work goes on with what it gives."""


def start_time_s(container: av.container.InputContainer) -> Fraction:
    """Time of the start of the file in seconds: what a player shows as zero."""
    return Fraction(container.start_time or 0, av.time_base)


class Layout:
    """What the first frame decides for all: format, size, rotation, colour."""

    def __init__(self, image: av.VideoFrame, rotation: int, encoding: Encoding) -> None:
        self.format = planar_format(image.format.name)
        self.height, self.width = image.height, image.width
        self.rotation, self.encoding = rotation, encoding

    @classmethod
    def of(cls, image: av.VideoFrame) -> Layout:
        colour = colour_of(image, image.format.name)
        return cls(image, rotation_of(image), encoding_of(colour, image.height, image.width))

    def apply(self, image: av.VideoFrame, path: Path) -> av.VideoFrame:
        """The image itself, or where it must be, converted."""
        if image.format.name == self.format and (image.height, image.width) == (self.height, self.width):
            return image
        if (image.height, image.width) != (self.height, self.width):
            text = f"{path}: the image's size changes; it is scaled to {self.width}x{self.height}"
            warnings.warn(MediaWarning(text), stacklevel=4)
        # One thread: with more, swscale 9.5 now and then gives wrong samples (p010le to yuv420p10le).
        return image.reformat(self.width, self.height, self.format, threads=1)


def decode(container: av.container.InputContainer, stream: av.VideoStream, bad: list[str]) -> Iterator[av.VideoFrame]:
    """All frames; what cannot be decoded is skipped and said in `bad`."""
    packets = container.demux(stream)
    # AVI knows only the order of packets, at a constant rate; times of reordered frames would be guessed, and badly.
    stamps: deque[int] | None = deque() if container.format.name == "avi" else None
    while True:
        try:
            packet = next(packets, None)
        except (av.error.FFmpegError, IndexError) as error:  # IndexError: a stream that begins in the middle
            bad.append(getattr(error, "strerror", None) or "a stream that the header does not name")
            packet = None
        if packet is None:
            return
        if stamps is not None and packet.size and packet.dts is not None:
            stamps.append(packet.dts)
        try:
            images = packet.decode()
        except av.error.FFmpegError as error:  # broken packets make decoders complain of anything
            if isinstance(error, MemoryError):
                raise
            bad.append(error.strerror)
            continue
        for image in images:
            if stamps:
                image.pts = stamps.popleft()
            yield image


def seek(
    path: Path, container: av.container.InputContainer, stream: av.VideoStream, first_pts: Fraction
) -> tuple[int, int | None]:
    """Go to a key frame before `first_pts`; index and time of the first frame that is good from there.

    The index is counted over the packets, of which none is decoded. Files without times, and those where no
    such key frame is found, are read from the start: (0, None).
    """
    for back_s in (0, 1, 4, 16, 64):  # some containers seek by decoding time, and land too late
        target = int(first_pts - back_s / stream.time_base)
        container.seek(target, stream=stream)
        landed = next((p.pts for p in container.demux(stream) if p.pts is not None), None)
        if landed is not None and landed <= first_pts:
            container.seek(target, stream=stream)
            count = _count_before(path, landed)
            if count is not None:
                return count, landed
            break
    container.seek(min(0, container.start_time or 0), backward=True)
    return 0, None


def _count_before(path: Path, landed: int) -> int | None:
    """Frames that are shown before the key frame at `landed`; None where packets lack times."""
    count = 0
    container, stream = open_video(path)
    with container:
        for packet in container.demux(stream):
            if packet.size == 0:
                continue
            if packet.pts is None:
                return None
            if packet.is_keyframe and packet.pts > landed:
                break
            count += packet.pts < landed and not packet.is_discard
    return count
