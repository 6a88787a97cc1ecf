"""Places on the plane of valence and arousal as a user writes them."""

from __future__ import annotations

import math
import re

from ned.errors import UserError

_PLACE = re.compile(r"va\(([^(),]*),([^(),]*)\)")


def check_place(valence: float, arousal: float) -> tuple[float, float]:
    """The two. Raises UserError where they lie outside the disc of radius 1."""
    size = math.hypot(valence, arousal)
    if not size <= 1.0 + 1e-6:
        raise UserError(
            f"valence {valence:g} and arousal {arousal:g} lie outside the circle of radius 1",
            remedy=f"scale both by {1 / size:.2f} or less" if math.isfinite(size) else "give two numbers",
        )  # fmt: skip
    return valence, arousal


def place_asked(valence: float | None, arousal: float | None) -> tuple[float, float] | None:
    """Both, where one of them was given; the other is 0 then. Raises UserError outside the disc."""
    return None if valence is None and arousal is None else check_place(valence or 0.0, arousal or 0.0)


def parse_place(text: str) -> tuple[float, float] | None:
    """The place of `va(VALENCE,AROUSAL)`; None for other text. Raises UserError for what is no number, or outside."""
    found = _PLACE.fullmatch(text.replace(" ", ""))
    if found is None:
        return None
    try:
        return check_place(*(float(number) for number in found.groups()))
    except ValueError as error:
        raise UserError(f"{text[:40]!r} is no place", remedy="write va(VALENCE,AROUSAL), such as va(.7,.3)") from error


def name_of(place: tuple[float, float]) -> str:
    """In the name of a file: `valence+0.7_arousal+0.3`."""
    return "valence{:+g}_arousal{:+g}".format(*place)
