"""What a face model offers to fitting, editing and rendering."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from ned.types import ExpressionSpace


@runtime_checkable
class FaceModel(Protocol):
    """A mesh in the landmarks' topology whose shape follows expression coefficients.

    Axes: x to the actor's left (image right), y down, z away from the camera; unit cm.
    """

    @property
    def space(self) -> ExpressionSpace:
        """The names of the coefficients."""
        ...

    @property
    def mean(self) -> Float[np.ndarray, "vertices 3"]:
        """The mean neutral face."""
        ...

    @property
    def triangles(self) -> Int[np.ndarray, "triangles 3"]:
        """Vertex indices, clockwise on the screen for a frontal face; mouth and eyes are holes."""
        ...

    def displacements(self, coefficients: Float[np.ndarray, "frames width"]) -> Float[np.ndarray, "frames vertices 3"]:
        """What the coefficients (packed, jaw first) add to the neutral face, in cm."""
        ...
