"""Edited videos become numbered images: what changed goes into the source's own images, or whole images are new."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ned.errors import UserError
from ned.files.atomic import failed_write
from ned.sequences.conform import Conformed, codes_of
from ned.sequences.exr import write_light, write_matte
from ned.sequences.images import read_image, write_png
from ned.sequences.view import PRIMARIES, REC709, light_of
from ned.types import VideoInfo
from ned.video import Frame, read_frames
from ned.video.colour import PRIMARIES as PRIMARY_CODES
from ned.video.colour import TRANSFERS
from ned.workspace.numbered import Numbered

Span = tuple[float | None, float | None]
_CAMERA = ("bt709", "smpte170m", "smpte240m", "bt2020-10", "bt2020-12", "unknown")
"""Transfer functions that are BT.709's."""


def pairs(source: Path, edited: Path, span: Span) -> Iterator[tuple[int, Frame, Frame]]:
    """Index in the source, its frame and the edited one, through a cut of the source in seconds."""
    for before, after in zip(read_frames(source, *span), read_frames(edited), strict=True):
        yield before.index, before, after


def differs(before: Frame, after: Frame) -> bool:
    """Whether any sample is another one."""
    return any(not np.array_equal(a, b) for a, b in zip(before.planes, after.planes, strict=True))


def into_images(
    conformed: Conformed,
    edited: Path,
    target: Numbered,
    folder: Path,
    span: Span,
    notice: str,
    done: Callable[[], None],
) -> dict[Path, Path]:
    """The source's images with what changed in their view, by their final paths; they lie in `folder`.

    An image that did not change is the source's file, byte for byte.
    """
    out = {}
    for index, before, after in pairs(conformed.path, edited, span):
        number = conformed.numbers[index]
        source, final = conformed.source.path(number), target.path(number)
        part = folder / final.name
        with _told(final):
            if not differs(before, after):
                shutil.copyfile(source, part)
            else:
                image = read_image(source)
                image.edited(codes_of(before.planes), codes_of(after.planes), conformed.view).write(part, notice)
        out[final] = part
        done()
    return out


def new_images(
    source: Path,
    edited: Path,
    info: VideoInfo,
    target: Numbered,
    folder: Path,
    span: Span,
    notice: str,
    done: Callable[[], None],
    number_of: Callable[[int], int] = lambda index: index,
) -> dict[Path, Path]:
    """Every frame as a new image, by its final path: PNG in the video's own coding, with 16 bits where it has more than
    8; EXR as light. UserError for a coding whose light is not known (PQ, HLG)."""
    if target.after.lower().endswith(".exr"):
        check_light(info)
    out = {}
    for index, before, after in pairs(source, edited, span):
        final = target.path(number_of(index))
        part, said = folder / final.name, notice if differs(before, after) else ""
        rgb = after.region_rgb((0, 0, after.width, after.height))
        with _told(final):
            if final.suffix.lower() == ".exr":
                space = PRIMARIES.get(info.colour.primaries, REC709)
                aspect = float(info.sample_aspect_ratio)
                write_light(part, light(rgb, info.colour.transfer), info.frame_rate, space, aspect, said)
            else:
                top, kind = (255, np.uint8) if info.bit_depth == 8 else (65535, np.uint16)
                write_png(part, np.round(rgb * top).astype(kind), said, _coding(info))
        out[final] = part
        done()
    return out


def matte_images(
    mattes: Path, target: Numbered, folder: Path, rate: Fraction, number_of: Callable[[int], int],
    done: Callable[[], None],
) -> dict[Path, Path]:  # fmt: skip
    """A video of mattes as images, 8-bit grey or half, by their final paths."""
    out = {}
    for frame in read_frames(mattes):
        final = target.path(number_of(frame.index))
        part, grey = folder / final.name, frame.planes[0]
        with _told(final):
            if final.suffix.lower() == ".exr":
                write_matte(part, grey > 127, rate)
            else:
                write_png(part, np.ascontiguousarray(grey), "")
        out[final] = part
        done()
    return out


def check_light(info: VideoInfo) -> None:
    """UserError for a video whose numbers are not turned to light."""
    if info.colour.transfer not in (*_CAMERA, "iec61966-2-1", "linear"):
        cause = f"its transfer function is {info.colour.transfer}, which is not written as light"
        raise UserError(cause, path=info.path, remedy="write PNG images, or convert it to BT.709 first")


def light(rgb: Float[np.ndarray, "h w 3"], transfer: str) -> Float[np.ndarray, "h w 3"]:
    """Light of a video's RGB in [0, 1]: the inverse of BT.709's camera curve, or of sRGB's, where the video says so."""
    if transfer == "linear":
        return rgb
    if transfer == "iec61966-2-1":
        return light_of(rgb).astype(np.float32)
    return np.where(rgb < 0.081, rgb / 4.5, ((np.maximum(rgb, 0) + 0.099) / 1.099) ** (1 / 0.45)).astype(np.float32)


def _coding(info: VideoInfo) -> bytes:
    """cICP: primaries, transfer, RGB, full range; empty where the video does not say them."""
    primaries = next((k for k, name in PRIMARY_CODES.items() if name == info.colour.primaries), None)
    transfer = next((k for k, name in TRANSFERS.items() if name == info.colour.transfer), None)
    return b"" if primaries is None or transfer is None else bytes([primaries, transfer, 0, 1])


class _told:
    """Errors of writing name the final file."""

    def __init__(self, final: Path) -> None:
        self._final = final

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise failed_write(self._final, error) from error
