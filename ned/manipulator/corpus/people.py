"""Many synthetic people out of few real ones: clean speech tracks without emotion, each with habits of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

from ned.face_model.spaces import mirrored
from ned.manipulator.corpus.visemes import speak
from ned.manipulator.prototypes import SLOW_S, sided
from ned.manipulator.settings import NOMINAL_RATE
from ned.types import ExpressionSpace

SPLITS = ("train", "judge", "test")
"""People for the manipulator, for the classifier that judges it, and for the figures."""

MOODY = (
    "mouthSmile", "cheekSquint", "mouthDimple", "mouthFrown", "mouthShrugLower", "browDown", "noseSneer",
    "browInnerUp", "browOuterUp", "eyeWide", "eyeSquint", "mouthPress", "mouthStretch", "mouthPucker",
)  # fmt: skip
"""Coefficients in which moods live; what is slow in them is taken for a mood, not for speech."""

_SPEAKING = (
    "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRollLower", "mouthRollUpper", "mouthLowerDown",
    "mouthUpperUp", "mouthPress", "mouthStretch", "mouthSmile", "mouthShrugUpper", "mouthShrugLower",
)  # fmt: skip


@dataclass(frozen=True)
class RealTrack:
    """The expression of one real person at the nominal rate, in one piece."""

    person: str
    values: Float[np.ndarray, "frames width"]


def columns_of(space: ExpressionSpace, names: tuple[str, ...]) -> list[int]:
    """Columns of all these coefficients, both sides."""
    return [i for name in names for i in sided(space, name)]


def without_mood(
    space: ExpressionSpace, values: Float[np.ndarray, "frames width"]
) -> Float[np.ndarray, "frames width"]:
    """A track whose slow moods are gone; speech, blinks, gaze and quick gestures stay."""
    out = values.astype(np.float32).copy()
    slow = gaussian_filter1d(out, SLOW_S * NOMINAL_RATE, axis=0, mode="nearest")
    mood = columns_of(space, MOODY)
    out[:, mood] = 0.8 * (out - slow)[:, mood]
    return np.clip(out, 0.0, 1.0)


def synthetic_person(
    space: ExpressionSpace, real: list[RealTrack], frames: int, rng: np.random.Generator
) -> Float[np.ndarray, "frames width"]:
    """Clean speech of someone new: pieces of one real person or invented speech, with own gains, rest and noise."""
    track = _pieces(space, real, frames, rng)
    if rng.random() < 0.65:  # few of the real clips speak much
        speaking = columns_of(space, _SPEAKING)
        track[:, speaking] = speak(space, frames, NOMINAL_RATE, rng)[:, speaking] + 0.25 * track[:, speaking]
    gains = rng.lognormal(0.0, 0.2, space.width)
    rest = np.zeros(space.width)
    mood = columns_of(space, MOODY)
    rest[mood] = np.abs(rng.normal(0.0, 0.035, len(mood)))
    for values in (gains, rest):  # faces are nearly, not quite, symmetric
        both = 0.5 * (values + values[list(mirrored(space))])
        values[:] = both + 0.25 * (values - both)
    noise = gaussian_filter1d(rng.standard_normal(track.shape), rng.uniform(0.6, 2.0), axis=0)
    track = track * gains + rest + rng.uniform(0.002, 0.012) * noise / noise.std()
    return np.clip(track, 0.0, 1.0).astype(np.float32)


def _pieces(space: ExpressionSpace, real: list[RealTrack], frames: int, rng: np.random.Generator) -> np.ndarray:
    """Warped, mirrored pieces of one real person's clean tracks, joined by cross-fades."""
    person = rng.choice(sorted({track.person for track in real}))
    tracks = [without_mood(space, track.values) for track in real if track.person == person]
    swap = list(mirrored(space)) if rng.random() < 0.5 else list(range(space.width))
    fade = int(0.25 * NOMINAL_RATE)
    out = np.zeros((0, space.width), np.float32)
    while len(out) < frames + fade:
        source = tracks[rng.integers(len(tracks))]
        speed = rng.uniform(0.75, 1.3)
        length = min(int(rng.uniform(1.5, 5.0) * NOMINAL_RATE * speed), len(source) - 1)
        start = rng.integers(0, len(source) - length)
        at = start + np.arange(0.0, length, speed)
        if rng.random() < 0.3:
            at = at[::-1]
        low = at.astype(int)
        share = (at - low)[:, None]
        piece = source[low] * (1 - share) + source[np.minimum(low + 1, len(source) - 1)] * share
        n = min(fade, len(out), len(piece))
        if n:
            ramp = np.linspace(0.0, 1.0, n)[:, None]
            piece[:n] = ramp * piece[:n] + (1 - ramp) * out[-n:]
            out = out[:-n]
        out = np.concatenate([out, piece])
    return out[:frames][:, swap]
