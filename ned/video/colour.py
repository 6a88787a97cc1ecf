"""Names of colour properties as ffmpeg writes them, and what is assumed where a file is silent."""

from __future__ import annotations

from typing import Any, NamedTuple

from ned.types import Colour

MATRICES = {
    0: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco", 9: "bt2020nc",
    10: "bt2020c",
}  # fmt: skip
PRIMARIES = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020", 10: "smpte428",
    11: "smpte431", 12: "smpte432", 22: "ebu3213",
}  # fmt: skip
TRANSFERS = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "linear", 9: "log100", 10: "log316",
    11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1", 14: "bt2020-10", 15: "bt2020-12", 16: "smpte2084",
    17: "smpte428", 18: "arib-std-b67",
}  # fmt: skip
RANGES = {1: "tv", 2: "pc"}

_WEIGHTS = {
    "bt709": (0.2126, 0.0722),
    "fcc": (0.30, 0.11),
    "bt470bg": (0.299, 0.114),
    "smpte170m": (0.299, 0.114),
    "smpte240m": (0.212, 0.087),
    "bt2020nc": (0.2627, 0.0593),
    "bt2020c": (0.2627, 0.0593),
}
_SWSCALE = {"bt709": 1, "fcc": 4, "bt470bg": 5, "smpte170m": 5, "smpte240m": 7, "bt2020nc": 9, "bt2020c": 9}


class Encoding(NamedTuple):
    """How samples of one video become RGB: the matrix really used and its numbers."""

    matrix: str
    red: float
    """Weight of red in the luma; likewise `blue`."""
    blue: float
    full_range: bool

    @property
    def swscale_matrix(self) -> int:
        """swscale's number of the matrix."""
        return _SWSCALE[self.matrix]


def colour_of(frame: Any, pixel_format: str) -> Colour:
    """What a decoded PyAV frame says about its colours; a `yuvj` format means full range."""
    name_of_range = RANGES.get(int(frame.color_range), "unknown")
    return Colour(
        matrix=MATRICES.get(int(frame.colorspace), "unknown"),
        primaries=PRIMARIES.get(int(frame.color_primaries), "unknown"),
        transfer=TRANSFERS.get(int(frame.color_trc), "unknown"),
        range="pc" if pixel_format.startswith("yuvj") else name_of_range,
    )


def encoding_of(colour: Colour, height: int, width: int) -> Encoding:
    """The conversion to use. An unknown matrix is BT.709 from 720 lines on and BT.601 below, as most players
    have it (swscale, and so PyAV's `to_ndarray`, takes BT.601 for every size); an unknown range is limited."""
    matrix = colour.matrix
    if matrix not in _WEIGHTS:
        matrix = "bt709" if min(height, width) >= 720 or max(height, width) >= 1280 else "smpte170m"
    return Encoding(matrix, *_WEIGHTS[matrix], full_range=colour.range == "pc")
