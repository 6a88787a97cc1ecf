"""The slider on people that it was not fitted to, beside trivial answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from ned.manipulator.corpus.overlays import SEEN
from ned.manipulator.vitl.plane import place_of
from ned.manipulator.vitl.regression import Transfer
from ned.manipulator.vitl.training.displays import Displays
from ned.types import EMOTIONS

STEP_DEGREES = 5.0


@dataclass(frozen=True)
class Row:
    """One answer's distance to the truth; on the scale of what an edit needs."""

    name: str
    rms: float
    """Root of the mean over samples and places of the squared distance over all coefficients; inputs and places are
    those of the seven emotions at both strengths."""
    everywhere: float
    """The same over all inputs and places, those of low arousal and between emotions too."""


@dataclass(frozen=True)
class Smoothness:
    """How the slider behaves between what it was taught; largest change of one coefficient, and length of the change,
    on the scale of what an edit needs."""

    step_largest: float
    step_length: float
    """Of a step of 5° on the ring: over all steps and faces, the largest."""
    own_largest: float
    own_length: float
    """Of asking a face for the place that it has: the mean over faces and places."""


def rms(difference: Float[np.ndarray, "*samples width"]) -> float:
    """On the scale of what an edit needs."""
    return float(np.sqrt((difference**2).sum(-1).mean())) / SEEN


def compare(slider: Transfer, known: Displays, new: Displays) -> list[Row]:
    """The slider and the trivial answers, which know the displays of `known`, on the people of `new`."""
    x, y = new.inputs(), new.targets()
    at = emotional(new.theta)
    rows = np.tile(at, len(new.faces))
    means, people = known.wanted.mean(0), len(new.faces)
    told = np.tile(means[None] - known.faces.mean(0)[:, None], (people, 1, 1))
    answers = {
        "copy of the input": np.broadcast_to(x[:, None], y.shape),
        "mean face of the target": np.broadcast_to(means, y.shape),
        "mean offset, source not told": x[:, None] + (means - known.inputs().mean(0)),
        "mean offset, told the source": x[:, None] + told,
        "vITL": slider(x, new.theta),
    }
    return [Row(name, rms((got - y)[rows][:, at]), rms(got - y)) for name, got in answers.items()]


def emotional(theta: Float[np.ndarray, "places 2"]) -> Bool[np.ndarray, "places"]:
    """Which places are those of the seven emotions."""
    known = np.stack([place_of(name) for name in EMOTIONS])
    size = np.hypot(theta[:, 0], theta[:, 1])[:, None]
    return (np.abs(theta[:, None] - size[..., None] * known).max(-1) < 1e-6).any(1)


def smoothness(slider: Transfer, new: Displays, radius: float = 1.0) -> Smoothness:
    """See `Smoothness`; on every face of every person of `new`."""
    angles = np.radians(np.arange(0.0, 360.0, STEP_DEGREES))
    ring = radius * np.stack([np.cos(angles), np.sin(angles)], 1)
    x = new.inputs()
    steps = np.diff(slider(x, np.concatenate([ring, ring[:1]])), axis=1) / SEEN
    own = slider.along(x, np.tile(new.theta, (len(new.faces), 1))) - x
    own = own / SEEN
    return Smoothness(
        float(np.abs(steps).max()), float(np.linalg.norm(steps, axis=-1).max()),
        float(np.abs(own).max(1).mean()), float(np.linalg.norm(own, axis=1).mean()),
    )  # fmt: skip


def print_rows(rows: list[Row], smooth: Smoothness) -> None:
    """The table, in Markdown."""
    told = next(row.rms for row in rows if row.name.endswith("told the source"))
    print("| answer | RMS, seven emotions | ÷ mean offset, told | RMS, all places |\n|---|---|---|---|")
    for row in rows:
        print(f"| {row.name} | {row.rms:.3f} | {row.rms / told:.3f} | {row.everywhere:.3f} |")
    print(f"\n5° on the ring: largest coefficient {smooth.step_largest:.3f}, length {smooth.step_length:.3f}")
    print(f"the face's own place: largest coefficient {smooth.own_largest:.3f}, length {smooth.own_length:.3f}")
