"""What the containers of an edit and its original say: sizes, times and sound."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from ned.video.probe import open_video


@dataclass(frozen=True)
class Container:
    """One file, as its headers and sound packets say."""

    height: int
    width: int
    frame_rate: Fraction | None
    frames: int
    """Packets of images."""
    sound: tuple[str, ...]
    """Checksum of all packets of each track of sound in order; none where there is none."""


def read_container(path: Path) -> Container:
    """Without decoding anything, in constant memory. UserError as `ned.video.probe`."""
    container, stream = open_video(path)
    with container:
        digests, frames = {track.index: hashlib.sha256() for track in container.streams.audio}, 0
        try:
            for packet in container.demux([stream, *container.streams.audio]):
                if not packet.size:
                    continue
                if packet.stream.index == stream.index:
                    frames += 1
                else:
                    digests[packet.stream.index].update(packet.size.to_bytes(8, "little") + bytes(packet))
        except av.error.FFmpegError:
            pass  # a damaged end: what was read stands for the file
        context = stream.codec_context
        sound = tuple(digest.hexdigest() for digest in digests.values())
        return Container(context.height, context.width, stream.average_rate, frames, sound)
