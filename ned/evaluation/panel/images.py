"""Strips and short clips of one face: the same crop of the same size, encoded in the same way, whatever was done."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image

from ned.errors import UserError
from ned.evaluation.judges.mesh import FaceMesh
from ned.evaluation.panel.items import Item
from ned.video import frames_at, probe

STRIP_FRAMES, STRIP_STEP = 8, 4
CLIP_S = 2.0
SIDE_PX = 256
MARGIN = 1.56
"""Size of the crop in faces."""


def save_strip(path: Path, item: Item) -> None:
    """Eight frames, every fourth, in two rows, as JPEG; black where the video is too short for so many. UserError where
    no face is found, or where it is not as large as its original."""
    tiles = list(_crops(item, STRIP_FRAMES, STRIP_STEP))
    half = STRIP_FRAMES // 2
    tiles += [np.zeros_like(tiles[0])] * (STRIP_FRAMES - len(tiles))
    image = np.vstack([np.hstack(tiles[:half]), np.hstack(tiles[half:])])
    Image.fromarray(image).save(path, quality=93)


def save_clip(path: Path, item: Item) -> None:
    """Two seconds without sound as H.264. UserError as `save_strip`."""
    rate = probe(item.guide).frame_rate
    count = max(2, round(CLIP_S * float(rate)))
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=rate.limit_denominator(1001), options={"crf": "14"})
        stream.width = stream.height = SIDE_PX
        stream.pix_fmt, stream.time_base = "yuv420p", 1 / Fraction(rate)
        for k, tile in enumerate(_crops(item, count, 1)):
            frame = av.VideoFrame.from_ndarray(tile, format="rgb24")
            frame.pts, frame.time_base = k, 1 / Fraction(rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def _crops(item: Item, count: int, step: int) -> Iterator[UInt8[np.ndarray, "side side 3"]]:
    """The wanted frames around where the guide's face is in the middle of them."""
    info = probe(item.guide)
    first = max(0, min(int(info.num_frames * item.start), info.num_frames - (count - 1) * step - 1))
    wanted = np.arange(first, first + count * step, step)
    (x, y, half), shape = _square(item.guide, wanted, float(info.frame_rate))
    found = False
    for frame in frames_at(item.shown, wanted.tolist(), float(info.frame_rate)):
        found, rgb = True, frame.rgb()
        if rgb.shape[:2] != shape:
            cause = "its size is {1}x{0}, its original's {3}x{2}".format(*rgb.shape[:2], *shape)
            raise UserError(cause, path=item.shown, remedy="show what is as large as its original")
        padded = cv2.copyMakeBorder(rgb, half, half, half, half, cv2.BORDER_REPLICATE)
        image = padded[y : y + 2 * half, x : x + 2 * half]
        interpolation = cv2.INTER_AREA if 2 * half > SIDE_PX else cv2.INTER_CUBIC
        yield cv2.resize(image, (SIDE_PX, SIDE_PX), interpolation=interpolation)
    if not found:
        raise UserError(f"has no frame {first}", path=item.shown, remedy="start earlier")


def _square(
    guide: Path, wanted: Int[np.ndarray, "n"], rate: float
) -> tuple[tuple[int, int, int], tuple[int, int]]:
    """Middle x, y and half the side in whole pixels; height and width of the images."""
    boxes, shape = [], (0, 0)
    with FaceMesh(still=True) as mesh:
        for frame in frames_at(guide, wanted[:: max(1, len(wanted) // STRIP_FRAMES)].tolist(), rate):
            rgb = frame.rgb()
            shape = rgb.shape[:2]
            points = mesh(rgb)
            if points is not None:
                middle = (points.min(0) + points.max(0)) / 2
                boxes.append([*middle, np.ptp(points, axis=0).max() * MARGIN / 2])
    if not boxes:
        raise UserError(f"no face from frame {wanted[0]} on", path=guide, remedy="choose another start")
    x, y, half = np.median(boxes, 0)
    return (int(np.clip(x, 0, shape[1] - 1)), int(np.clip(y, 0, shape[0] - 1)), max(8, int(half))), shape
