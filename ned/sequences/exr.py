"""OpenEXR images: every channel, attribute and part of a file is kept; only red, green and blue are edited.

Files are read and written by the OpenEXR project's own library (extra `exr`).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, UInt16

from ned.errors import UserError
from ned.sequences.view import REC709, SPACES, View, known_space
from ned.video.probe import MAX_PIXELS

NOTICE = "comments"
"""OpenEXR's standard attribute for words on an image."""
_SPACE_ATTRIBUTES = ("colorInteropID", "colorSpace", "oiio:ColorSpace")
_LOSSY = ("PXR24_COMPRESSION", "B44_COMPRESSION", "B44A_COMPRESSION", "DWAA_COMPRESSION", "DWAB_COMPRESSION",
          "LJ2K_COMPRESSION")  # fmt: skip
_MAX_BYTES = 4 * 1024**3


def library() -> Any:
    """The module. UserError where it is not installed."""
    try:
        import OpenEXR
    except ImportError as error:
        raise UserError("OpenEXR images need a library that is not installed",
                        remedy="pip install 'ned[exr]'") from error  # fmt: skip
    return OpenEXR


@dataclass(frozen=True)
class ExrImage:
    """A whole file. `rgb` are the names of the edited channels of its first part that has them."""

    path: Path
    file: Any
    part: int
    rgb: tuple[str, str, str]

    @classmethod
    def read(cls, path: Path) -> ExrImage:
        """UserError for what is damaged, too large, deep, or has no plain red, green and blue."""
        exr = library()
        try:
            if path.stat().st_size > _MAX_BYTES:
                raise UserError("is larger than 4 GiB", path=path, remedy="give a smaller image")
            _check_sizes(path, exr.File(str(path), header_only=True).parts)
            file = exr.File(str(path), separate_channels=True)
        except (RuntimeError, ValueError, OSError, TypeError, MemoryError, OverflowError) as error:
            said = " ".join(str(error).split())[:120]
            raise UserError(f"is no OpenEXR image, or damaged ({said})", path=path, remedy="render it again") from error
        for k, part in enumerate(file.parts):
            names = _rgb_names(part)
            if names is not None:
                return cls(path, file, k, names)
        raise UserError("has no channels R, G and B of full size", path=path, remedy="render flat RGB images")

    @property
    def header(self) -> dict[str, Any]:
        """Attributes of the part that is edited."""
        return self.file.parts[self.part].header

    @property
    def samples(self) -> Float[np.ndarray, "h w 3"]:
        """Red, green and blue, as they are stored."""
        channels = self.file.parts[self.part].channels
        return np.stack([channels[name].pixels for name in self.rgb], -1)

    @property
    def frame_rate(self) -> Fraction | None:
        """As the file says, where it does."""
        said = self.header.get("framesPerSecond")
        return said if isinstance(said, Fraction) and 0 < said <= 1000 else None

    def view(self, space: str | None, tall: bool) -> View:
        """How it is shown: in the space that is named, else that which the header says, else BT.709's primaries."""
        said = [known_space(str(self.header[name])) for name in _SPACE_ATTRIBUTES if name in self.header]
        chosen = space or next((name for name in said if name), None)
        if chosen is not None:
            return View(SPACES[chosen], chosen == "srgb", tall)
        own = self.header.get("chromaticities")
        return View(REC709 if own is None else tuple(float(v) for v in own), False, tall)

    def codes(self, view: View) -> UInt16[np.ndarray, "h w 3"]:
        """What a screen shows of it."""
        return view.codes(self.samples)

    def edited(
        self, before: UInt16[np.ndarray, "h w 3"], after: UInt16[np.ndarray, "h w 3"], view: View
    ) -> ExrImage:
        """Put what changed in its view into its own samples, and hand it back; all others keep their bits."""
        changed: Bool[np.ndarray, "h w"] = (before != after).any(-1)
        added = view.difference(before[changed], after[changed])
        channels = self.file.parts[self.part].channels
        for k, name in enumerate(self.rgb):
            pixels = channels[name].pixels
            pixels[changed] = (pixels[changed].astype(np.float64) + added[:, k]).astype(pixels.dtype)
        return self

    def write(self, path: Path, notice: str = "") -> None:
        """All of it, without loss, with a notice after what its comment says. Raises OSError."""
        exr = library()
        header = self.header
        lossy = [getattr(exr, name, None) for name in _LOSSY]
        if header["compression"] in lossy:  # encoded a second time, all pixels would change
            header["compression"] = exr.ZIP_COMPRESSION
        if notice and notice not in str(header.get(NOTICE, "")):
            header[NOTICE] = "\n".join(filter(None, [str(header.get(NOTICE, "")), notice]))
        _write(self.file, path)


def write_light(
    path: Path, light: Float[np.ndarray, "h w 3"], rate: Fraction, space: tuple[float, ...], aspect: float, notice: str
) -> None:
    """Light of primaries `space` as a new file of 16-bit half. Raises OSError."""
    exr = library()
    header = {
        "compression": exr.ZIP_COMPRESSION, "type": exr.scanlineimage, "chromaticities": tuple(space),
        "framesPerSecond": Fraction(rate), "pixelAspectRatio": float(aspect), NOTICE: notice,
    }  # fmt: skip
    known = next((name for name, primaries in SPACES.items() if primaries == space), None)
    if known:
        header["colorSpace"] = known
    halves = light.astype(np.float16)
    _write(exr.File(header, {n: np.ascontiguousarray(halves[..., k]) for k, n in enumerate("RGB")}), path)


def write_matte(path: Path, matte: Bool[np.ndarray, "h w"], rate: Fraction) -> None:
    """One channel `A`, 16-bit half: 1 where it is true. Raises OSError."""
    exr = library()
    header = {"compression": exr.ZIP_COMPRESSION, "type": exr.scanlineimage, "framesPerSecond": Fraction(rate)}
    _write(exr.File(header, {"A": matte.astype(np.float16)}), path)


def _write(file: Any, path: Path) -> None:
    try:
        file.write(str(path))
    except (RuntimeError, ValueError) as error:
        raise OSError(" ".join(str(error).split())[:200]) from error


def _rgb_names(part: Any) -> tuple[str, str, str] | None:
    channels = part.channels
    for prefix in ("", *sorted({name.rpartition(".")[0] + "." for name in channels if "." in name})):
        names = tuple(prefix + c for c in "RGB")
        found = [channels.get(name) for name in names]
        if all(c is not None and getattr(c.pixels, "ndim", 0) == 2 and c.pixels.dtype.kind == "f" for c in found):
            return names
    return None


def _check_sizes(path: Path, parts: list[Any]) -> None:
    for part in parts:
        low, high = part.header["dataWindow"]
        width, height = (int(v) for v in np.asarray(high, np.int64) - np.asarray(low, np.int64) + 1)
        if width < 1 or height < 1 or width * height > MAX_PIXELS:
            raise UserError(f"is {width}x{height}", path=path, remedy="give images of 8192x4608 or less")
