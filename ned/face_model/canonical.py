"""`canonical`: the embedded face model, ours, in MediaPipe's 478-landmark topology.

Authored from facial anatomy by `scripts/build_face_model.py`. Vertices 0..467 are the face mesh,
468..477 the irises (right eye first), so tracked landmarks are vertices. Unit cm, 6.3 between the
centres of the eyes; x to the actor's left (image right), y down, z away from the camera; the origin
lies between the eyes, in the plane of their corners.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from ned.face_model.spaces import ARKIT52
from ned.types import ExpressionSpace
from ned.workspace.arrays import array_errors

ASSET = Path(__file__).resolve().parent.parent / "assets" / "canonical.npz"
NUM_MESH_VERTICES = 468


@dataclass(frozen=True, eq=False)
class CanonicalFace:
    """Mean face, 52 expression shapes with the names of ARKit, jaw joint, eyeballs, teeth."""

    mean: Float[np.ndarray, "vertices 3"]
    triangles: Int[np.ndarray, "triangles 3"]
    """852 over the face mesh, clockwise on the screen for a frontal face; mouth and eyes are holes."""
    basis: Float[np.ndarray, "52 vertices 3"]
    """Displacement of each shape at coefficient 1.0, cm; row 0 is the fully open jaw (chord of its turn)."""
    mirror: Int[np.ndarray, "vertices"]
    """The vertex on the other side of the face."""
    jaw_weights: Float[np.ndarray, "vertices"]
    """Share of the jaw's turn, 0 to 1."""
    jaw_point: Float[np.ndarray, "3"]
    """A point on the axis through the jaw joints; the axis is parallel to x."""
    jaw_angle_rad: float
    """Turn of the jaw at jawOpen 1.0."""
    stable: Int[np.ndarray, "stable"]
    """Vertices that expression hardly moves; they carry the pose."""
    stable_weights: Float[np.ndarray, "stable"]
    contours: dict[str, Int[np.ndarray, "points"]]
    """Closed loops of vertices: face_oval, lips_inner, lips_outer, eye_left, eye_right, brow_left, brow_right."""
    eyeball_centres: Float[np.ndarray, "2 3"]
    """The actor's left eye first."""
    eyeball_radii: Float[np.ndarray, "2"]
    teeth_upper: Float[np.ndarray, "teeth 3"]
    """Dental arc as a grid, rows from the gum to the biting edge, columns from right to left."""
    teeth_lower: Float[np.ndarray, "teeth 3"]
    """The same for the lower jaw, at rest; it turns with the jaw."""
    teeth_triangles: Int[np.ndarray, "teeth_triangles 3"]
    """Of either arc."""

    @property
    def space(self) -> ExpressionSpace:
        return ARKIT52

    @classmethod
    def load(cls, path: Path = ASSET) -> CanonicalFace:
        """Reads the embedded asset."""
        with array_errors(), np.load(path, allow_pickle=False) as data:
            assert tuple(data["names"].tolist()) == ARKIT52.names, f"{path} does not speak {ARKIT52.name}"
            contours = {k.removeprefix("contour_"): data[k] for k in data.files if k.startswith("contour_")}
            fields = {k: data[k] for k in data.files if k != "names" and not k.startswith("contour_")}
        fields["jaw_angle_rad"] = float(fields["jaw_angle_rad"])
        return cls(contours=contours, **fields)

    def displacements(self, coefficients: Float[np.ndarray, "frames 52"]) -> Float[np.ndarray, "frames vertices 3"]:
        """What the coefficients add to the neutral face, in cm.

        The jaw turns about its joints; all other shapes add up linearly.
        """
        coefficients = np.asarray(coefficients, np.float32)
        linear = coefficients[:, 1:] @ self.basis[1:].reshape(len(self.basis) - 1, -1)
        return linear.reshape(len(coefficients), *self.mean.shape) + self.jaw_displacements(coefficients[:, 0])

    def jaw_displacements(self, opening: Float[np.ndarray, "frames"]) -> Float[np.ndarray, "frames vertices 3"]:
        """The jaw's part of `displacements`."""
        return self.turn_jaw(self.mean, self.jaw_weights, opening) - self.mean

    def turn_jaw(
        self,
        points: Float[np.ndarray, "points 3"],
        weights: Float[np.ndarray, "points"],
        opening: Float[np.ndarray, "frames"],
    ) -> Float[np.ndarray, "frames points 3"]:
        """Points turned with the jaw, e.g. `teeth_lower` with weights of one."""
        angle = -np.asarray(opening, np.float32)[:, None] * weights[None] * np.float32(self.jaw_angle_rad)
        cos, sin = np.cos(angle), np.sin(angle)
        y, z = points[:, 1] - self.jaw_point[1], points[:, 2] - self.jaw_point[2]
        x = np.broadcast_to(points[:, 0], angle.shape)
        turned = (x, self.jaw_point[1] + cos * y + sin * z, self.jaw_point[2] - sin * y + cos * z)
        return np.stack(turned, axis=-1).astype(np.float32)
