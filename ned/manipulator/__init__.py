"""Emotion manipulators: translate expression sequences, behind one protocol."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float

from ned.face_model import FaceModel
from ned.geometry.articulation import gaps_of_shapes
from ned.manipulator.learned import LearnedManipulator
from ned.manipulator.protocol import Articulation, Manipulator
from ned.manipulator.prototypes import PrototypeManipulator

__all__ = ["MANIPULATORS", "Articulation", "Manipulator", "build_manipulator"]

MANIPULATORS = {"learned": LearnedManipulator, "prototypes": PrototypeManipulator}


def build_manipulator(name: str, model: FaceModel, checkpoint: Path | None = None) -> Manipulator:
    """The manipulator of that name for the expression space of `model`; KeyError where there is none.

    `checkpoint` replaces the shipped weights of the learned one; UserError where it does not fit.
    """
    openings = openings_per_unit(model)
    if checkpoint is not None:
        return LearnedManipulator(model.space, *openings, checkpoint)
    return MANIPULATORS[name](model.space, *openings)


def openings_per_unit(model: FaceModel) -> tuple[Float[np.ndarray, "width"], Float[np.ndarray, "width 2"]]:
    """How far each coefficient at 1 opens the mouth, and the actor's left and right eye, in cm."""
    unit = model.displacements(np.eye(model.space.width, dtype=np.float32))
    return gaps_of_shapes(unit, model.topology.regions)
