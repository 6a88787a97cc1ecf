"""Face models: geometry that follows expression coefficients."""

from __future__ import annotations

from functools import lru_cache

from ned.errors import UserError
from ned.face_model.canonical import CanonicalFace
from ned.face_model.protocol import FaceModel
from ned.face_model.spaces import ARKIT52, FLAME50, SPACES

__all__ = ["ARKIT52", "FLAME50", "SPACES", "CanonicalFace", "FaceModel", "load_face_model"]

FACE_MODELS = {"canonical": CanonicalFace.load}


@lru_cache
def load_face_model(name: str = "canonical") -> CanonicalFace:
    """The face model of that name; raises UserError where there is none."""
    if name not in FACE_MODELS:
        raise UserError(f"unknown face model {name!r}", remedy=f"choose one of: {', '.join(FACE_MODELS)}")
    return FACE_MODELS[name]()
