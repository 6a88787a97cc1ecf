"""Options of what is read: which part of which video, and what numbered images are."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from ned.config.options import check_choice, check_times, option, shown
from ned.errors import UserError

COLOUR_SPACES = ("linear-rec709", "linear-rec2020", "linear-p3d65", "acescg", "aces2065-1", "srgb")
MAX_HANDLES = 10_000


def parse_rate(value: Any) -> Fraction | None:
    """Frames a second from `24`, `23.976` or `24000/1001`. UserError for anything else."""
    if value is None or isinstance(value, Fraction):
        return value
    try:
        rate = Fraction(str(value).strip())
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    for ntsc in (24, 30, 48, 60, 120):  # 23.976 and 29.97 are short for these
        if abs(rate - Fraction(ntsc * 1000, 1001)) < Fraction(1, 1000):
            rate = Fraction(ntsc * 1000, 1001)
    if not Fraction(1, 10) <= rate <= 1000:
        raise UserError(f"frame rate is {shown(value)}", remedy="give frames a second, such as 24 or 24000/1001")
    return rate


@dataclass(frozen=True)
class SourceOptions:
    """Which part of which video. Times in seconds of it."""

    input: Path = option(
        help="video with a talking person; several, a folder or a pattern: all of them; shot.%04d.exr or .png: "
        "numbered images; edit.otio: every clip of a cut", metavar="IN",
    )  # fmt: skip
    start_s: float | None = option(
        None, flag="--start", metavar="TIME", help="begin here: seconds or [hh:]mm:ss[.f]; default: the first frame"
    )
    end_s: float | None = option(
        None, flag="--end", metavar="TIME", help="stop here: seconds or [hh:]mm:ss[.f]; default: the last frame"
    )
    handles: int = option(
        0, metavar="N", help="so many frames more before the start and after the end, edited likewise"
    )
    frame_rate: Fraction | None = option(
        None, metavar="N", parse=parse_rate, help="of numbered images; default: as they say, else 24"
    )
    colour_space: str | None = option(
        None, choices=COLOUR_SPACES, help="of numbered EXR images; default: as they say, else linear-rec709"
    )
    cache: bool = option(True, help="keep and use the analysis of a video")

    @property
    def cut(self) -> bool:
        """Whether it is a part of the video."""
        return self.start_s is not None or self.end_s is not None

    def check_source(self) -> None:
        """Raise UserError for options that do not fit or do not go together."""
        check_times(self.start_s, self.end_s)
        if self.colour_space is not None:
            check_choice("colour-space", self.colour_space, COLOUR_SPACES)
        if not 0 <= self.handles <= MAX_HANDLES:
            raise UserError(f"handles is {self.handles}", remedy=f"give 0 to {MAX_HANDLES} frames")
        if self.handles and not self.cut:
            raise UserError("handles need a start or an end", remedy="give --start or --end, or leave --handles out")
