"""How the points of a face hang together, and what its parts are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

NOTICED = {"lips_inner": 6.0, "lips_outer": 4.0, "eye_left": 5.0, "eye_right": 5.0, "brow_left": 3.0, "brow_right": 3.0}
"""How much more the eye notices of some loops than of the rest of a face."""


@dataclass(frozen=True)
class Contours:
    """The rim of an opening: two contours of equally many points, both from the actor's right to the left, that share
    their ends (the corners)."""

    upper: tuple[int, ...]
    lower: tuple[int, ...]

    @property
    def all(self) -> list[int]:
        """Upper, then lower contour."""
        return [*self.upper, *self.lower]

    @property
    def corners(self) -> tuple[int, int]:
        """The right and the left end."""
        return self.upper[0], self.upper[-1]


@dataclass(frozen=True, eq=False)
class Regions:
    """Parts of a face by name, as indices of points. Right and left are the actor's own."""

    surface: Int[np.ndarray, "surface"]
    """Points of the skin, in the order of the mesh; what else there is (irises) lies behind openings."""
    oval: tuple[int, ...]
    """The face's outline, a closed loop clockwise on the screen from the top of the forehead."""
    upper_lip: Int[np.ndarray, "rings columns"]
    """Rings from the inner to the outer contour, columns from the actor's right to the left."""
    lower_lip: Int[np.ndarray, "rings columns"]
    mouth: Contours
    right_eye: Contours
    left_eye: Contours
    right_lids: tuple[tuple[int, int], ...]
    """Pairs of upper and lower lid in the middle of the eye."""
    left_lids: tuple[tuple[int, int], ...]
    right_iris: tuple[int, ...]
    """Its middle, then nasal or temporal edge, top, the other, bottom."""
    left_iris: tuple[int, ...]
    forehead: int
    """Top of the face, in its middle."""
    nose_root: int
    nose_tip: int
    chin: int
    mouth_corners: tuple[int, int]
    """On the outer contour of the lips."""
    cheeks: tuple[int, ...]
    """Skin below the eyes, far from what moves most."""
    sides: tuple[int, int]
    """Where the outline is widest, right and left."""

    @property
    def inner_lips(self) -> tuple[int, int]:
        """Upper and lower lip in the middle of the mouth."""
        middle = len(self.mouth.upper) // 2
        return self.mouth.upper[middle], self.mouth.lower[middle]

    @property
    def outer_eye_corners(self) -> tuple[int, int]:
        """Right and left."""
        return self.right_eye.corners[0], self.left_eye.corners[1]


@dataclass(frozen=True, eq=False)
class Topology:
    """A mesh without its shape; owned by a face model."""

    triangles: Int[np.ndarray, "triangles 3"]
    """Clockwise on the screen for a frontal face; mouth and eyes are holes."""
    mirror: Int[np.ndarray, "points"]
    """The point on the other side of the face."""
    regions: Regions
    loops: Mapping[str, Int[np.ndarray, "_"]]
    """Closed loops of points: face_oval, lips_inner, lips_outer, eye_left, eye_right (outer corners first, inner ones
    ninth), brow_left, brow_right."""
    anchors: Int[np.ndarray, "anchors"]
    """Points that expression hardly moves; they carry the pose."""
    anchor_weights: Float[np.ndarray, "anchors"]

    def weighted(self, loops: Mapping[str, float]) -> Float[np.ndarray, "points"]:
        """A weight for every point: of some loops the ones that are given, 1 for the rest."""
        weights = np.ones(self.num_points)
        for name, weight in loops.items():
            weights[self.loops[name]] = weight
        return weights

    @property
    def num_points(self) -> int:
        """Of all points, drawn or not."""
        return len(self.mirror)
