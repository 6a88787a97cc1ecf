"""What is known of a face while it is followed: an unbroken piece of a person's track, and where it is now."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from ned.analysis.appearance import Appearance
from ned.analysis.landmarks import Roi
from ned.analysis.skin import SkinSamples

APPEARANCE_EVERY = 12
"""Frames between two appearance embeddings of a person."""


@dataclass
class Tracklet:
    """One face through consecutive frames of a shot (short gaps skipped)."""

    frames: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    """Where the landmarks of each frame lie in the tracker's store."""
    boxes: list[Float[np.ndarray, "xyxy=4"]] = field(default_factory=list)
    appearances: list[Appearance] = field(default_factory=list)
    looked: list[int] = field(default_factory=list)
    """The frame of each of these."""
    skin: SkinSamples = field(default_factory=SkinSamples)
    mouth: list[float] = field(default_factory=list)
    confirmed: int = 0
    """How often the detector saw the face too."""

    def forget_last(self) -> None:
        """Take the last frame back."""
        if self.frames:
            self.forget_from(self.frames[-1])

    def forget_from(self, index: int) -> None:
        """Take all frames from `index` on back."""
        kept = bisect_left(self.frames, index)
        for values in (self.frames, self.rows, self.boxes, self.mouth):
            del values[kept:]
        kept = bisect_left(self.looked, index)
        del self.appearances[kept:], self.looked[kept:]
        self.skin.forget_from(index)


@dataclass
class Live:
    """The state of a face that is being followed."""

    tracklet: Tracklet
    points: Float[np.ndarray, "478 3"]
    roi: Roi
    box: Float[np.ndarray, "xyxy=4"]
    velocity: tuple[float, float] = (0.0, 0.0)
    missed: int = 0
    """Frames since the face was seen last, or 0."""
    turned_away: bool = False
    presence: float = 1.0
    doubted: int = 0
    since_appearance: int = APPEARANCE_EVERY


@dataclass(frozen=True)
class TrackerState:
    """What a tracker knows after a frame; landmarks and old embeddings are in its stores."""

    live: list[Live]
    done: list[Tracklet]
    age: int
    turn: int
    rows: int
    """Of the store; likewise `skin_rows`."""
    skin_rows: int
