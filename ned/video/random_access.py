"""Frames of a long video here and there, for training: decord where it tells the truth, reading through where not.

decord (optional) seeks fast, and errs on files with edit lists or start offsets: it gives frames that are not shown, at
times that are shifted. So its number of frames and their times are first held against those of the container's packets,
and colours and turns that it does not know are left to our own reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from ned.errors import NedError
from ned.video.probe import open_video, probe
from ned.video.read import read_frames

WORTH = 0.5
"""Share of a video's frames above which it is read through: seeking costs more then."""
SLACK_S = 0.001


def random_frames(path: Path, indices: Sequence[int]) -> Iterator[tuple[int, UInt8[np.ndarray, "h w 3"]]]:
    """The frames of these indices, which rise, as RGB, as far as the file gives them."""
    wanted = list(indices)
    reader = trusted_reader(path) if wanted and len(wanted) < WORTH * (wanted[-1] + 1) else None
    if reader is not None:
        for start in range(0, len(wanted), 16):
            part = [k for k in wanted[start : start + 16] if k < len(reader)]
            yield from zip(part, reader.get_batch(part).asnumpy() if part else (), strict=True)
        return
    left = iter(wanted)
    waiting = next(left, None)
    if waiting is None:
        return
    frames = read_frames(path)
    for frame in frames:
        if frame.index == waiting:
            yield waiting, frame.rgb()
            waiting = next(left, None)
        if waiting is None:
            break
    frames.close()


def trusted_reader(path: Path) -> Any | None:
    """decord's reader, where it is installed and its frames are the video's; None elsewhere."""
    try:
        import decord
    except (ImportError, OSError):
        return None
    try:
        info = probe(path)
        colour = info.colour.matrix in ("bt709", "smpte170m", "bt470bg", "unknown") and info.colour.range != "pc"
        if info.bit_depth != 8 or info.rotation or info.sample_aspect_ratio != 1 or not colour:
            return None
        reader = decord.VideoReader(str(path), num_threads=1)
        shown = _times(path)
        if len(reader) != len(shown) or len(shown) < 2 or any(b <= a for a, b in pairwise(shown)):
            return None
        said = np.asarray(reader.get_frame_timestamp(list(range(len(shown)))), np.float64)[:, 0]
        if np.abs(said - np.array(shown)).max() > SLACK_S:
            return None
        return reader if _alike(reader, path) else None
    except (NedError, RuntimeError, ValueError, IndexError, decord.DECORDError):
        return None


def _times(path: Path) -> list[float]:
    """When each frame is shown, s, by the container's packets: nothing is decoded."""
    container, stream = open_video(path)
    with container:
        base, found = stream.time_base, []
        for packet in container.demux(stream):
            if packet.pts is not None and not packet.is_discard:
                found.append(float(packet.pts * base))
    return sorted(found)


def _alike(reader: Any, path: Path) -> bool:
    """Whether the first frame is the one that our own reader gives, but for rounding of colours."""
    frames = read_frames(path)
    first = next(frames).rgb().astype(np.int16)
    frames.close()
    other = reader[0].asnumpy().astype(np.int16)
    return other.shape == first.shape and float(np.abs(other - first).mean()) < 3.0
