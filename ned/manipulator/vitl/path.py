"""A path through the plane: places at times, glided between."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from ned.config.affect_path import Stop


def glide(stops: Sequence[Stop], times_s: Float[np.ndarray, "frames"]) -> Float[np.ndarray, "frames 2"]:
    """The place at each time: eased in and out between stops, held before the first and after the last."""
    at = np.array([stop.time_s for stop in stops])
    places = np.array([[stop.valence, stop.arousal] for stop in stops])
    if len(at) == 1:
        return np.repeat(places, len(times_s), axis=0)
    after = np.clip(np.searchsorted(at, times_s, side="right"), 1, len(at) - 1)
    share = np.clip((times_s - at[after - 1]) / (at[after] - at[after - 1]), 0.0, 1.0)
    share = (share * share * (3 - 2 * share))[:, None]
    return places[after - 1] * (1 - share) + places[after] * share
