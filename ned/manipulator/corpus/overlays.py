"""Emotional overlays on clean speech: what a face adds when its owner feels something.

Amounts are those of the hand-made prototypes (FACS, EMFACS), so that both manipulators pull equally hard.
Two scales: what an edit needs (*drive*) and what a fit sees of it (*seen*). Fits are shy, they see about
`SEEN` of the drive; tracks of this corpus, and all that networks get and give, are on the seen scale.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int
from scipy.ndimage import gaussian_filter1d

from ned.manipulator.corpus.people import MOODY, columns_of
from ned.manipulator.prototypes import ASYMMETRY, PROTOTYPES, SLOW_S, VARIANT_BIAS, sided
from ned.manipulator.settings import LATENT, NOMINAL_RATE, SEEN
from ned.manipulator.speech import OPEN_S
from ned.types import EMOTIONS, ExpressionSpace

SHY = ("cheek", "eyeSquint", "noseSneer", "mouthPress", "mouthRoll", "mouthShrug", "mouthDimple", "mouthStretch",
       "mouthFrown", "jawForward")  # fmt: skip
"""Coefficients of which a fit of real faces sees little or nothing."""

OPEN_JAW = 0.05
"""Opening of the jaw (coefficient) from which a mouth counts as open; half as much again, and it wholly is."""

LEAST_REMOVED = 0.85
"""Share (seen scale) of another emotion that goes, at least."""

_STRESSED = ("brow", "eyeWide", "noseSneer", "eyeSquint")
_PAUSING = ("mouthSmile", "cheekSquint", "mouthDimple", "mouthFrown", "mouthShrug", "mouthPress")
_UPPER = ("brow", "eye", "cheek", "nose")


@dataclass(frozen=True)
class Display:
    """How each track of a batch shows an emotion."""

    emotion: Int[np.ndarray, "batch"]
    intensity: Float[np.ndarray, "batch"]
    latent: Float[np.ndarray, "batch 4"]
    gains: Float[np.ndarray, "batch width"]
    """The person's own strength of each coefficient, around 1."""


def random_display(
    space: ExpressionSpace, batch: int, rng: np.random.Generator, intensity: tuple[float, float] = (0.45, 1.1)
) -> Display:
    """Any emotion at any strength, shown by anyone."""
    gains = rng.lognormal(0.0, 0.22, (batch, space.width)).astype(np.float32)
    return Display(
        rng.integers(len(EMOTIONS), size=batch), rng.uniform(*intensity, batch).astype(np.float32),
        rng.standard_normal((batch, LATENT)).astype(np.float32), gains,
    )  # fmt: skip


def half_seen(display: Display, space: ExpressionSpace, rng: np.random.Generator) -> Display:
    """The display as the fit of a real face shows it: what moves landmarks little (`SHY`) is mostly not seen at all,
    the rest in part, since much of what lasts is taken for a feature of the face. Without it a style encoder waits
    for cheeks that no fit ever raises."""
    count = len(display.gains)
    seen = rng.uniform(0.35, 1.0, (count, 1)) * rng.uniform(0.7, 1.2, display.gains.shape)
    shy = np.array([name.startswith(SHY) for name in space.names])
    felt = rng.uniform(0.0, 0.6, (count, 1)) * (rng.random((count, 1)) < 0.5)
    seen[:, shy] *= felt * rng.uniform(0.5, 1.5, (count, int(shy.sum())))
    seen[rng.random(count) < 0.2] = 1.0
    return replace(display, gains=(display.gains * seen).astype(np.float32))


@dataclass(frozen=True)
class Events:
    """What in a clean track drives the dynamics of an overlay; each 0 to 1, its mean over the track beside it."""

    stress: Float[np.ndarray, "tracks frames"]
    pause: Float[np.ndarray, "tracks frames"]

    @classmethod
    def of(cls, space: ExpressionSpace, clean: Float[np.ndarray, "tracks frames width"]) -> Events:
        jaw = clean[..., 0]
        size = jaw.mean(1, keepdims=True) + 2 * jaw.std(1, keepdims=True) + 1e-3
        loud = gaussian_filter1d(jaw / size, 0.12 * NOMINAL_RATE, axis=1, mode="nearest")
        stress = np.clip(1.6 * loud - 0.3, 0.0, 1.0)
        pause = np.clip(1.0 - 3.0 * gaussian_filter1d(jaw / size, 0.35 * NOMINAL_RATE, axis=1, mode="nearest"), 0, 1)
        return cls((stress - stress.mean(1, keepdims=True)).astype(np.float32),
                   (pause - pause.mean(1, keepdims=True)).astype(np.float32))  # fmt: skip


def overlay(
    space: ExpressionSpace,
    clean: Float[np.ndarray, "batch frames width"],
    stress: Float[np.ndarray, "batch frames"],
    pause: Float[np.ndarray, "batch frames"],
    display: Display,
) -> Float[np.ndarray, "batch frames width"]:
    """What the display adds to clean tracks, seen scale.

    Brows and eyes follow the stressed syllables, smiles and frowns grow in the pauses, rounded lips hold the
    corners of the mouth back; a coefficient that is already strong takes less more. A mouth that is mostly open bares
    its teeth, one that is mostly shut is pressed.
    """
    table = _tables(space)
    z = np.clip(display.latent, -2.5, 2.5)
    opened = np.clip(_mostly_open(clean[..., 0]) - 0.5 * VARIANT_BIAS * z[:, 1:2], 0.0, 1.0)[..., None]
    always, bared, pressed = (t[display.emotion][:, None] for t in (table.adds, table.open, table.shut))
    amount = always + opened * bared + (1.0 - opened) * pressed
    amount = amount * (display.gains * display.intensity[:, None])[:, None]
    size = (1.0 + ASYMMETRY * np.clip(0.7 * z[:, :1], -1.5, 1.5) * table.side)
    size = size * np.exp(0.1 * z[:, 1:2] * table.upper) * (1.0 + 0.08 * z[:, 3:4])
    lively = np.clip(0.45 + 0.2 * z[:, 2], 0.0, 0.8)[:, None, None]
    dynamics = stress[..., None] * table.stressed + pause[..., None] * table.pausing
    out = amount * size[:, None] * (1.0 + lively * dynamics)
    rounded = np.clip(clean[..., table.rounding].sum(-1, keepdims=True), 0.0, 1.0)
    out = out * (1.0 - 0.3 * rounded * table.corners)
    return (out * (1.0 - 0.7 * np.clip(clean, 0.0, 1.0))).astype(np.float32)


def _mostly_open(jaw: Float[np.ndarray, "batch frames"]) -> Float[np.ndarray, "batch frames"]:
    """How much of the time around each frame a mouth is open, 0 to 1 (see `ned.manipulator.speech.open_share`)."""
    opened = np.clip(2.0 * (jaw / OPEN_JAW - 1.0), 0.0, 1.0)
    return gaussian_filter1d(opened, OPEN_S * NOMINAL_RATE, axis=1, mode="nearest")


def removed_share(space: ExpressionSpace) -> Float[np.ndarray, "emotions width"]:
    """How much (seen scale) of another emotion an edit takes away, for each target emotion."""
    return _tables(space).removed


def taken_back(
    space: ExpressionSpace,
    clean: Float[np.ndarray, "batch frames width"],
    slow: Float[np.ndarray, "batch frames width"],
    emotion: Int[np.ndarray, "batch"],
) -> Float[np.ndarray, "batch frames width"]:
    """What the prototypes take from a clean track for the target emotion, seen scale; at most 0."""
    table = _tables(space)
    keeps, fast_keeps, named = (t[emotion][:, None] for t in (table.keeps, table.keeps_fast, table.named))
    left = keeps * slow + fast_keeps * (clean - slow)
    return (SEEN * named * np.minimum(left - clean, 0.0)).astype(np.float32)


def random_mood(space: ExpressionSpace, batch: int, rng: np.random.Generator) -> Float[np.ndarray, "batch width"]:
    """Expressions without a name: a few mood coefficients, both sides nearly alike."""
    out = np.zeros((batch, space.width), np.float32)
    names = np.array(MOODY)
    for row in out:
        for name in rng.choice(names, rng.integers(0, 4), replace=False):
            size = rng.gamma(1.5, 0.13)
            for i in sided(space, str(name)):
                row[i] = size * rng.uniform(0.85, 1.15)
    return out


def onset_offset(batch: int, frames: int, rng: np.random.Generator) -> Float[np.ndarray, "batch frames"]:
    """Strength of an expression over time: lasting, coming, going, or coming and going (0.2 to 1 s flanks)."""
    t = np.arange(frames) / NOMINAL_RATE
    out = np.ones((batch, frames), np.float32)
    for row in out:
        if rng.random() < 0.6:
            continue
        start, length = rng.uniform(-1.0, t[-1]), rng.uniform(0.8, 5.0)
        rise, fall = rng.uniform(0.05, 0.25, 2)
        row[:] = 1 / (1 + np.exp(-(t - start) / rise)) / (1 + np.exp((t - start - length) / fall))
        lasting = rng.uniform(0.0, 0.4)
        row[:] = lasting + (1.0 - lasting) * row
    return out


@dataclass(frozen=True)
class _Tables:
    adds: np.ndarray
    open: np.ndarray
    shut: np.ndarray
    keeps: np.ndarray
    keeps_fast: np.ndarray
    named: np.ndarray
    removed: np.ndarray
    side: np.ndarray
    upper: np.ndarray
    stressed: np.ndarray
    pausing: np.ndarray
    corners: np.ndarray
    rounding: list[int]


@lru_cache(maxsize=2)
def _tables(space: ExpressionSpace) -> _Tables:
    adds, opened, shut, keeps, named = (np.zeros((len(EMOTIONS), space.width), np.float32) for _ in range(5))
    fast = np.ones((len(EMOTIONS), space.width), np.float32)
    for e, emotion in enumerate(EMOTIONS):
        prototype = PROTOTYPES[emotion]
        for values, amounts in ((adds, prototype.adds), (opened, prototype.open), (shut, prototype.shut)):
            for name, amount in amounts.items():
                values[e, sided(space, name)] = SEEN * amount
        for name, share in prototype.keeps.items():
            keeps[e, sided(space, name)] = share
            fast[e, sided(space, name)] = prototype.keeps_fast
            named[e, sided(space, name)] = 1.0
    removed = np.maximum(SEEN * (1.0 - keeps) * named, LEAST_REMOVED)

    def which(*starts: str) -> np.ndarray:
        return np.array([name.startswith(starts) for name in space.names], np.float32)

    side = np.array([n.endswith("Left") - float(n.endswith("Right")) for n in space.names], np.float32)
    return _Tables(
        adds, opened, shut, keeps, fast, named, removed.astype(np.float32), side, 2 * which(*_UPPER) - 1,
        which(*_STRESSED) - 0.2 * which(*_PAUSING), 0.8 * which(*_PAUSING) - 0.2 * which(*_STRESSED),
        which("mouthSmile", "mouthStretch", "mouthFrown"), columns_of(space, ("mouthPucker", "mouthFunnel")),
    )  # fmt: skip


def slow_part(values: Float[np.ndarray, "tracks frames width"]) -> Float[np.ndarray, "tracks frames width"]:
    """The part of tracks that is mood rather than speech or gesture."""
    return gaussian_filter1d(values, SLOW_S * NOMINAL_RATE, axis=1, mode="nearest")
