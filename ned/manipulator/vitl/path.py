"""A path through the plane: places at times, glided between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ned.config.options import parse_time
from ned.errors import UserError
from ned.manipulator.vitl.plane import check_place

MAX_STOPS = 1000


@dataclass(frozen=True)
class Stop:
    """Where the path is at a time in seconds."""

    time_s: float
    valence: float
    arousal: float


def parse_path(text: str) -> tuple[Stop, ...]:
    """`"0:-.4,-.2 5:.6,.4"`. Raises UserError for anything else, for places outside the disc and times that do not
    ascend."""
    stops: list[Stop] = []
    for word in str(text).split():
        try:
            time, place = word.rsplit(":", 1)
            valence, arousal = (float(number) for number in place.split(","))
            stop = Stop(parse_time(time), valence, arousal)
        except ValueError as error:
            remedy = "write TIME:VALENCE,AROUSAL, such as 0:-.4,-.2 5:.6,.4"
            raise UserError(f"{word[:80]!r} is no stop of a path", remedy=remedy) from error
        check_place(stop.valence, stop.arousal)
        if stops and stop.time_s <= stops[-1].time_s:
            raise UserError(f"the path goes back in time at {word[:80]!r}", remedy="give ascending times")
        stops.append(stop)
    if not stops or len(stops) > MAX_STOPS:
        raise UserError(f"a path has 1 to {MAX_STOPS} stops, this {len(stops)}", remedy="write TIME:VALENCE,AROUSAL")
    return tuple(stops)


def glide(stops: tuple[Stop, ...], times_s: Float[np.ndarray, "frames"]) -> Float[np.ndarray, "frames 2"]:
    """The place at each time: eased in and out between stops, held before the first and after the last."""
    at = np.array([stop.time_s for stop in stops])
    places = np.array([[stop.valence, stop.arousal] for stop in stops])
    after = np.clip(np.searchsorted(at, times_s, side="right"), 1, max(len(at) - 1, 1))
    if len(at) == 1:
        return np.repeat(places, len(times_s), axis=0)
    share = np.clip((times_s - at[after - 1]) / (at[after] - at[after - 1]), 0.0, 1.0)
    share = (share * share * (3 - 2 * share))[:, None]
    return places[after - 1] * (1 - share) + places[after] * share
