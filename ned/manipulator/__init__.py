"""Emotion manipulators: translate expression sequences, behind one protocol."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ned.face_model import FaceModel
from ned.manipulator.learned import LearnedManipulator
from ned.manipulator.protocol import Articulation, Effects, Manipulator
from ned.manipulator.prototypes import PrototypeManipulator
from ned.manipulator.vitl.manipulator import VitlManipulator

__all__ = ["MANIPULATORS", "Articulation", "Effects", "Manipulator", "build_manipulator", "effects_of"]

_UPPER_LIP, _LOWER_LIP = 13, 14  # the inner lips in the middle of the mouth
_RIGHT_CORNER, _LEFT_CORNER = 61, 291
LIDS = (((385, 380), (386, 374), (387, 373)), ((160, 144), (159, 145), (158, 153)))
"""Upper and lower lid in the middle of the actor's left and right eye."""

MANIPULATORS = {"learned": LearnedManipulator, "prototypes": PrototypeManipulator, "vitl": VitlManipulator}


def build_manipulator(name: str, model: FaceModel, checkpoint: Path | None = None) -> Manipulator:
    """The manipulator of that name for the expression space of `model`; KeyError where there is none.

    `checkpoint` replaces the shipped weights of the learned one or the slider; UserError where it does not fit.
    """
    effects = effects_of(model)
    if checkpoint is not None:
        return MANIPULATORS[name](model.space, effects, checkpoint)
    return MANIPULATORS[name](model.space, effects)


def effects_of(model: FaceModel) -> Effects:
    """What each coefficient at 1 does to mouth and lids."""
    unit = model.displacements(np.eye(model.space.width, dtype=np.float32))
    mouth = (unit[:, _LOWER_LIP, 1] - unit[:, _UPPER_LIP, 1]).astype(np.float64)
    lids = [np.mean([unit[:, lower, 1] - unit[:, upper, 1] for upper, lower in eye], axis=0) for eye in LIDS]
    across = (unit[:, _LEFT_CORNER, 0] - unit[:, _RIGHT_CORNER, 0]).astype(np.float64)
    upper = unit[:, _UPPER_LIP, 1].astype(np.float64)
    return Effects(mouth, np.stack(lids, axis=1).astype(np.float64), across, upper)
