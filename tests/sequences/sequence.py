"""Numbered images of a talking portrait, made of the sample clip."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenEXR

from ned.sequences.images import write_png
from ned.sequences.view import SPACES, light_of, rec709_from
from ned.video import read_frames


def rgb_frames(clip: Path, count: int) -> list[np.ndarray]:
    """The first frames, RGB in [0, 1], half as large."""
    out = []
    for frame in read_frames(clip):
        if len(out) == count:
            break
        out.append(frame.region_rgb((0, 0, frame.width, frame.height))[::2, ::2])
    return out


def write_exr_sequence(folder: Path, frames: list[np.ndarray], numbers: list[int], compression=None) -> None:
    """ACEScg in half floats, with a depth in float, an alpha, attributes of many kinds and an overscan."""
    folder.mkdir(parents=True, exist_ok=True)
    inverse = np.linalg.inv(rec709_from(SPACES["acescg"]))
    rng = np.random.default_rng(0)
    for number, rgb in zip(numbers, frames, strict=True):
        light = light_of(rgb.astype(np.float64)) @ inverse.T
        light[:8, :8] = 20.0  # a lamp
        light[:4, 8:12] = -0.01  # what a filter rings
        halves, (h, w) = light.astype(np.float16), rgb.shape[:2]
        channels = {name: np.ascontiguousarray(halves[..., k]) for k, name in enumerate("RGB")}
        channels |= {"A": np.ones((h, w), np.float16), "depth.Z": rng.random((h, w)).astype(np.float32),
                     "id": rng.integers(0, 2**32, (h, w)).astype(np.uint32)}  # fmt: skip
        window = np.array([4, 6], np.int32)
        header = {
            "compression": OpenEXR.PIZ_COMPRESSION if compression is None else compression,
            "type": OpenEXR.scanlineimage, "chromaticities": SPACES["acescg"], "framesPerSecond": Fraction(24000, 1001),
            "dataWindow": (window, window + np.array([w - 1, h - 1], np.int32)),
            "displayWindow": (np.zeros(2, np.int32), np.array([w + 7, h + 11], np.int32)),
            "owner": "somebody", "worldToCamera": np.eye(4, dtype=np.float32) * (1 + number), "shutter": 0.5,
            "comments": f"plate {number}", "pixelAspectRatio": 1.0,
        }  # fmt: skip
        OpenEXR.File(header, channels).write(str(folder / f"shot.{number:04d}.exr"))


def write_png_sequence(folder: Path, frames: list[np.ndarray], numbers: list[int], bits: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    kind = np.uint8 if bits == 8 else np.uint16
    for number, rgb in zip(numbers, frames, strict=True):
        pixels = np.round(rgb * (2**bits - 1)).astype(kind)
        write_png(folder / f"shot.{number:04d}.png", pixels, "plate", bytes([1, 13, 0, 1]))


def parts_of(path: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """Attributes and channels, by OpenEXR itself."""
    file = OpenEXR.File(str(path), separate_channels=True)
    return file.header(), {name: channel.pixels for name, channel in file.channels().items()}


def same(a: object, b: object) -> bool:
    """Of attributes of any kind."""
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    return type(a) is type(b) and (a == b or repr(a) == repr(b))
