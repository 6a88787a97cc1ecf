"""FLAME as a face model of `ned`: seen through the 478 landmarks, with the whole mesh behind them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from ned.face_model.articulated import ArticulatedFace
from ned.face_model.canonical import CanonicalFace
from ned.face_model.flame.embedding import (
    LandmarkFile,
    SurfacePoints,
    read_landmarks,
    read_masks,
    read_mediapipe_landmarks,
)
from ned.face_model.flame.folder import FlameFiles, find_flame_files
from ned.face_model.flame.model import JAW, FlameModel, read_flame
from ned.face_model.flame.registration import AXES, CM, cached_embedding, to_ned
from ned.face_model.flame.skinning import FlameParameters, skin
from ned.face_model.flame.texture import TextureLayout, read_texture_layout
from ned.face_model.spaces import FLAME50
from ned.geometry.topology import Topology
from ned.types import ExpressionSpace
from ned.workspace import Cache

IDENTITIES = 100
"""As many as DECA speaks."""
USUAL_OPENING_RAD = 0.2
_JAW_FEATURES = slice(9 * (JAW - 1), 9 * JAW)


@dataclass(frozen=True, eq=False)
class FlameFace:
    """Implements `FaceModel` in the space `flame50`: the jaw's opening in rad, 50 expression components."""

    model: FlameModel
    files: FlameFiles
    points: SurfacePoints
    """The 478 landmarks on the surface."""
    canonical: CanonicalFace
    """Lends its topology, which belongs to the landmarks."""
    landmarks68: LandmarkFile | None = None

    @property
    def space(self) -> ExpressionSpace:
        return FLAME50

    @classmethod
    def load(
        cls, folder: Path, edition: str | None = None, cache: Cache | None = None, publishers_points: bool = True
    ) -> FlameFace:
        """FLAME from a user's folder, or from a model file by itself; UserError names what is wrong with it.

        The registration of landmarks is kept in the cache; without `publishers_points` it uses none of the
        publisher's landmark files.
        """
        files = find_flame_files(folder)
        model = read_flame(files.model, edition)
        landmarks = read_landmarks(files.landmarks) if files.landmarks else None
        mediapipe = read_mediapipe_landmarks(files.mediapipe) if files.mediapipe else None
        canonical = CanonicalFace.load()
        given = (landmarks, mediapipe) if publishers_points else (None, None)
        points = cached_embedding(files.model, model, canonical, *given, cache=cache)
        return cls(model, files, points, canonical, landmarks)

    @cached_property
    def articulated(self) -> ArticulatedFace:
        """The 478 points with `IDENTITIES` identities and 50 expressions, for fitting."""
        return articulated_points(self.model, self.points)

    def person(self, identity: Float[np.ndarray, "identities"]) -> ArticulatedFace:
        """The 478 points of one person; `identity` may have more components than `articulated` fits."""
        if len(identity) > IDENTITIES:
            return articulated_points(self.model, self.points, len(identity)).shaped(identity)
        return self.articulated.shaped(identity)

    @cached_property
    def mean(self) -> Float[np.ndarray, "478 3"]:
        """The landmarks on the mean face, cm in `ned`'s axes."""
        return to_ned(self.points.on(self.model.template.astype(np.float64), self.model.triangles)).astype(np.float32)

    @property
    def topology(self) -> Topology:
        """The tracker's."""
        return self.canonical.topology

    @cached_property
    def basis(self) -> Float[np.ndarray, "51 478 3"]:
        """What each coefficient at 1 adds, cm; row 0 is the jaw's chord, scaled up to 1 rad from a usual opening."""
        probe = np.eye(FLAME50.width, dtype=np.float32)
        probe[0, 0] = USUAL_OPENING_RAD
        basis = self.displacements(probe)
        basis[0] /= np.float32(USUAL_OPENING_RAD)
        return basis

    @cached_property
    def jaw_weights(self) -> Float[np.ndarray, "478"]:
        """Share of the jaw's turn, 0 to 1."""
        return np.clip(self.articulated.jaw_share, 0.0, 1.0).astype(np.float32)

    def landmarks_of(self, values: Float[np.ndarray, "*batch 478 c"]) -> Float[np.ndarray, "*batch 478 c"]:
        """See `FaceModel.landmarks_of`: the points are the landmarks."""
        return values

    @cached_property
    def mesh_triangles(self) -> Int[np.ndarray, "9976 3"]:
        """Of the whole mesh, clockwise on the screen for a frontal face."""
        return np.ascontiguousarray(self.model.triangles[:, [0, 2, 1]])

    @cached_property
    def masks(self) -> dict[str, Int[np.ndarray, "vertices"]]:
        """Parts of the head; empty where the folder has no masks."""
        return read_masks(self.files.masks) if self.files.masks else {}

    @cached_property
    def texture(self) -> TextureLayout | None:
        """None where the folder has no `head_template.obj`: then detail cannot be shown, all else can."""
        return read_texture_layout(self.files.template, self.model.triangles) if self.files.template else None

    def displacements(self, coefficients: Float[np.ndarray, "frames 51"]) -> Float[np.ndarray, "frames 478 3"]:
        """What the coefficients (jaw opening in rad, then 50 expressions) add to the mean face, cm."""
        coefficients = np.asarray(coefficients, np.float64)
        jaw = np.zeros((len(coefficients), 3))
        jaw[:, 0] = coefficients[:, 0]
        return (self.articulated.positions(coefficients[:, 1:], jaw) - self._neutral).astype(np.float32)

    @cached_property
    def _neutral(self) -> Float[np.ndarray, "1 478 3"]:
        return self.articulated.positions(np.zeros((1, FLAME50.width - 1)), np.zeros((1, 3)))

    def mesh(self, parameters: FlameParameters) -> Float[np.ndarray, "frames 5023 3"]:
        """The whole mesh, cm in `ned`'s axes."""
        return to_ned(skin(self.model, parameters))


def articulated_points(
    model: FlameModel, points: SurfacePoints, identities: int = IDENTITIES, expressions: int = FLAME50.width - 1
) -> ArticulatedFace:
    """Surface points as an `ArticulatedFace`. Neck and eyes rest, the root's turn is the head's pose."""
    corners, share = points.corners(model.triangles), points.weights
    jaw = share * model.weights[corners, JAW]

    def at(vectors: np.ndarray, weights: np.ndarray) -> np.ndarray:
        taken = vectors[:, corners].astype(np.float64)
        return CM * AXES * np.einsum("npcx,pc->npx", taken, weights)

    identity, expression = model.identity[:identities], model.expression[:expressions]
    correctives = _turned_features(model.pose_correctives[_JAW_FEATURES])
    regressor = CM * AXES
    return ArticulatedFace(
        rest=at(model.template[None], share)[0], rest_jaw=at(model.template[None], jaw)[0], jaw_share=jaw.sum(1),
        identity=at(identity, share), identity_jaw=at(identity, jaw),
        expression=at(expression, share), expression_jaw=at(expression, jaw),
        joint=regressor * model.joints[JAW].astype(np.float64),
        joint_identity=regressor * np.einsum("v,evx->ex", model.joint_regressor[JAW], identity).astype(np.float64),
        joint_expression=regressor * np.einsum("v,evx->ex", model.joint_regressor[JAW], expression).astype(np.float64),
        correctives=at(correctives, share), correctives_jaw=at(correctives, jaw),
    )  # fmt: skip


def _turned_features(correctives: np.ndarray) -> np.ndarray:
    """Correctives for a rotation written in `ned`'s axes: R in FLAME's is D R D with D = diag(1, -1, -1)."""
    signs = np.outer(AXES, AXES).reshape(9).astype(correctives.dtype)
    return correctives * signs[:, None, None]
