"""Emotion manipulators: translate expression sequences, behind one protocol."""

from __future__ import annotations

from pathlib import Path

from ned.config.roles import MANIPULATORS
from ned.face_model import FaceModel
from ned.manipulator.protocol import Articulation, Effects, Manipulator, effects_of

__all__ = ["MANIPULATORS", "Articulation", "Effects", "Manipulator", "build_manipulator", "effects_of"]


def build_manipulator(name: str, model: FaceModel, checkpoint: Path | None = None) -> Manipulator:
    """The manipulator of that name for the expression space of `model`; KeyError where there is none.

    `checkpoint` replaces the shipped weights of one that has some; UserError where it does not fit.
    """
    return MANIPULATORS[name].make(model, checkpoint)
