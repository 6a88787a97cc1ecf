"""What a face model offers to fitting, editing and rendering."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from ned.geometry.topology import Topology
from ned.types import ExpressionSpace


@runtime_checkable
class FaceModel(Protocol):
    """A mesh whose shape follows expression coefficients, in a topology of its own.

    Axes: x to the actor's left (image right), y down, z away from the camera; unit cm. Nothing but
    `ned.face_model.landmarks` need know the topology: the stages see a model through the tracker's points.
    """

    @property
    def space(self) -> ExpressionSpace:
        """The names of the coefficients."""
        ...

    @property
    def topology(self) -> Topology:
        """How the vertices hang together."""
        ...

    @property
    def mean(self) -> Float[np.ndarray, "vertices 3"]:
        """The mean neutral face."""
        ...

    @property
    def basis(self) -> Float[np.ndarray, "width vertices 3"]:
        """What each coefficient at 1 adds, cm."""
        ...

    @property
    def jaw_weights(self) -> Float[np.ndarray, "vertices"]:
        """Share of the jaw's turn that each vertex makes, 0 to 1."""
        ...

    def displacements(self, coefficients: Float[np.ndarray, "frames width"]) -> Float[np.ndarray, "frames vertices 3"]:
        """What the coefficients (packed, jaw first) add to the neutral face, in cm."""
        ...

    def landmarks_of(self, values: Float[np.ndarray, "*batch vertices c"]) -> Float[np.ndarray, "*batch landmarks c"]:
        """Values of the vertices (places, shares …) at the landmarks of `ned.geometry.landmarks`."""
        ...
