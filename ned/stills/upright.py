"""An image out of its file: upright pixels in the file's own depth, and what is kept when it is written again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt, UInt8

from ned.errors import UserError

MAX_PIXELS = 100_000_000
MAX_SIDE = 30_000


@dataclass(frozen=True)
class StillImage:
    """Upright pixels and the rest of a file."""

    path: Path
    kind: str
    """JPEG, PNG, WEBP, TIFF or HEIF."""
    pixels: UInt[np.ndarray, "h w 3"]
    """RGB as stored, uint8 or uint16, turned upright."""
    alpha: UInt[np.ndarray, "h w"] | None = None
    grey: bool = False
    """The file has one channel; the three are alike."""
    orientation: int = 1
    """EXIF's; the file's pixels are turned so, and will be again."""
    exif: bytes = b""
    icc: bytes = b""
    xmp: bytes = b""
    iptc: bytes = b""
    """Photoshop's resources of a JPEG, see `ned.stills.metadata.iptc_of`."""
    comment: bytes = b""
    """Of a JPEG."""
    chunks: tuple[bytes, ...] = ()
    """Of a PNG."""
    how: dict[str, Any] = field(default_factory=dict)
    """How to write it again, as Pillow's `save` takes it."""

    @property
    def bits(self) -> int:
        return 8 * self.pixels.dtype.itemsize

    def with_pixels(self, pixels: UInt[np.ndarray, "h w 3"]) -> StillImage:
        """The same file with other pixels."""
        return replace(self, pixels=pixels)


def check_size(path: Path, height: int, width: int) -> None:
    """Raise UserError for an image that is too large, or too small to show a face."""
    if height * width > MAX_PIXELS or max(height, width) > MAX_SIDE:
        said = f"has {width}x{height} pixels"
        raise UserError(said, path=path, remedy="give one of up to 100 megapixels, no side over 30000")
    if min(height, width) < 32:
        raise UserError(f"has only {width}x{height} pixels", path=path, remedy="give a larger one")


_TURNS = {  # what turns stored pixels upright: quarter turns counter-clockwise after a mirror from left to right
    1: (0, False), 2: (0, True), 3: (2, False), 4: (2, True), 5: (1, True), 6: (3, False), 7: (3, True), 8: (1, False),
}  # fmt: skip


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Stored pixels upright."""
    quarters, mirrored = _TURNS[orientation]
    out = pixels[:, ::-1] if mirrored else pixels
    return np.ascontiguousarray(np.rot90(out, quarters))


def turned_back(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """The inverse of `turned`."""
    quarters, mirrored = _TURNS[orientation]
    out = np.rot90(pixels, -quarters)
    return np.ascontiguousarray(out[:, ::-1] if mirrored else out)


def eight_bits(samples: UInt[np.ndarray, "..."]) -> UInt8[np.ndarray, "..."]:
    """Of 16, rounded; 8 stay as they are."""
    if samples.dtype == np.uint8:
        return samples
    return ((samples.astype(np.uint32) + 128) // 257).astype(np.uint8)
