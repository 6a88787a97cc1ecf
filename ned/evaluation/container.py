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
    sound: str
    """Checksum of all packets of the first sound stream in order; "" where there is none."""


def read_container(path: Path) -> Container:
    """Without decoding anything, in constant memory. UserError as `ned.video.probe`."""
    container, stream = open_video(path)
    with container:
        streams = [stream, *container.streams.audio[:1]]
        digest, frames, any_sound = hashlib.sha256(), 0, False
        try:
            for packet in container.demux(streams):
                if not packet.size:
                    continue
                if packet.stream.index == stream.index:
                    frames += 1
                else:
                    any_sound = True
                    digest.update(packet.size.to_bytes(8, "little") + bytes(packet))
        except av.error.FFmpegError:
            pass  # a damaged end: what was read stands for the file
        context = stream.codec_context
        return Container(
            context.height, context.width, stream.average_rate, frames, digest.hexdigest() if any_sound else ""
        )
