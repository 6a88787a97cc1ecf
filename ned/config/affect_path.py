"""A path through the plane of valence and arousal as a user writes it: places at times.

On the command line `0:-.4,-.2 5:.6,.4`; in YAML that text, or a list of `{time: 5, valence: .6, arousal: .4}`.
`ned.manipulator.vitl.path` glides along it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ned.config.affect import check_place
from ned.config.options import parse_time
from ned.errors import UserError

MAX_STOPS = 1000
_SAID_STOPS = 6
_KEYS = ("time", "valence", "arousal")
_EXPECTED = 'write TIME:VALENCE,AROUSAL with ascending times, such as "0:-.4,-.2 5:.6,.4"'
_EXPECTED_LIST = "write a list of entries such as {time: 5, valence: .6, arousal: .4}"


@dataclass(frozen=True)
class Stop:
    """Where the path is at a time, in seconds of the input video."""

    time_s: float
    valence: float
    arousal: float

    def said(self) -> str:
        """For example `va(0.6,0.4) at 5 s`."""
        return f"va({self.valence:g},{self.arousal:g}) at {self.time_s:g} s"


def parse_path(value: Any) -> tuple[Stop, ...]:
    """The stops of a path, from text or YAML's list; a path that was parsed already stays as it is.

    Raises UserError for anything else, for places outside the disc, and for times that do not ascend.
    """
    if isinstance(value, tuple) and all(isinstance(stop, Stop) for stop in value):
        return value
    if isinstance(value, Sequence) and not isinstance(value, str):
        stops = [_from_entry(entry, number) for number, entry in enumerate(value, start=1)]
    else:
        stops = [_from_word(word) for word in str(value).split()]
    if not stops:
        raise UserError("the path has no stop", remedy=_EXPECTED)
    if len(stops) > MAX_STOPS:
        raise UserError(f"the path has {len(stops)} stops", remedy=f"give up to {MAX_STOPS}")
    for before, after in zip(stops, stops[1:], strict=False):
        if after.time_s <= before.time_s:
            cause = f"the path goes from {before.time_s:g} s to {after.time_s:g} s"
            raise UserError(cause, remedy="write the times in ascending order, each once")
    return tuple(stops)


def said_path(stops: Sequence[Stop]) -> str:
    """In words; of a long path its ends."""
    if len(stops) <= _SAID_STOPS:
        return ", ".join(stop.said() for stop in stops)
    return f"{stops[0].said()}, {len(stops) - 2} more, {stops[-1].said()}"


def _from_word(word: str) -> Stop:
    try:
        time, colon, place = word.rstrip(",;").rpartition(":")
        valence, arousal = place.split(",")
        return _stop(time if colon else "", valence, arousal)
    except ValueError as error:
        raise UserError(f"path: {word[:40]!r} is no stop", remedy=_EXPECTED) from error


def _from_entry(entry: Any, number: int) -> Stop:
    try:
        if not isinstance(entry, Mapping) or set(entry) != set(_KEYS):
            raise ValueError
        return _stop(*(entry[key] for key in _KEYS))
    except (TypeError, ValueError) as error:
        raise UserError(f"path: entry {number} is {str(entry)[:40]!r}", remedy=_EXPECTED_LIST) from error


def _stop(time: Any, valence: Any, arousal: Any) -> Stop:
    """Raises ValueError for what is no number, UserError for a place outside the disc."""
    if any(isinstance(value, bool) for value in (time, valence, arousal)):
        raise ValueError
    place = float(valence), float(arousal)
    if not all(map(math.isfinite, place)):
        raise ValueError
    return Stop(parse_time(time), *check_place(*place))
