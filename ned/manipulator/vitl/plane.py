"""The plane of valence and arousal (Russell, 1980): where emotions lie in it, and what lies between them.

Places are those of AffectNet's class means (A. Mollahosseini, B. Hasani, M. H. Mahoor, 2019), scaled to length 1 as the
paper has it; neutral is the middle. Its classes leave low arousal empty, so three anchors are added there by hand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields

import numpy as np
from jaxtyping import Float

from ned.config import affect
from ned.manipulator.prototypes import PROTOTYPES
from ned.manipulator.speech import MouthTarget
from ned.types import EMOTIONS

CLASS_MEANS = {
    "happy": (0.665, 0.070), "surprised": (0.180, 0.689), "fear": (-0.125, 0.766), "angry": (-0.452, 0.566),
    "disgusted": (-0.694, 0.457), "sad": (-0.636, -0.257),
}  # fmt: skip
"""Valence and arousal of AffectNet's classes, before scaling."""


@dataclass(frozen=True)
class Anchor:
    """A display that is no class of AffectNet: amounts as of a `Prototype`, and its angle."""

    degrees: float
    adds: dict[str, float] = field(default_factory=dict)


ANCHORS = {
    "relaxed": Anchor(-39.0, {
        "mouthSmile": 0.30, "eyeBlink": 0.16, "mouthDimple": 0.08, "browDown": -0.05, "eyeSquint": 0.05,
    }),
    "tired": Anchor(-90.0, {
        "eyeBlink": 0.42, "browOuterUp": -0.20, "browInnerUp": -0.10, "mouthFrown": 0.12, "mouthShrugLower": 0.05,
    }),
    "bored": Anchor(-120.0, {
        "eyeBlink": 0.34, "browOuterUp": -0.15, "mouthFrown": 0.30, "mouthPress": 0.15, "mouthShrugLower": 0.20,
        "mouthDimple": 0.15, "browDown": 0.10,
    }),
}  # fmt: skip
"""Low arousal, after FACS: AU 43 weakly (lids), slack brows, AU 15, 17 and 14 for boredom, a weak AU 12 when at ease.
"""


def _degrees(name: str) -> float:
    if name in ANCHORS:
        return ANCHORS[name].degrees
    valence, arousal = CLASS_MEANS[name]
    return math.degrees(math.atan2(arousal, valence))


NAMES = ("neutral", *CLASS_MEANS, *ANCHORS)
"""Everything that has a place."""

DEGREES = {name: _degrees(name) for name in NAMES if name != "neutral"}
"""Angle on the ring, counter-clockwise from valence 1."""


def place_of(name: str) -> Float[np.ndarray, "2"]:
    """Valence and arousal of a label: (0, 0) for neutral, else a point of the unit circle. KeyError for others."""
    if name == "neutral":
        return np.zeros(2)
    angle = math.radians(DEGREES[name])
    return np.array([math.cos(angle), math.sin(angle)])


def check_place(valence: float, arousal: float) -> Float[np.ndarray, "2"]:
    """The two as an array. Raises UserError where they lie outside the disc of radius 1."""
    return np.array(affect.check_place(valence, arousal), np.float64)


def shares_at(places: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n names"]:
    """How much of each of `NAMES` there is at some places: linear in the angle between neighbours on the ring and in
    the radius to neutral; rows sum to 1."""
    ring = sorted(DEGREES, key=DEGREES.__getitem__)
    at = np.array([DEGREES[name] for name in ring])
    radius = np.minimum(np.hypot(places[:, 0], places[:, 1]), 1.0)
    degrees = (np.degrees(np.arctan2(places[:, 1], places[:, 0])) - at[0]) % 360.0 + at[0]
    after = np.searchsorted(at, degrees, side="right") % len(at)
    before = (after - 1) % len(at)
    span = (at[after] - at[before]) % 360.0
    share = ((degrees - at[before]) % 360.0) / span
    out = np.zeros((len(places), len(NAMES)))
    column = np.array([NAMES.index(name) for name in ring])
    rows = np.arange(len(places))
    out[rows, column[before]] += radius * (1.0 - share)
    out[rows, column[after]] += radius * share
    out[:, 0] += 1.0 - radius
    return out


def ring_kernel(one: Float[np.ndarray, "n 2"], other: Float[np.ndarray, "m 2"]) -> Float[np.ndarray, "n m"]:
    """k_Θ(θ, θ') = Σ over `NAMES` of shares at θ times shares at θ': what lies between neighbours on the ring is their
    mixture, in proportion to the angle. A Gaussian's way from fear to anger, 29° of 360°, is steeper in its middle."""
    return shares_at(one) @ shares_at(other).T


def mouth_at(place: Float[np.ndarray, "2"]) -> MouthTarget:
    """How the mouth's opening changes there: that of the emotions around it; nothing changes in the middle, where the
    face is only led back, and at the anchors of low arousal."""
    shares, plain = shares_at(place[None])[0], MouthTarget()
    emotions = [(share, PROTOTYPES[name].mouth) for share, name in zip(shares, NAMES, strict=True)
                if name in EMOTIONS and name != "neutral"]  # fmt: skip

    def mixed(name: str) -> float:
        usual = getattr(plain, name)
        return usual + float(sum(share * (getattr(mouth, name) - usual) for share, mouth in emotions))

    return MouthTarget(**{each.name: mixed(each.name) for each in fields(MouthTarget)})
