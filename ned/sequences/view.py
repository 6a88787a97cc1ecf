"""Scene-linear light and what a screen shows of it: colour spaces, and a curve that can be taken back.

The curve is sRGB's (IEC 61966-2-1) up to 1. Where light above that must survive, it takes four fifths of the scale,
and a logarithm, which goes on as steeply, the last fifth, up to 16. Brighter light is kept, too: an edit adds to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, UInt16

REC709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
"""Chromaticities of red, green, blue and white, x and y each, as OpenEXR has them."""
_REC2020 = (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290)
_P3 = (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.3127, 0.3290)
_ACES_WHITE = (0.32168, 0.33767)
SPACES: dict[str, tuple[float, ...]] = {
    "linear-rec709": REC709,
    "linear-rec2020": _REC2020,
    "linear-p3d65": _P3,
    "acescg": (0.713, 0.293, 0.165, 0.830, 0.128, 0.044, *_ACES_WHITE),
    "aces2065-1": (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.0770, *_ACES_WHITE),
    "srgb": REC709,
}
"""Colour spaces that can be named; all but srgb are light itself."""
_ALIASES = {
    "lin_rec709": "linear-rec709", "linear": "linear-rec709", "lin_srgb": "linear-rec709",
    "lin_rec709_scene": "linear-rec709", "linear rec.709 (srgb)": "linear-rec709",
    "lin_rec2020": "linear-rec2020", "lin_rec2020_scene": "linear-rec2020", "lin_p3d65": "linear-p3d65",
    "lin_p3d65_scene": "linear-p3d65", "aces - acescg": "acescg", "lin_ap1": "acescg", "lin_ap1_scene": "acescg",
    "aces - aces2065-1": "aces2065-1", "lin_ap0": "aces2065-1", "lin_ap0_scene": "aces2065-1",
    "srgb_texture": "srgb", "srgb_rec709_scene": "srgb",
}  # fmt: skip
PRIMARIES = {"bt709": REC709, "bt2020": _REC2020, "smpte432": _P3}
"""Of videos, by ffmpeg's names; what is not here is taken for BT.709."""
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_SHARE, _MOST, _BEND = 0.8, 16.0, 8.55
"""Where light of 1 stands on the scale, where the scale ends, and the logarithm's bend, with which the slopes meet at
1: on a flatter curve the overshoot of sharpened highlights would become sparks."""


def known_space(name: str) -> str | None:
    """One of `SPACES` for a name as files write it; None for others."""
    plain = name.strip().lower()
    return plain if plain in SPACES else _ALIASES.get(plain)


def rec709_from(chromaticities: tuple[float, ...]) -> Float[np.ndarray, "3 3"]:
    """Light of these primaries as light of BT.709's, the white adapted after Bradford."""
    white = _xyz(*chromaticities[6:])
    cone = _BRADFORD @ _xyz(*REC709[6:]) / (_BRADFORD @ white)
    adapted = np.linalg.inv(_BRADFORD) @ (cone[:, None] * _BRADFORD)
    return np.linalg.inv(_to_xyz(REC709)) @ adapted @ _to_xyz(chromaticities)


def _xyz(x: float, y: float) -> Float[np.ndarray, "3"]:
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _to_xyz(c: tuple[float, ...]) -> Float[np.ndarray, "3 3"]:
    columns = np.array([[c[k], c[k + 1], 1 - c[k] - c[k + 1]] for k in (0, 2, 4)]).T
    return columns * np.linalg.solve(columns, _xyz(*c[6:]))


def srgb_of(light: Float[np.ndarray, "*s"]) -> Float[np.ndarray, "*s"]:
    """sRGB's curve; light and result in [0, 1]."""
    x = np.clip(light, 0, 1)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)


def light_of(code: Float[np.ndarray, "*s"]) -> Float[np.ndarray, "*s"]:
    """The inverse of `srgb_of`."""
    return np.where(code <= 0.04045, code / 12.92, ((np.maximum(code, 0) + 0.055) / 1.055) ** 2.4)


@dataclass(frozen=True)
class View:
    """How images of one space are shown. `tall`: light up to 16 has its place, else it ends at 1."""

    chromaticities: tuple[float, ...] = REC709
    encoded: bool = False
    """The samples are sRGB already."""
    tall: bool = True

    @property
    def matrix(self) -> Float[np.ndarray, "3 3"]:
        return np.eye(3) if self.encoded else rec709_from(self.chromaticities)

    def codes(self, samples: Float[np.ndarray, "*s 3"]) -> UInt16[np.ndarray, "*s 3"]:
        """What is shown, 0 to 65535; exact to half precision."""
        finite = np.nan_to_num(np.asarray(samples, np.float32), nan=0.0, posinf=65504.0, neginf=-65504.0)
        shown = finite @ self.matrix.T.astype(np.float32)
        with np.errstate(over="ignore"):
            halves = np.ascontiguousarray(shown.astype(np.float16)).view(np.uint16)
        return _shown(self.encoded, self.tall)[halves]

    def difference(
        self, before: UInt16[np.ndarray, "n 3"], after: UInt16[np.ndarray, "n 3"]
    ) -> Float[np.ndarray, "n 3"]:
        """What is to be added to samples so that they show `after` in place of `before`."""
        light = _light(self.encoded, self.tall)
        return (light[after] - light[before]) @ np.linalg.inv(self.matrix).T


@lru_cache(maxsize=4)
def _shown(encoded: bool, tall: bool) -> UInt16[np.ndarray, "65536"]:
    """By the bits of a half-precision number, its code."""
    light = np.arange(65536, dtype=np.uint16).view(np.float16).astype(np.float64)
    light = np.nan_to_num(light, nan=0.0, posinf=65504.0, neginf=0.0)
    low = np.clip(light, 0, 1) if encoded else srgb_of(light)
    if tall:
        rest = np.log1p(_BEND * (np.clip(light, 1, _MOST) - 1)) / np.log1p(_BEND * (_MOST - 1))
        high = _SHARE + (1 - _SHARE) * rest
        low = np.where(light > 1, high, _SHARE * low)
    return np.round(low * 65535).astype(np.uint16)


@lru_cache(maxsize=4)
def _light(encoded: bool, tall: bool) -> Float[np.ndarray, "65536"]:
    """The inverse, by code."""
    code = np.arange(65536) / 65535
    low = code / _SHARE if tall else code
    light = low if encoded else light_of(np.minimum(low, 1.0))
    high = 1 + np.expm1((code - _SHARE) / (1 - _SHARE) * np.log1p(_BEND * (_MOST - 1))) / _BEND
    return np.where(code > _SHARE, high, light) if tall else light
