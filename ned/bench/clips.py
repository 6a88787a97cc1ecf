"""Clips to measure on: the sample clip's talking face at usual sizes, alone or three of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8


@dataclass(frozen=True)
class Size:
    """A kind of clip."""

    name: str
    width: int
    height: int
    faces: int = 1


SIZES = (
    Size("256²", 256, 256), Size("512²", 512, 512), Size("720p", 1280, 720), Size("720p, three faces", 1280, 720, 3),
    Size("1080p", 1920, 1080), Size("1080p, three faces", 1920, 1080, 3), Size("4K", 3840, 2160),
)  # fmt: skip


def make_clips(folder: Path, seconds: float, sizes: tuple[Size, ...] = SIZES) -> dict[Size, Path]:
    """Write a clip of each size into a folder. Raises UserError where it cannot be written to."""
    from ned.pipeline.sample import make_sample

    base = folder / "base.mp4"
    make_sample(base, seconds)
    made = {}
    for k, size in enumerate(sizes):
        made[size] = folder / f"clip{k}.mp4"
        _write(made[size], size, _frames(base))
    return made


def _frames(path: Path) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    from ned.video import read_frames

    return (frame.rgb() for frame in read_frames(path))


def _write(path: Path, size: Size, frames: Iterator[UInt8[np.ndarray, "h w 3"]]) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "16", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = size.width, size.height, "yuv420p"
        for image in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(placed(image, size), format="rgb24")))
        container.mux(stream.encode(None))


def placed(image: UInt8[np.ndarray, "s s 3"], size: Size) -> UInt8[np.ndarray, "h w 3"]:
    """The square image as large as fits, so many times side by side on grey; every second mirrored, in other colours,
    so that they are other people."""
    import cv2

    canvas = np.full((size.height, size.width, 3), 96, np.uint8)
    side = min(size.height, size.width // size.faces)
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA if side < len(image) else cv2.INTER_CUBIC)
    top = (size.height - side) // 2
    for k in range(size.faces):
        left = (2 * k + 1) * size.width // (2 * size.faces) - side // 2
        tint = np.array([(1.0, 1.0, 1.0), (0.6, 0.55, 0.9), (0.8, 0.95, 0.6)][k % 3])
        shown = small[:, ::-1] if k % 2 else small
        canvas[top : top + side, left : left + side] = (shown * tint).astype(np.uint8)
    return canvas
