"""Speech-like mouth movement: random syllables as targets of the articulators, smoothed as muscles do.

Rates and durations are those of fluent speech: 4 to 6 syllables a second, phones of 50 to 150 ms, phrases
of 1 to 4 s between pauses, one closure of the lips (p, b, m) in about seven consonants.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

from ned.types import ExpressionSpace

_VOWELS = (
    {"jawOpen": 0.42, "mouthLowerDown": 0.35, "mouthUpperUp": 0.12},  # a
    {"jawOpen": 0.24, "mouthLowerDown": 0.30, "mouthUpperUp": 0.15, "mouthStretch": 0.15, "mouthSmile": 0.10},  # e
    {"jawOpen": 0.10, "mouthLowerDown": 0.22, "mouthStretch": 0.22, "mouthSmile": 0.14},  # i
    {"jawOpen": 0.28, "mouthPucker": 0.35, "mouthFunnel": 0.35, "mouthLowerDown": 0.1},  # o
    {"jawOpen": 0.12, "mouthPucker": 0.60, "mouthFunnel": 0.25},  # u
)
_CONSONANTS = (
    ({"jawOpen": 0.0, "mouthPress": 0.18, "mouthClose": 0.05}, 0.15),  # p, b, m
    ({"jawOpen": 0.05, "mouthRollLower": 0.35, "mouthUpperUp": 0.12}, 0.10),  # f, v
    ({"jawOpen": 0.09, "mouthLowerDown": 0.15}, 0.40),  # t, d, n, l
    ({"jawOpen": 0.06, "mouthFunnel": 0.25, "mouthStretch": 0.1}, 0.15),  # s, sh
    ({"jawOpen": 0.15, "mouthLowerDown": 0.1}, 0.20),  # k, g, r
)
_SILENT = {"jawOpen": 0.01}
_MUSCLE_S = 0.03


def speak(
    space: ExpressionSpace, frames: int, frame_rate: float, rng: np.random.Generator
) -> Float[np.ndarray, "frames width"]:
    """Random speech of one speaker with own habits: rate, effort, pauses, lip rounding; coefficients in [0, 1]."""
    oversampled = 4
    targets = np.zeros((frames * oversampled, space.width))
    rate = rng.uniform(4.0, 6.2)  # syllables a second
    effort, rounding, pauses = rng.uniform(0.7, 1.25), rng.uniform(0.7, 1.3), rng.uniform(0.1, 0.6)
    odds = np.array([weight for _, weight in _CONSONANTS])
    at, left_in_phrase = 0, rng.uniform(1.0, 4.0)
    step = frame_rate * oversampled

    def say(phone: dict[str, float], seconds: float, loudness: float) -> None:
        nonlocal at
        stop = min(at + max(1, round(seconds * step)), len(targets))
        for name, amount in phone.items():
            size = amount * loudness * (rounding if name in ("mouthPucker", "mouthFunnel") else effort)
            for column in _columns(space, name):
                targets[at:stop, column] = size
        at = stop

    while at < len(targets):
        if left_in_phrase <= 0:
            say(_SILENT, rng.uniform(0.2, 0.5) + rng.exponential(pauses), 1.0)
            left_in_phrase = rng.uniform(1.0, 4.0)
        stress = rng.uniform(0.65, 1.25)
        length = 1.0 / rate * rng.uniform(0.8, 1.25)
        consonant = rng.choice(len(_CONSONANTS), p=odds / odds.sum())
        say(_CONSONANTS[consonant][0], 0.4 * length, 1.0)
        say(_VOWELS[rng.integers(len(_VOWELS))], 0.6 * length * (0.8 + 0.25 * stress), stress)
        left_in_phrase -= length
    smooth = gaussian_filter1d(targets, _MUSCLE_S * step, axis=0, mode="nearest")[::oversampled]
    return np.clip(smooth, 0.0, 1.0).astype(np.float32)


def _columns(space: ExpressionSpace, name: str) -> list[int]:
    return [space.names.index(n) for n in (name, name + "Left", name + "Right") if n in space.names]
