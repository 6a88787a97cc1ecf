"""Emotion manipulators: translate expression sequences, behind one protocol."""

from __future__ import annotations

import numpy as np

from ned.face_model import FaceModel
from ned.manipulator.protocol import Articulation, Manipulator
from ned.manipulator.prototypes import PrototypeManipulator

__all__ = ["MANIPULATORS", "Articulation", "Manipulator", "build_manipulator"]

_UPPER_LIP, _LOWER_LIP = 13, 14  # the inner lips in the middle of the mouth

MANIPULATORS = {"prototypes": PrototypeManipulator}


def build_manipulator(name: str, model: FaceModel) -> Manipulator:
    """The manipulator of that name for the expression space of `model`; KeyError where there is none."""
    unit = model.displacements(np.eye(model.space.width, dtype=np.float32))
    opening_per_unit = (unit[:, _LOWER_LIP, 1] - unit[:, _UPPER_LIP, 1]).astype(np.float64)
    return MANIPULATORS[name](model.space, opening_per_unit)
