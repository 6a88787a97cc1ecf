"""`canonical`: the embedded face model, ours, in MediaPipe's 478-landmark topology.

Authored from facial anatomy by `scripts/build/face_model.py`. Vertices 0..467 are the face mesh,
468..477 the irises (right eye first), so tracked landmarks are vertices. Unit cm, 6.3 between the
centres of the eyes; x to the actor's left (image right), y down, z away from the camera; the origin
lies between the eyes, in the plane of their corners.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ned.face_model.spaces import ARKIT52
from ned.files.arrays import array_errors
from ned.files.assets import ASSETS
from ned.geometry.landmarks import LANDMARKS
from ned.geometry.topology import Topology
from ned.types import ExpressionSpace

ASSET = ASSETS / "canonical.npz"


@dataclass(frozen=True, eq=False)
class CanonicalFace:
    """See `ned.face_model.FaceModel`. Mean face, 52 expression shapes with the names of ARKit, and a jaw joint."""

    mean: Float[np.ndarray, "vertices 3"]
    topology: Topology
    """The tracker's own: 852 triangles over the face mesh."""
    basis: Float[np.ndarray, "52 vertices 3"]
    """Displacement of each shape at coefficient 1.0, cm; row 0 is the fully open jaw (chord of its turn)."""
    jaw_weights: Float[np.ndarray, "vertices"]
    """Share of the jaw's turn, 0 to 1."""
    jaw_point: Float[np.ndarray, "3"]
    """A point on the axis through the jaw joints; the axis is parallel to x."""
    jaw_angle_rad: float
    """Turn of the jaw at jawOpen 1.0."""

    @property
    def space(self) -> ExpressionSpace:
        return ARKIT52

    @classmethod
    def load(cls, path: Path = ASSET) -> CanonicalFace:
        """Reads the embedded asset."""
        with array_errors(), np.load(path, allow_pickle=False) as data:
            assert tuple(data["names"].tolist()) == ARKIT52.names, f"{path} does not speak {ARKIT52.name}"
            loops = {k.removeprefix("contour_"): data[k] for k in data.files if k.startswith("contour_")}
            topology = Topology(
                data["triangles"], data["mirror"], LANDMARKS, loops, data["stable"], data["stable_weights"]
            )
            return cls(
                data["mean"], topology, data["basis"], data["jaw_weights"], data["jaw_point"],
                float(data["jaw_angle_rad"]),
            )  # fmt: skip

    def landmarks_of(self, values: Float[np.ndarray, "*batch vertices c"]) -> Float[np.ndarray, "*batch vertices c"]:
        """See `FaceModel.landmarks_of`: the landmarks are the vertices."""
        return values

    def displacements(self, coefficients: Float[np.ndarray, "frames 52"]) -> Float[np.ndarray, "frames vertices 3"]:
        """What the coefficients add to the neutral face, in cm.

        The jaw turns about its joints; all other shapes add up linearly.
        """
        coefficients = np.asarray(coefficients, np.float32)
        linear = coefficients[:, 1:] @ self.basis[1:].reshape(len(self.basis) - 1, -1)
        return linear.reshape(len(coefficients), *self.mean.shape) + self.jaw_displacements(coefficients[:, 0])

    def jaw_displacements(self, opening: Float[np.ndarray, "frames"]) -> Float[np.ndarray, "frames vertices 3"]:
        """The jaw's part of `displacements`."""
        angle = -np.asarray(opening, np.float32)[:, None] * self.jaw_weights[None] * np.float32(self.jaw_angle_rad)
        cos, sin = np.cos(angle), np.sin(angle)
        y, z = self.mean[:, 1] - self.jaw_point[1], self.mean[:, 2] - self.jaw_point[2]
        x = np.broadcast_to(self.mean[:, 0], angle.shape)
        turned = (x, self.jaw_point[1] + cos * y + sin * z, self.jaw_point[2] - sin * y + cos * z)
        return np.stack(turned, axis=-1).astype(np.float32) - self.mean


def load() -> CanonicalFace:
    """See `ned.config.roles.FACE_MODELS`."""
    return CanonicalFace.load()
