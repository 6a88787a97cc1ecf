"""Fit the face model to a track: pose and bounded expression per frame, identity per actor.

Alternates three closed or convex steps: pose from landmarks that expression hardly moves; expression
by bounded least squares, joined in time; identity as the mean of what expression leaves. A constant
expression could hide in the identity: someone who smiles throughout would seem to have a smiling
neutral face. So the part that is constant over time is divided between the two by what is likely,
given a prior of identities that vary smoothly over the face.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from ned.analysis.store import release
from ned.face_model.protocol import FaceModel
from ned.fitting.bounded import solve_bounded
from ned.geometry.landmarks import NUM_SURFACE
from ned.geometry.pose import estimate_pose, project, unproject
from ned.runtime.heap import trim
from ned.types import ExpressionTrack, FaceFit, FaceTrack, HeadPose

ALTERNATIONS = 3
CHUNK = 512
"""Frames in memory at once; a track may be hours long and memory-mapped."""

VERTEX_WEIGHTS = {"lips_inner": 8.0, "lips_outer": 4.0, "eye_left": 5.0, "eye_right": 5.0, "brow_left": 3.0,
                  "brow_right": 3.0, "face_oval": 0.2}  # fmt: skip
IRIS_WEIGHT = 3.0
DEPTH_WEIGHT = 0.02
"""Of z against x and y: MediaPipe's depth is a guess."""

POSE_DEPTH_WEIGHT = 0.02
MOVING_WEIGHT = 0.25
"""In the pose, of landmarks that expression moves, against 1 to 2 of the stable ones."""
EYE_CORNER_WEIGHT = 6.0

RIDGE = 4.0
RIDGE_FACTORS = {"jawOpen": 0.3, "jawForward": 8.0, "jawLeft": 4.0, "jawRight": 4.0, "eyeBlink": 0.3, "browDown": 0.4,
                 "browInnerUp": 0.3, "browOuterUp": 1.0, "noseSneer": 2.0, "cheekPuff": 8.0, "cheekSquint": 4.0,
                 "mouthSmile": 0.4, "mouthClose": 6.0, "mouthFunnel": 2.0, "mouthPucker": 0.7, "mouthPress": 3.0,
                 "mouthRollLower": 4.0, "mouthRollUpper": 4.0, "mouthShrugLower": 4.0, "mouthShrugUpper": 4.0,
                 "mouthLowerDown": 1.0, "mouthUpperUp": 0.7, "mouthFrown": 1.5, "mouthDimple": 3.0,
                 "mouthStretch": 2.0, "mouthLeft": 3.0, "mouthRight": 3.0, "eyeLookUp": 0.3, "eyeLookDown": 0.3,
                 "eyeLookIn": 0.3, "eyeLookOut": 0.3}  # fmt: skip
"""Relative cost of a coefficient: what shows little in landmarks has to earn its place."""
SMOOTHING_S = 0.02
"""Strength of the bond between frames. Small: closures and blinks last two frames."""
SLOW = ("brow", "cheek", "noseSneer")
SLOW_FACTOR = 8.0

IDENTITY_SCALES_CM = ((3.0, 0.20), (1.2, 0.12), (0.0, 0.04))
"""Length scale and standard deviation of the identity's variation over the face."""
CONSTANT_RIDGE = 20.0
"""Inverse variance of a coefficient's constant part."""


@dataclass(frozen=True)
class _Problem:
    """What the expression step shares over all frames."""

    design: np.ndarray  # (width, vertices * 3), weighted twice
    hessian: np.ndarray
    ridge: np.ndarray
    coupling: np.ndarray
    upper: np.ndarray
    jaw_grid: np.ndarray  # (grid, width): what the jaw's turn adds to its chord


def fit_face(track: FaceTrack, model: FaceModel, frame_rate: float) -> FaceFit:
    """The model, in the tracker's topology, fitted to the landmarks of one track (pixels, any length from one frame).

    Coefficients lie in [0, 1]; `identity` is in the model's units; `reprojection_error` is the mean
    distance over the 468 points of the mesh in the image plane as a share of the inter-ocular
    distance. Raises ValueError on an empty track or landmarks that are not finite.
    """
    if len(track) == 0:
        raise ValueError("a track without frames cannot be fitted")
    if any(not np.isfinite(track.landmarks[chunk]).all() for chunk in _chunks(track)):
        raise ValueError("landmarks must be finite")
    problem = _problem(model, float(frame_rate))
    link = (np.diff(track.frames) == 1).astype(float)
    identity, coefficients = model.mean, np.zeros((len(track), model.space.width), np.float32)
    for _ in range(ALTERNATIONS):
        pose = _poses(track, model, identity, coefficients)
        coefficients = _expression(track, model, problem, pose, identity, coefficients, link)
        identity = _identity(track, model, pose, coefficients)
        identity = _divide_constant(model, identity, coefficients)
    coefficients = _expression(track, model, problem, pose, identity, coefficients, link)
    identity = _identity(track, model, pose, coefficients)
    error = _reprojection_error(track, model, pose, identity, coefficients)
    return FaceFit(identity, pose, ExpressionTrack.unpack(model.space, coefficients), error)


def _chunks(track: FaceTrack) -> Iterator[slice]:
    """Parts of a track; the memory of one is let go before the next."""
    for start in range(0, len(track), CHUNK):
        yield slice(start, min(start + CHUNK, len(track)))
        if start:
            release(track.landmarks)
            trim()


@lru_cache(maxsize=4)
def _problem(model: FaceModel, frame_rate: float) -> _Problem:
    weights = model.topology.weighted(VERTEX_WEIGHTS)
    weights[NUM_SURFACE:] = IRIS_WEIGHT
    weights = np.repeat(weights[:, None], 3, 1) * [1.0, 1.0, DEPTH_WEIGHT]
    basis = model.basis.reshape(len(model.basis), -1).astype(np.float64)
    design = basis * weights.ravel()
    factors = np.array([_factor(name) for name in model.space.names])
    ridge = RIDGE * factors
    hessian = design @ basis.T + np.diag(ridge)
    slow = np.array([SLOW_FACTOR if name.startswith(SLOW) else 1.0 for name in model.space.names])
    coupling = SMOOTHING_S * frame_rate * slow
    upper = np.array([0.0 if name == "tongueOut" else 1.0 for name in model.space.names])
    opening = np.linspace(0.0, 1.0, 65, dtype=np.float32)
    turned = np.zeros((len(opening), model.space.width), np.float32)
    turned[:, 0] = opening
    bend = model.displacements(turned) - opening[:, None, None] * model.basis[0]
    return _Problem(design.astype(np.float32), hessian, ridge, coupling, upper, bend.reshape(65, -1) @ design.T)


def _factor(name: str) -> float:
    return RIDGE_FACTORS.get(name.removesuffix("Left").removesuffix("Right"), RIDGE_FACTORS.get(name, 1.0))


def _poses(track: FaceTrack, model: FaceModel, identity: np.ndarray, coefficients: np.ndarray) -> HeadPose:
    weights = _pose_weights(model)
    used = np.flatnonzero(weights)
    parts = []
    for chunk in _chunks(track):
        face = (identity + model.displacements(coefficients[chunk]))[:, used]
        landmarks = np.asarray(track.landmarks[chunk])[:, used]
        parts.append(estimate_pose(face, landmarks, weights[used], depth_weight=POSE_DEPTH_WEIGHT))
    return HeadPose(*(np.concatenate([getattr(p, k) for p in parts]) for k in ("rotation", "scale", "translation")))


def _pose_weights(model: FaceModel) -> np.ndarray:
    weights = np.full(len(model.mean), MOVING_WEIGHT)
    weights[model.jaw_weights > 0.3] *= 0.3
    weights[model.topology.anchors] = np.maximum(weights[model.topology.anchors], model.topology.anchor_weights)
    for eye in ("eye_left", "eye_right"):  # brows and lids are seen against the corners of the eyes
        weights[model.topology.loops[eye][[0, 8]]] = EYE_CORNER_WEIGHT
    weights[NUM_SURFACE:] = 0.0
    return weights


def _part(pose: HeadPose, chunk: slice) -> HeadPose:
    return HeadPose(pose.rotation[chunk], pose.scale[chunk], pose.translation[chunk])


def _unposed(track: FaceTrack, model: FaceModel, pose: HeadPose, chunk: slice) -> np.ndarray:
    """Landmarks in the model's axes. Their depth, which has no origin, is first moved to where the pose puts it."""
    part = _part(pose, chunk)
    weights = model.topology.anchor_weights / model.topology.anchor_weights.sum()
    centre = weights @ model.mean[model.topology.anchors]
    landmarks = np.array(track.landmarks[chunk], np.float32)
    origin = landmarks[:, model.topology.anchors, 2] @ weights - part.scale * (part.rotation[:, 2] @ centre)
    landmarks[..., 2] -= origin[:, None]
    return unproject(part, landmarks)


def _expression(
    track: FaceTrack,
    model: FaceModel,
    problem: _Problem,
    pose: HeadPose,
    identity: np.ndarray,
    start: np.ndarray,
    link: np.ndarray,
) -> np.ndarray:
    """Bounded coefficients of all frames, the jaw's turn accounted for."""
    seen = np.empty((len(track), model.space.width))
    for chunk in _chunks(track):
        offset = _unposed(track, model, pose, chunk) - identity
        seen[chunk] = offset.reshape(len(offset), -1) @ problem.design.T
    lower = np.zeros_like(problem.upper)
    for _ in range(3):
        bend = _interpolate(problem.jaw_grid, start[:, 0])
        start = solve_bounded(problem.hessian, seen - bend, start, lower, problem.upper, problem.coupling, link)
    return start.astype(np.float32)


def _interpolate(grid: np.ndarray, at: np.ndarray) -> np.ndarray:
    position = np.clip(at, 0, 1) * (len(grid) - 1)
    index = np.minimum(position.astype(int), len(grid) - 2)
    share = (position - index)[:, None]
    return grid[index] * (1 - share) + grid[index + 1] * share


def _identity(track: FaceTrack, model: FaceModel, pose: HeadPose, coefficients: np.ndarray) -> np.ndarray:
    """Mean of what expression leaves; calm, frontal frames count more."""
    strength = (coefficients**2).sum(1)
    frontal = np.clip(pose.rotation[:, 2, 2], 0.2, 1.0)
    weights = frontal**4 / (1.0 + strength)
    weights = weights / weights.sum()
    total = np.zeros_like(model.mean, dtype=np.float64)
    for chunk in _chunks(track):
        left = _unposed(track, model, pose, chunk) - model.displacements(coefficients[chunk])
        total += np.einsum("f,fvi->vi", weights[chunk], left)
    return total.astype(np.float32)


@lru_cache(maxsize=2)
def _identity_prior(model: FaceModel) -> tuple[np.ndarray, np.ndarray]:
    """(width, vertices * 3) basis times the precision of identity, and (width, width) its product with the basis."""
    distance = np.linalg.norm(model.mean[:, None] - model.mean[None], axis=-1).astype(np.float64)
    covariance = np.zeros_like(distance)
    for length, deviation in IDENTITY_SCALES_CM:
        kernel = np.exp(-0.5 * (distance / length) ** 2) if length > 0 else np.eye(len(distance))
        covariance += deviation**2 * kernel
    basis = model.basis.astype(np.float64) * np.sqrt([1.0, 1.0, DEPTH_WEIGHT])
    seen = np.linalg.solve(covariance, basis.transpose(1, 0, 2).reshape(len(distance), -1))
    seen = seen.reshape(len(distance), len(basis), 3).transpose(1, 0, 2)
    seen = (seen * np.sqrt([1.0, 1.0, DEPTH_WEIGHT])).reshape(len(basis), -1)
    return seen, seen @ model.basis.reshape(len(basis), -1).T.astype(np.float64)


def _divide_constant(model: FaceModel, identity: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Takes out of `identity` what is more likely a constant expression, or puts back what is not."""
    seen, hessian = _identity_prior(model)
    floor = np.quantile(coefficients, 0.1, axis=0).astype(np.float64)
    deviation = identity - model.mean + np.tensordot(floor, model.basis, 1)
    gradient = seen @ deviation.reshape(-1)
    upper = np.array([0.0 if name == "tongueOut" else 0.8 for name in model.space.names])
    full = hessian + CONSTANT_RIDGE * np.diag([_factor(name) for name in model.space.names])
    constant = solve_bounded(full, gradient[None], floor[None], np.zeros_like(upper), upper, sweeps=500)[0]
    return (identity + np.tensordot(floor - constant, model.basis, 1)).astype(np.float32)


def _reprojection_error(
    track: FaceTrack, model: FaceModel, pose: HeadPose, identity: np.ndarray, coefficients: np.ndarray
) -> Float[np.ndarray, "frames"]:
    left, right = (identity[model.topology.loops[eye]].mean(0) for eye in ("eye_left", "eye_right"))
    between = pose.scale * np.linalg.norm(left - right)
    error = np.empty(len(track), np.float32)
    for chunk in _chunks(track):
        drawn = project(_part(pose, chunk), identity + model.displacements(coefficients[chunk]))
        distance = np.linalg.norm((drawn - track.landmarks[chunk])[:, :NUM_SURFACE, :2], axis=-1)
        error[chunk] = distance.mean(1) / between[chunk]
    return error
