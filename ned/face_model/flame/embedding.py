"""Points on the surface, as triangles and barycentric coordinates: the publishers' landmark files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ned.errors import UserError
from ned.face_model.flame.model import NUM_TRIANGLES
from ned.face_model.flame.object_array import read_object_array
from ned.face_model.flame.unpickle import read_pickle
from ned.files.arrays import DAMAGED, array_errors

MAX_YAW = 39
"""Degrees; the contour is known for -39 to 39."""
MOST_OUTSIDE = 0.1
"""How far a publisher's point may lie outside of its triangle, as a barycentric coordinate."""


@dataclass(frozen=True, eq=False)
class SurfacePoints:
    """Points that ride on triangles of a mesh."""

    triangles: Int[np.ndarray, "*points"]
    weights: Float[np.ndarray, "*points 3"]

    def corners(self, triangles: Int[np.ndarray, "t 3"]) -> Int[np.ndarray, "*points 3"]:
        """Vertices of each point's triangle."""
        return triangles[self.triangles]

    def on(
        self, vertices: Float[np.ndarray, "*frames v 3"], triangles: Int[np.ndarray, "t 3"]
    ) -> Float[np.ndarray, "..."]:
        """Positions of the points on a mesh."""
        corners = np.take(vertices, self.corners(triangles), axis=-2)
        return (corners * self.weights[..., None]).sum(-2)


@dataclass(frozen=True, eq=False)
class LandmarkFile:
    """`landmark_embedding.npy`: points 17 to 67 of iBUG's 68, and the contour for each turn of the head."""

    static: SurfacePoints
    contour: SurfacePoints
    """(79, 17); see `contour_row`."""


def contour_row(yaw_rad: Float[np.ndarray, "frames"]) -> Int[np.ndarray, "frames"]:
    """Row of the contour for a turn about the vertical: k for +k degrees, 39 + k for -k, at most 39 either way."""
    degrees = np.clip(np.rint(np.rad2deg(yaw_rad)), -MAX_YAW, MAX_YAW).astype(int)
    return np.where(degrees >= 0, degrees, MAX_YAW - degrees)


def yaw_of(rotation: Float[np.ndarray, "frames 3 3"]) -> Float[np.ndarray, "frames"]:
    """The turn that chooses the contour, of root times neck in FLAME's axes, rad."""
    return np.arctan2(-rotation[:, 2, 0], np.hypot(rotation[:, 0, 0], rotation[:, 1, 0]))


def read_landmarks(path: Path) -> LandmarkFile:
    """The publisher's 68 points. Raises UserError where the file is not that."""
    held = read_object_array(path)
    static = _points(path, held, "static_lmk_faces_idx", "static_lmk_bary_coords", (51,))
    return LandmarkFile(static, _points(path, held, "dynamic_lmk_faces_idx", "dynamic_lmk_bary_coords", (79, 17)))


def read_mediapipe_landmarks(path: Path) -> tuple[SurfacePoints, Int[np.ndarray, "points"]]:
    """The publisher's points for MediaPipe, and which landmarks they are. Raises UserError where it is not that."""
    try:
        with array_errors(), np.load(path, allow_pickle=False) as data:
            held = {key: data[key] for key in ("lmk_face_idx", "lmk_b_coords", "landmark_indices")}
        which = held["landmark_indices"].reshape(-1).astype(np.int64)
    except DAMAGED as error:
        raise UserError("holds no landmarks of MediaPipe", path=path, remedy="download it again") from error
    if not len(which) or which.min() < 0 or which.max() >= 468 or len(np.unique(which)) != len(which):
        raise UserError("names landmarks that are not there", path=path, remedy="download it again")
    return _points(path, held, "lmk_face_idx", "lmk_b_coords", which.shape), which


def read_masks(path: Path) -> dict[str, Int[np.ndarray, "vertices"]]:
    """`FLAME_masks.pkl`: parts of the head as vertices. Raises UserError where the file is not that."""
    held = read_pickle(path)
    if not isinstance(held, dict) or "face" not in held:
        raise UserError("holds no masks of FLAME", path=path, remedy="download it again")
    out = {str(name): np.asarray(part).reshape(-1) for name, part in held.items()}
    if any(p.dtype.kind not in "iu" or (len(p) and not 0 <= p.min() <= p.max() < 5023) for p in out.values()):
        raise UserError("names vertices that are not there", path=path, remedy="download it again")
    return {name: part.astype(np.int64) for name, part in out.items()}


def _points(path: Path, held: Any, faces: str, weights: str, shape: tuple[int, ...]) -> SurfacePoints:
    if not isinstance(held, dict) or faces not in held or weights not in held:
        raise UserError(f"lacks {faces}", path=path, remedy="take the publisher's file")
    index, share = np.asarray(held[faces]), np.asarray(held[weights])
    good = index.dtype.kind in "iu" and share.dtype.kind == "f"
    if not good or index.size != np.prod(shape) or share.size != 3 * index.size:
        raise UserError(f"{faces} has the shape {index.shape}, wanted {shape}", path=path,
                        remedy="take the publisher's file")  # fmt: skip
    index, share = index.reshape(shape).astype(np.int64), share.reshape(*shape, 3).astype(np.float64)
    inside = bool((share > -MOST_OUTSIDE).all() and (np.abs(share.sum(-1) - 1) < 1e-2).all())  # neither holds for NaN
    if index.min() < 0 or index.max() >= NUM_TRIANGLES or not inside:
        raise UserError(f"{faces} does not fit FLAME's mesh", path=path, remedy="take the publisher's file")
    return SurfacePoints(index, share)
