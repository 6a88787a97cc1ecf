"""Emotion manipulators: translate expression sequences, behind one protocol."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float

from ned.face_model import FaceModel
from ned.manipulator.learned import LearnedManipulator
from ned.manipulator.protocol import Articulation, Manipulator
from ned.manipulator.prototypes import PrototypeManipulator
from ned.manipulator.vitl.manipulator import VitlManipulator

__all__ = ["MANIPULATORS", "Articulation", "Manipulator", "build_manipulator"]

_UPPER_LIP, _LOWER_LIP = 13, 14  # the inner lips in the middle of the mouth
LIDS = (((385, 380), (386, 374), (387, 373)), ((160, 144), (159, 145), (158, 153)))
"""Upper and lower lid in the middle of the actor's left and right eye."""

MANIPULATORS = {"learned": LearnedManipulator, "prototypes": PrototypeManipulator, "vitl": VitlManipulator}


def build_manipulator(name: str, model: FaceModel, checkpoint: Path | None = None) -> Manipulator:
    """The manipulator of that name for the expression space of `model`; KeyError where there is none.

    `checkpoint` replaces the shipped weights of the learned one or the slider; UserError where it does not fit.
    """
    openings = openings_per_unit(model)
    if checkpoint is not None:
        return MANIPULATORS[name](model.space, *openings, checkpoint)
    return MANIPULATORS[name](model.space, *openings)


def openings_per_unit(model: FaceModel) -> tuple[Float[np.ndarray, "width"], Float[np.ndarray, "width 2"]]:
    """How far each coefficient at 1 opens the mouth, and the actor's left and right eye, in cm."""
    unit = model.displacements(np.eye(model.space.width, dtype=np.float32))
    mouth = (unit[:, _LOWER_LIP, 1] - unit[:, _UPPER_LIP, 1]).astype(np.float64)
    lids = [np.mean([unit[:, lower, 1] - unit[:, upper, 1] for upper, lower in eye], axis=0) for eye in LIDS]
    return mouth, np.stack(lids, axis=1).astype(np.float64)
