"""Faces that the slider is learnt from: the same people, each showing everything that has a place in the plane.

A person is a resting face with a way of showing things (strength of every coefficient, asymmetry, upper against lower
face). What is learnt is the slow part of a track, on the scale of what a fit sees (`ned.manipulator.corpus.overlays`).
A face that shows nothing is at rest: so the middle of the plane leads back there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ned.face_model.spaces import mirrored
from ned.manipulator.corpus.overlays import OPEN_JAW, SEEN, SHY, slow_part
from ned.manipulator.corpus.people import MOODY, NOMINAL_RATE, columns_of
from ned.manipulator.corpus.visemes import speak
from ned.manipulator.prototypes import ASYMMETRY, PROTOTYPES, sided
from ned.manipulator.vitl.plane import ANCHORS, DEGREES, NAMES, shares_at
from ned.types import ExpressionSpace

RADII = (0.5, 1.0)
"""Strengths at which everything is shown: distance from the middle of the plane."""

WIDE_DEGREES = 35.0
"""Neighbours on the ring farther apart than this have their blend between them."""

_BETWEEN = (0.5,)


_LOOSE = ("mouthUpperUp", "mouthLowerDown", "mouthFunnel", "mouthPucker", "jawOpen")
"""What speech leaves anywhere when its quick part is taken away."""


def places() -> Float[np.ndarray, "places 2"]:
    """Where displays are shown: the middle, then every angle at every radius. Where neighbours on the ring lie far from
    each other, their blends are shown between them, lest the kernel overshoot there."""
    ring = sorted(DEGREES.values())
    gaps = zip(ring, [*ring[1:], ring[0] + 360.0], strict=True)
    between = [low + share * (high - low) for low, high in gaps for share in _BETWEEN if high - low > WIDE_DEGREES]
    angles = np.radians([*ring, *between])
    points = np.stack([np.cos(angles), np.sin(angles)], 1)
    return np.concatenate([np.zeros((1, 2)), *(radius * points for radius in RADII)])


@dataclass(frozen=True)
class Displays:
    """`faces[i, j]` is person i at `theta[j]`; the slow part, in [0, 1], what a fit sees."""

    space: ExpressionSpace
    theta: Float[np.ndarray, "places 2"]
    faces: Float[np.ndarray, "people places width"]
    wanted: Float[np.ndarray, "people places width"]
    """The same, but not clipped: what an edit asks for where a fit would see nothing below zero."""

    def inputs(self) -> Float[np.ndarray, "inputs width"]:
        """Every person at every place, person by person."""
        return self.faces.reshape(-1, self.faces.shape[2])

    def persons(self) -> Int[np.ndarray, "inputs"]:
        return np.repeat(np.arange(len(self.faces)), self.faces.shape[1])

    def targets(self) -> Float[np.ndarray, "inputs places width"]:
        """For every input the same person at every place; at its own place the input itself, so that a face that
        shows what is asked for is left alone."""
        people, count, width = self.faces.shape
        out = np.repeat(self.wanted[:, None], count, axis=1)
        own = np.arange(count)
        out[:, own, own] = self.faces
        return out.reshape(people * count, count, width)

    def of(self, people: slice | np.ndarray) -> Displays:
        """Some of the people."""
        return Displays(self.space, self.theta, self.faces[people], self.wanted[people])


def make_displays(
    space: ExpressionSpace, rest: Float[np.ndarray, "people width"], rng: np.random.Generator
) -> Displays:
    """Displays by people with these resting faces, each with a way of showing of its own."""
    theta = places()
    # a mouth that is open shows an emotion in another variant than one that is shut
    opened = np.clip(2.0 * (rest[:, space.index("jawOpen")] / OPEN_JAW - 1.0), 0.0, 1.0)[:, None, None]
    shut_variant, open_variant = (
        shares_at(theta) @ np.stack([_amounts(space, n, o) for n in NAMES]) for o in (False, True)
    )
    table = opened * open_variant + (1.0 - opened) * shut_variant
    people = len(rest)
    gains = rng.lognormal(0.0, 0.22, (people, space.width))
    z = np.clip(rng.standard_normal((people, 3, 1)), -2.5, 2.5)
    side = np.array([n.endswith("Left") - float(n.endswith("Right")) for n in space.names])
    upper = np.array([1.0 if n.startswith(("brow", "eye", "cheek", "nose")) else -1.0 for n in space.names])
    manner = gains * (1.0 + ASYMMETRY * np.clip(0.7 * z[:, 0], -1.5, 1.5) * side)
    manner = manner * np.exp(0.1 * z[:, 1] * upper) * (1.0 + 0.08 * z[:, 2])
    room = 1.0 - 0.7 * np.clip(rest, 0.0, 1.0)
    wanted = rest[:, None] + table * (manner * room)[:, None]
    return Displays(space, theta, np.clip(wanted, 0.0, 1.0), wanted)


def half_seen(displays: Displays, rng: np.random.Generator) -> Displays:
    """The same people with inputs as fits of real faces show them: of a lasting display a third to all is seen, of what
    moves landmarks little (`SHY`) mostly nothing. What is wanted stays, so these cells say what is still missing."""
    people, _, width = displays.faces.shape
    seen = rng.uniform(0.35, 1.0, (people, 1, 1)) * rng.uniform(0.7, 1.2, (people, 1, width))
    shy = np.array([name.startswith(SHY) for name in displays.space.names])
    seen[..., shy] *= rng.uniform(0.0, 0.6, (people, 1, 1))
    rest = displays.faces[:, :1]
    faces = np.clip(rest + seen * (displays.faces - rest), 0.0, 1.0)
    return Displays(displays.space, displays.theta, faces, displays.wanted)


def resting_faces(
    space: ExpressionSpace, clean: Float[np.ndarray, "people frames width"], rng: np.random.Generator
) -> Float[np.ndarray, "people width"]:
    """A moment of the slow part of each clean track."""
    slow = slow_part(clean)
    return slow[np.arange(len(slow)), rng.integers(slow.shape[1], size=len(slow))].astype(np.float64)


def invented_faces(space: ExpressionSpace, people: int, rng: np.random.Generator) -> Float[np.ndarray, "people width"]:
    """Resting faces without any clip: the slow part of invented speech, half of the time, and what lasts in a face,
    both sides nearly alike; about as wide as the slow parts of real people's clean tracks, or a little wider."""
    deviation = np.full(space.width, 0.03)
    deviation[columns_of(space, MOODY)] = 0.05
    deviation[columns_of(space, _LOOSE)] = 0.08
    deviation[columns_of(space, ("eyeBlink",))] = 0.17
    out = np.zeros((people, space.width))
    for row in out:
        lasting = np.abs(rng.normal(0.0, deviation))
        lasting = 0.5 * (lasting + lasting[list(mirrored(space))]) + 0.2 * (lasting - lasting[list(mirrored(space))])
        said = slow_part(speak(space, int(3 * NOMINAL_RATE), NOMINAL_RATE, rng)[None])[0]
        said[:, columns_of(space, MOODY)] *= 0.3  # a face at rest has no slow moods but those that last
        row[:] = lasting + rng.choice([0.0, 1.3]) * said[rng.integers(len(said))]
    return np.clip(out, 0.0, 1.0)


def _amounts(space: ExpressionSpace, name: str, opened: bool) -> Float[np.ndarray, "width"]:
    """What a name adds to a resting face, with an open or a shut mouth, at strength 1; the scale that a fit sees."""
    out = np.zeros(space.width)
    if name == "neutral":
        return out
    if name in ANCHORS:
        parts = [ANCHORS[name].adds]
    else:
        shown = PROTOTYPES[name]
        parts = [shown.adds, shown.open if opened else shown.shut]
    for adds in parts:
        for coefficient, amount in adds.items():
            out[sided(space, coefficient)] += SEEN * amount
    return out
