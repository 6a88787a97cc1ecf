"""One of numbered images, of either kind, behind one contract."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt16

from ned.errors import UserError
from ned.sequences.exr import ExrImage
from ned.sequences.view import View
from ned.stills.image import encoded
from ned.stills.image import read_image as read_still
from ned.stills.upright import StillImage

_STEP = 257
"""16-bit codes that one of 8 bits stands for."""


@runtime_checkable
class NumberedImage(Protocol):
    """A whole file with all that it holds; its view has 16 bits."""

    @property
    def frame_rate(self) -> Fraction | None:
        """As the file says, where it does."""

    def view(self, space: str | None, tall: bool) -> View:
        """How it is shown; `space` where the user named one, `tall` as of `View`."""

    def codes(self, view: View) -> UInt16[np.ndarray, "h w 3"]:
        """What a screen shows of it."""

    def edited(
        self, before: UInt16[np.ndarray, "h w 3"], after: UInt16[np.ndarray, "h w 3"], view: View
    ) -> NumberedImage:
        """The image, in place of this one, with what changed in its view; all other samples keep their bits."""

    def write(self, path: Path, notice: str = "") -> None:
        """All of it, without loss, with a notice in its comment. Raises OSError."""


@dataclass(frozen=True)
class PngImage:
    """Of 8 or 16 bits, grey or RGB, with or without alpha; its samples are what a screen shows."""

    still: StillImage

    @classmethod
    def read(cls, path: Path) -> PngImage:
        """UserError as of `ned.stills.image.read_image`, and for what is no PNG."""
        still = read_still(path)
        if still.kind != "PNG":
            raise UserError(f"is a {still.kind}, whatever its name says", path=path, remedy="give PNG images")
        return cls(still)

    @property
    def frame_rate(self) -> Fraction | None:
        return None

    def view(self, space: str | None, tall: bool) -> View:
        if space not in (None, "srgb"):
            raise UserError(f"PNG holds no {space}", path=self.still.path, remedy="leave out --colour-space")
        return View(encoded=True, tall=False)

    def codes(self, view: View) -> UInt16[np.ndarray, "h w 3"]:
        pixels = self.still.pixels
        return pixels if pixels.dtype == np.uint16 else pixels.astype(np.uint16) * np.uint16(_STEP)

    def edited(
        self, before: UInt16[np.ndarray, "h w 3"], after: UInt16[np.ndarray, "h w 3"], view: View
    ) -> PngImage:
        pixels = self.still.pixels.copy()
        changed, wide = (before != after).any(-1), after
        if self.still.grey:
            wide = np.repeat(np.round(after.mean(-1, keepdims=True)).astype(np.uint16), 3, 2)
        new = wide[changed]
        pixels[changed] = new if pixels.dtype == np.uint16 else np.round(new / _STEP).astype(np.uint8)
        return PngImage(replace(self.still, pixels=pixels))

    def write(self, path: Path, notice: str = "") -> None:
        path.write_bytes(encoded(self.still, ".png", notice))


READERS = {".exr": ExrImage.read, ".png": PngImage.read}


def read_image(path: Path) -> NumberedImage:
    """By the ending of its name. UserError where it cannot be read."""
    return READERS[path.suffix.lower()](path)


def write_png(path: Path, pixels: np.ndarray, notice: str, coding: bytes = b"") -> None:
    """RGB or grey, uint8 or uint16, as a new file; `coding` is the content of a cICP chunk. Raises OSError."""
    import struct
    import zlib

    import cv2

    from ned.stills.metadata import with_chunks

    done, data = cv2.imencode(".png", pixels[..., ::-1] if pixels.ndim == 3 else pixels)
    if not done:
        raise OSError("the image could not be encoded")
    chunk = b"cICP" + coding
    chunks = (struct.pack(">I", len(coding)) + chunk + struct.pack(">I", zlib.crc32(chunk)),) if coding else ()
    path.write_bytes(with_chunks(data.tobytes(), chunks, notice))
