"""What is compared of two files: images, brightness, times, sound packets, as plain ffmpeg and PyAV read them."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from ned.video import find_ffmpeg

FACE = (0.12, 0.0, 0.88, 0.80)
"""Share of the sample's image, x0 y0 x1 y1, in which the edit may change pixels."""


def images(path: Path, height: int, width: int, deinterlace: bool = False) -> np.ndarray:
    """What ffmpeg decodes, upright, as RGB: "frames h w 3"."""
    chain = ("bwdif=mode=send_frame:deint=all," if deinterlace else "") + "scale=flags=accurate_rnd+full_chroma_int"
    command = [find_ffmpeg(), "-v", "error", "-nostdin", "-i", str(path), "-map", "0:v:0", "-vf", chain]
    command += ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


def lumas(path: Path) -> np.ndarray:
    """The samples of the first plane in units of 8 bits: "frames h w"."""
    out = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            bits = frame.format.components[0].bits
            plane = np.frombuffer(frame.planes[0], np.uint8 if bits == 8 else np.uint16)
            rows = plane[: frame.planes[0].line_size // plane.itemsize * frame.height].reshape(frame.height, -1)
            out.append((rows[:, : frame.width] / 2 ** (bits - 8)).astype(np.float32))
    return np.stack(out)


def times_s(path: Path) -> list[Fraction]:
    with av.open(str(path)) as container:
        if path.suffix == ".avi":  # it has but the order of packets
            return [p.dts * p.time_base for p in container.demux(video=0) if p.size]
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def sounds(path: Path) -> list[list[tuple[float, bytes]]]:
    """Times and packets of each sound stream."""
    with av.open(str(path)) as container:
        found: dict[int, list] = {stream.index: [] for stream in container.streams.audio}
        for packet in container.demux(container.streams.audio) if found else ():
            if packet.size:
                found[packet.stream.index].append((float((packet.pts or 0) * packet.time_base), bytes(packet)))
    return list(found.values())
