"""A face model as the tracker sees it: any topology, read at the tracker's landmarks.

Fitting compares a model with landmarks, and renderers draw the tracked landmarks; so this view is all that they need,
and a second model is one file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from ned.face_model.protocol import FaceModel
from ned.geometry.topology import Topology
from ned.types import ExpressionSpace


@dataclass(frozen=True, eq=False)
class LandmarkFace:
    """A `FaceModel` in the tracker's topology, made of one in another."""

    model: FaceModel
    topology: Topology
    """Of the tracker."""

    @property
    def space(self) -> ExpressionSpace:
        return self.model.space

    @cached_property
    def mean(self) -> Float[np.ndarray, "landmarks 3"]:
        return self._at(self.model.mean)

    @cached_property
    def basis(self) -> Float[np.ndarray, "width landmarks 3"]:
        return self._at(self.model.basis)

    @cached_property
    def jaw_weights(self) -> Float[np.ndarray, "landmarks"]:
        return self._at(self.model.jaw_weights[:, None])[:, 0]

    def displacements(self, coefficients: Float[np.ndarray, "frames width"]) -> Float[np.ndarray, "frames landmarks 3"]:
        """See `FaceModel.displacements`."""
        return self._at(self.model.displacements(coefficients))

    def landmarks_of(self, values: Float[np.ndarray, "*batch landmarks c"]) -> Float[np.ndarray, "*batch landmarks c"]:
        """See `FaceModel.landmarks_of`."""
        return values

    def _at(self, values: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(self.model.landmarks_of(values), np.float32)
