"""NMFC and shape of the whole FLAME mesh, as Neural Emotion Director gives them to its renderer (supplement, A).

Colours are the mean face's coordinates in the bounding box of all 5023 vertices; only the face is drawn. The shape is
grey skin under five lights, its normals those of the coarse mesh or, with DECA's detail, those of the moved UV map.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import cKDTree

from ned.face_model.flame.detail import DetailMaps, detail_normals
from ned.face_model.flame.face import FlameFace
from ned.face_model.flame.model import JAW
from ned.face_model.flame.registration import AXES, to_ned
from ned.face_model.flame.skinning import axis_angle_to_matrix
from ned.face_model.flame.uv import UvMap, texture_pixels, uv_map
from ned.geometry.landmarks import NUM_SURFACE
from ned.geometry.pose import project
from ned.geometry.rasterizer import Rasterizer
from ned.renderer.warp.shading import vertex_normals
from ned.types import HeadPose, Heads

Decoder = Callable[[Float[np.ndarray, "3"], Float[np.ndarray, "50"], Float[np.ndarray, "128"]], np.ndarray]
"""(jaw in FLAME's axes, expression, code) → displacement over the UV map, m; see `ned.encoders.deca.DetailDecoder`."""

GREY, INTENSITY = 180.0 / 255.0, 1.7
LIGHTS = np.array([[-1, -1, -1], [1, -1, -1], [-1, 1, -1], [1, 1, -1], [0, 0, -1]], np.float32)
LIGHTS /= np.linalg.norm(LIGHTS, axis=1, keepdims=True)
"""Unit vectors towards the lights, in `ned`'s axes: four corners around the camera, and the camera."""
EXPRESSIONS = 50
FACING = 0.15
"""Most that a normal may point away from the camera to be drawn."""
AROUND_CM = 1.0
"""Without the publisher's masks the face is what lies so near to the tracker's points."""


@dataclass(frozen=True, eq=False)
class DetailSource:
    """DECA's detail for one run: the decoder of a checkpoint, and the publisher's maps."""

    decode: Decoder
    maps: DetailMaps


def shading(normals: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n"]:
    """Grey of skin with these normals (camera's axes, z away from it), 0 to 1."""
    return np.clip(GREY * INTENSITY * np.maximum(normals @ LIGHTS.T, 0.0).mean(-1), 0.0, 1.0).astype(np.float32)


class FlameImages:
    """Draws heads in images of `size` pixels."""

    def __init__(self, face: FlameFace, size: int, rasterizer: Rasterizer, detail: DetailSource | None = None) -> None:
        self._face, self.size, self._rasterizer = face, size, rasterizer
        self._known: tuple[np.ndarray, np.ndarray] | None = None
        template = to_ned(face.model.template)
        low, high = template.min(0), template.max(0)
        self.colours = ((template - low) / (high - low)).astype(np.float32)
        """NMFC of every vertex."""
        chosen = np.zeros(len(template), bool)
        chosen[self._face_vertices()] = True
        self.rows = np.flatnonzero(chosen[face.mesh_triangles].all(1))
        """Triangles of the face among the mesh's."""
        self.detail = detail if face.texture is not None else None
        """None where the folder has no texture coordinates: then detail, and only that, is lost."""

    def _face_vertices(self) -> Int[np.ndarray, "some"]:
        masks = self._face.masks
        if masks:
            return masks["face"]
        near = cKDTree(self._face.mean[:NUM_SURFACE]).query(to_ned(self._face.model.template))[0]
        return np.flatnonzero(near < AROUND_CM)

    @cached_property
    def _uv(self) -> UvMap:
        assert self._face.texture is not None
        return uv_map(self._face.texture, self._face.model.triangles)

    @cached_property
    def _seams(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Texture vertices: the mesh's vertex that each is, its pixel of the UV map, and the face's triangles in them,
        turning as `mesh_triangles` do."""
        layout = self._face.texture
        assert layout is not None
        vertex = np.zeros(len(layout.coordinates), np.int64)
        vertex[layout.corners] = self._face.model.triangles
        triangles = np.ascontiguousarray(layout.corners[self.rows][:, [0, 2, 1]].astype(np.int32))
        return vertex, texture_pixels(layout).astype(np.float32), triangles

    @cached_property
    def _drive(self) -> tuple[np.ndarray, np.ndarray]:
        """What expression and the jaw's turn add to the mesh (59 rows), and to the jaw's joint (50 rows); m."""
        model = self._face.model
        expression = model.expression[:EXPRESSIONS]
        correctives = model.pose_correctives[9 * (JAW - 1) : 9 * JAW]
        joint = np.einsum("v,evx->ex", model.joint_regressor[JAW], expression)
        return np.concatenate([expression, correctives]).reshape(EXPRESSIONS + 9, -1), joint

    def _shaped(self, identity: Float[np.ndarray, "identities"]) -> Float[np.ndarray, "5023 3"]:
        """The mean face with this identity, m; remembered, since it hardly ever changes."""
        if self._known is None or not np.array_equal(self._known[0], identity):
            model = self._face.model
            shape = model.template + np.tensordot(identity, model.identity[: len(identity)], 1)
            self._known = identity.copy(), shape.astype(np.float32)
        return self._known[1]

    def mesh(self, head: Heads) -> Float[np.ndarray, "5023 3"]:
        """The unturned mesh of a single frame, cm: `FlameFace.mesh` where only the jaw turns."""
        model, (drive, joint_drive) = self._face.model, self._drive
        shape, turn = self._shaped(head.identity[0]), axis_angle_to_matrix(head.jaw_rad * AXES)[0] - np.eye(3)
        amounts = np.concatenate([head.expression[0], turn.reshape(-1)]).astype(np.float32)
        posed = shape + (amounts @ drive).reshape(-1, 3)
        joint = model.joint_regressor[JAW] @ shape + head.expression[0] @ joint_drive
        turned = (posed - joint) @ turn.T.astype(np.float32)
        return to_ned((posed + model.weights[:, JAW, None] * turned).astype(np.float32))

    def draw(self, head: Heads) -> tuple[Float[np.ndarray, "s s 3"], Float[np.ndarray, "s s"]]:
        """NMFC and shape of a single frame's head, whose pose is in pixels of the image; black around the face."""
        mesh = self.mesh(head)
        pose = HeadPose(head.rotation, head.scale, head.translation)
        placed = project(pose, mesh[None])[0].astype(np.float32)
        turned = vertex_normals(placed, self._face.mesh_triangles)
        if self.detail is None or head.detail is None:
            faces = self._face.mesh_triangles[self.rows]
            image, _ = self._rasterizer(placed, faces, np.c_[self.colours, turned], (self.size, self.size))
            return np.ascontiguousarray(image[..., :3]), self._shaded(image[..., 3:])
        vertex, pixels, triangles = self._seams
        attributes = np.c_[self.colours[vertex], pixels]
        image, depth = self._rasterizer(placed[vertex], triangles, attributes, (self.size, self.size))
        decoded = self.detail.decode(head.jaw_rad[0] * AXES, head.expression[0], head.detail[0])
        unturned = turned @ head.rotation[0]  # the camera's axes back to the head's
        normals = detail_normals(mesh, unturned, self._uv, self.detail.maps, decoded) @ head.rotation[0].T
        at = np.ascontiguousarray(image[..., 3:])
        seen = cv2.remap(normals.astype(np.float32), at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        length = np.linalg.norm(seen, axis=-1, keepdims=True)
        seen = np.where(length > 0.5, seen / np.maximum(length, 1e-6), 0.0) * np.isfinite(depth)[..., None]
        return np.ascontiguousarray(image[..., :3]), self._shaded(seen)

    @staticmethod
    def _shaded(normals: Float[np.ndarray, "s s 3"]) -> Float[np.ndarray, "s s"]:
        drawn = np.linalg.norm(normals, axis=-1) > 0.5
        return shading(normals) * (drawn & (normals[..., 2] < FACING))

