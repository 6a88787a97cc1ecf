"""Face models: geometry that follows expression coefficients.

The table of them is in `ned.config.roles`.
"""

from __future__ import annotations

from functools import lru_cache

from ned.config.roles import FACE_MODELS
from ned.errors import UserError
from ned.face_model.canonical import CanonicalFace
from ned.face_model.landmarks import LandmarkFace
from ned.face_model.protocol import FaceModel
from ned.face_model.spaces import ARKIT52, FLAME50, SPACES

__all__ = [
    "ARKIT52", "CANONICAL", "FACE_MODELS", "FLAME50", "SPACES", "CanonicalFace", "FaceModel", "LandmarkFace",
    "load_face_model",
]  # fmt: skip

CANONICAL = "canonical"
"""The model whose vertices are the landmarks."""


@lru_cache
def load_face_model(name: str = CANONICAL) -> FaceModel:
    """The face model of that name in the tracker's topology; raises UserError where there is none.

    A model in a topology of its own is seen through its landmarks, see `ned.face_model.landmarks`.
    """
    if name not in FACE_MODELS:
        raise UserError(f"unknown face model {name!r}", remedy=f"choose one of: {', '.join(FACE_MODELS)}")
    model = FACE_MODELS[name].make()
    return model if name == CANONICAL else LandmarkFace(model, load_face_model(CANONICAL).topology)
