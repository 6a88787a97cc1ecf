"""The 478 tracked landmarks as points on FLAME's surface.

MediaPipe's mesh is nowhere published on FLAME but for 105 points. So the embedded face model, whose vertices the
landmarks are, is laid onto FLAME's mean face: roughly by eyeballs, jaw joint and tip of the nose, then smoothly onto
the surface, held at the landmarks that the user's files do give. It is done once for a file and kept in the cache.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ned.errors import UserError
from ned.face_model.canonical import CanonicalFace
from ned.face_model.flame.embedding import LandmarkFile, SurfacePoints
from ned.face_model.flame.model import JAW, LEFT_EYE, LEFT_EYEBALL, RIGHT_EYE, RIGHT_EYEBALL, FlameModel
from ned.face_model.flame.points import IBUG51
from ned.files.arrays import DAMAGED, array_errors
from ned.geometry.landmarks import LANDMARKS, NUM_LANDMARKS, NUM_SURFACE
from ned.geometry.surface import Surface, register, similarity
from ned.workspace import Cache

NOSE_TIP = 4
IRISES = (LANDMARKS.left_iris, LANDMARKS.right_iris)
EYE_DEPTH_CM = 1.0
"""From an iris back to the middle of its eyeball."""
_VERSION = 1
AXES = np.array([1.0, -1.0, -1.0])
"""FLAME's y and z point the other way."""
CM = 100.0


def to_ned(points_m: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
    """FLAME's metres and axes → cm, y down, z away from the camera."""
    return points_m * (CM * AXES).astype(points_m.dtype)


def to_flame(points_cm: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
    """The inverse of `to_ned`."""
    return points_cm * (AXES / CM).astype(points_cm.dtype)


def embed_landmarks(
    model: FlameModel,
    canonical: CanonicalFace,
    landmarks: LandmarkFile | None = None,
    mediapipe: tuple[SurfacePoints, np.ndarray] | None = None,
) -> SurfacePoints:
    """The 478 points on the mean face. What the publishers' files say is taken, the rest is registered.

    Raises UserError where the result is not plausible: more than 2 cm off or folded, as with a mean face that is none.
    """
    head = np.arange(LEFT_EYEBALL.start)
    skin = model.triangles[np.isin(model.triangles, head).all(1)]
    surface = Surface(model.template * CM, skin)
    points = canonical.mean.astype(np.float64) * AXES
    scale, rotation, shift = similarity(*_rough(model, canonical))
    points = scale * points @ rotation.T + shift
    which, where = _anchors(model, canonical, landmarks, mediapipe)
    if len(which) >= 20:
        scale, rotation, shift = similarity(points[which], where)
        points = scale * points @ rotation.T + shift
    mesh, outward = points[:NUM_SURFACE], canonical.topology.triangles[:, [0, 2, 1]].astype(np.int64)
    symmetric = canonical.topology.mirror[:NUM_SURFACE] if len(which) < 20 else None
    near = register(mesh, outward, surface, (which, where), symmetric)
    _check(near.positions, mesh)
    rows = np.flatnonzero(np.isin(model.triangles, head).all(1))
    triangles, weights = np.zeros(NUM_LANDMARKS, np.int64), np.zeros((NUM_LANDMARKS, 3))
    triangles[:NUM_SURFACE], weights[:NUM_SURFACE] = rows[near.triangles], near.weights
    if mediapipe is not None:  # theirs as they are, not the nearest point to them
        triangles[mediapipe[1]], weights[mediapipe[1]] = mediapipe[0].triangles, mediapipe[0].weights
    for first, eyeball, joint in ((468, RIGHT_EYEBALL, RIGHT_EYE), (473, LEFT_EYEBALL, LEFT_EYE)):
        part = slice(first, first + 5)
        triangles[part], weights[part] = _iris(model, canonical, part, eyeball, joint)
    return SurfacePoints(triangles, weights)


def _rough(model: FlameModel, canonical: CanonicalFace) -> tuple[np.ndarray, np.ndarray]:
    """Eyeballs, jaw joint and tip of the nose in the embedded model (cm, FLAME's axes) and in FLAME (cm)."""
    left, right = (canonical.mean[list(iris)].mean(0) + [0, 0, EYE_DEPTH_CM] for iris in IRISES)
    ours = np.stack([left, right, canonical.jaw_point, canonical.mean[NOSE_TIP]]) * AXES
    joints = model.joints.astype(np.float64)
    skin = model.template[: LEFT_EYEBALL.start].astype(np.float64)
    middle = np.abs(skin[:, 0] - joints[[LEFT_EYE, RIGHT_EYE], 0].mean()) < 0.01
    below = skin[:, 1] < joints[[LEFT_EYE, RIGHT_EYE], 1].mean()
    candidates = skin[middle & below]
    tip = candidates[candidates[:, 2].argmax()] if len(candidates) else skin[skin[:, 2].argmax()]
    return ours, CM * np.stack([joints[LEFT_EYE], joints[RIGHT_EYE], joints[JAW], tip])


def _anchors(
    model: FlameModel,
    canonical: CanonicalFace,
    landmarks: LandmarkFile | None,
    mediapipe: tuple[SurfacePoints, np.ndarray] | None,
) -> tuple[np.ndarray, np.ndarray]:
    vertices = CM * model.template.astype(np.float64)
    if mediapipe is not None:
        return mediapipe[1], mediapipe[0].on(vertices, model.triangles)
    if landmarks is not None:
        return np.array(IBUG51), landmarks.static.on(vertices, model.triangles)
    _, target = _rough(model, canonical)
    return np.array([NOSE_TIP]), target[3:]


def _iris(
    model: FlameModel, canonical: CanonicalFace, part: slice, eyeball: slice, joint: int
) -> tuple[np.ndarray, np.ndarray]:
    """The iris' five points on the front of an eyeball that looks straight ahead."""
    inside = np.isin(model.triangles, np.arange(eyeball.start, eyeball.stop)).all(1)
    rows = np.flatnonzero(inside)
    centre = CM * model.joints[joint].astype(np.float64)
    ring = canonical.mean[part].astype(np.float64) * AXES
    ring = ring - ring[0]
    radius = float(np.median(np.linalg.norm(CM * model.template[eyeball] - centre, axis=1)))
    flat = ring[:, :2]
    ahead = np.sqrt(np.maximum(radius**2 - (flat**2).sum(1), 0.0))
    near = Surface(model.template * CM, model.triangles[rows]).nearest(centre + np.c_[flat, ahead])
    return rows[near.triangles], near.weights


def _check(found: np.ndarray, start: np.ndarray) -> None:
    if float(np.median(np.linalg.norm(found - start, axis=1))) > 2.0:
        raise UserError("the mean face of this FLAME is not like a face", remedy="give the publisher's file")


def cached_embedding(
    path: Path,
    model: FlameModel,
    canonical: CanonicalFace,
    landmarks: LandmarkFile | None = None,
    mediapipe: tuple[SurfacePoints, np.ndarray] | None = None,
    cache: Cache | None = None,
) -> SurfacePoints:
    """`embed_landmarks`, kept for the next time. `path` is named in errors."""
    digest = hashlib.blake2b(digest_size=16)
    known = [model.template, model.triangles, model.joint_regressor, canonical.mean, canonical.topology.triangles]
    for points in (landmarks and landmarks.static, mediapipe and mediapipe[0]):
        known += [points.triangles, points.weights] if points else [np.zeros(0)]
    known.append(mediapipe[1] if mediapipe else np.zeros(0))
    for array in known:
        digest.update(np.ascontiguousarray(array).tobytes())
    cache = cache or Cache()
    entry = cache.entry("flame-landmarks", _VERSION, digest.hexdigest())
    file = entry / "embedding.npz"
    try:
        with array_errors(), np.load(file, allow_pickle=False) as data:
            triangles, weights = data["triangles"], data["weights"]
        if triangles.shape == (NUM_LANDMARKS,) and weights.shape == (NUM_LANDMARKS, 3):
            cache.touch(entry)
            return SurfacePoints(triangles, weights)
    except DAMAGED:
        pass
    try:
        made = embed_landmarks(model, canonical, landmarks, mediapipe)
    except UserError as error:
        raise UserError(error.cause, path=path, remedy=error.remedy) from error
    try:
        cache.save(entry, lambda f: np.savez(f / "embedding.npz", triangles=made.triangles, weights=made.weights))
    except OSError:  # a cache that cannot be written is no reason to stop
        return made
    return made
