"""Pixel formats that a `Frame` holds as they are, and where to take the others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import av

_NATIVE = re.compile(
    r"(yuvj?|yuva)(410|411|420|422|440|444)p(9le|10le|12le|14le|16le)?|gray(9le|10le|12le|14le|16le)?|gbra?p(9le|10le|12le|14le|16le)?"
)
_PLANAR = {
    "nv12": "yuv420p", "nv21": "yuv420p", "nv16": "yuv422p", "nv24": "yuv444p", "nv42": "yuv444p",
    "nv20le": "yuv422p10le",
    "p010le": "yuv420p10le", "p012le": "yuv420p12le", "p016le": "yuv420p16le",
    "p210le": "yuv422p10le", "p212le": "yuv422p12le", "p216le": "yuv422p16le",
    "p410le": "yuv444p10le", "p412le": "yuv444p12le", "p416le": "yuv444p16le",
    "yuyv422": "yuv422p", "uyvy422": "yuv422p", "yvyu422": "yuv422p", "uyyvyy411": "yuv411p",
    "y210le": "yuv422p10le", "y212le": "yuv422p12le", "xv30le": "yuv444p10le", "xv36le": "yuv444p12le",
    "vuyx": "yuv444p", "vuya": "yuva444p", "ayuv64le": "yuva444p16le",
    "monob": "gray", "monow": "gray", "ya8": "gray", "ya16le": "gray16le",
}  # fmt: skip


@dataclass(frozen=True)
class PixelFormat:
    """A planar format. `shift_x`, `shift_y` are log2 of the chroma subsampling; `kind` is yuv, gray or gbr."""

    name: str
    kind: str
    bits: int
    planes: int
    shift_x: int
    shift_y: int

    def plane_shape(self, plane: int, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of a plane of an image of this size."""
        if self.kind == "yuv" and plane in (1, 2):
            return -(-height >> self.shift_y), -(-width >> self.shift_x)
        return height, width


@lru_cache(maxsize=64)
def describe(name: str) -> PixelFormat:
    """The description of a native format; ValueError for one that `planar_format` would replace."""
    if not _NATIVE.fullmatch(name):
        raise ValueError(f"{name} is not a planar format")
    components = av.VideoFormat(name, 64, 64).components
    kind = "gray" if name.startswith("gray") else "gbr" if name.startswith("gbr") else "yuv"
    shift_x = shift_y = 0
    if kind == "yuv":
        shift_x = (64 // components[1].width).bit_length() - 1
        shift_y = (64 // components[1].height).bit_length() - 1
    return PixelFormat(name, kind, components[0].bits, len(components), shift_x, shift_y)


@lru_cache(maxsize=64)
def planar_format(name: str) -> str:
    """`name` itself where a `Frame` holds it, else the planar format that loses nothing of it."""
    if _NATIVE.fullmatch(name):
        return name
    if name in _PLANAR:
        return _PLANAR[name]
    if name.endswith("be") and _NATIVE.fullmatch(name[:-2] + "le"):
        return name[:-2] + "le"
    components = av.VideoFormat(name, 64, 64).components
    deep = max(c.bits for c in components) > 8
    if name == "pal8" or av.VideoFormat(name, 64, 64).is_rgb:
        alpha = name == "pal8" or any(c.is_alpha for c in components)
        return ("gbrap" if alpha else "gbrp") + ("16le" if deep else "")
    return "yuv444p16le" if deep else "yuv444p"
