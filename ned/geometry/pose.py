"""Scaled-orthographic pose from point pairs, over many frames at once."""

from __future__ import annotations

from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from ned.types import HeadPose


def estimate_pose(
    model_points: Float[np.ndarray, "frames points 3"],
    image_points: Float[np.ndarray, "frames points 3"],
    weights: Float[np.ndarray, "points"],
    depth_weight: float = 0.2,
    iterations: int = 3,
) -> HeadPose:
    """The pose that carries model points (cm) to image points (px, z in the same scale) with least squares.

    Starts from the closed form of Umeyama (1991) on all three axes and refines by Gauss-Newton with
    the image's z counted `depth_weight` times as much as x and y, since tracked depth is guessed.
    """
    weights = weights / weights.sum()
    model, image = model_points.astype(np.float64), image_points.astype(np.float64)
    model_mean = weights @ model
    image_mean = weights @ image
    x, y = model - model_mean[:, None], image - image_mean[:, None]
    rotation, scale = _umeyama(x, y, weights)
    axes = np.array([1.0, 1.0, depth_weight])
    offset = np.zeros((len(x), 3))
    for _ in range(iterations):
        rotation, scale, offset = _refine(x, y, weights, axes, rotation, scale, offset)
    shift = image_mean + offset - scale[:, None] * np.einsum("fij,fj->fi", rotation, model_mean)
    return HeadPose(rotation.astype(np.float32), scale.astype(np.float32), shift[:, :2].astype(np.float32))


def project(pose: HeadPose, vertices: Float[np.ndarray, "frames vertices 3"]) -> Float[np.ndarray, "frames vertices 3"]:
    """Model vertices (cm) in the image (px); z is scaled too, its origin that of the model."""
    turned = np.matmul(vertices, pose.rotation.transpose(0, 2, 1)) * pose.scale[:, None, None]
    turned[..., :2] += pose.translation[:, None]
    return turned


def unproject(
    pose: HeadPose, landmarks: Float[np.ndarray, "frames vertices 3"]
) -> Float[np.ndarray, "frames vertices 3"]:
    """Image points back in the model's axes (cm); the inverse of `project`."""
    centred = landmarks.astype(np.float32, copy=True)
    centred[..., :2] -= pose.translation[:, None]
    return np.matmul(centred, pose.rotation) / pose.scale[:, None, None]


def _umeyama(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    covariance = (y * weights[:, None]).transpose(0, 2, 1) @ x
    u, s, vt = np.linalg.svd(covariance)
    sign = np.ones((len(x), 3))
    sign[:, 2] = np.sign(np.linalg.det(u @ vt))
    scale = (s * sign).sum(1) / np.maximum((x * x).sum(2) @ weights, 1e-12)
    return u * sign[:, None] @ vt, scale


@numba.njit(cache=True, nogil=True, fastmath=True)
@no_type_check  # the tests' shape checker would wrap it, and the compiler refuse the wrapper
def _normal_equations(x, y, weights, axes, rotation, scale, offset):  # pragma: no cover - compiled
    """J'WJ (frames 7 7) and J'Wr (frames 7); unknowns: turn (3), log scale, offset (3) in units of scale."""
    frames, points = x.shape[0], x.shape[1]
    normal, right = np.zeros((frames, 7, 7)), np.zeros((frames, 7))
    row, moved = np.zeros((3, 7)), np.zeros(3)
    for f in range(frames):
        for p in range(points):
            for i in range(3):
                moved[i] = 0.0
                for j in range(3):
                    moved[i] += rotation[f, i, j] * x[f, p, j]
                moved[i] *= scale[f]
            row[0, 1], row[0, 2] = moved[2], -moved[1]
            row[1, 0], row[1, 2] = -moved[2], moved[0]
            row[2, 0], row[2, 1] = moved[1], -moved[0]
            for i in range(3):
                row[i, 3], row[i, 4 + i] = moved[i], scale[f]
                weight = weights[p] * axes[i]
                residual = weight * (y[f, p, i] - moved[i] - offset[f, i])
                for k in range(7):
                    right[f, k] += row[i, k] * residual
                    for m in range(k + 1):
                        normal[f, k, m] += weight * row[i, k] * row[i, m]
        for k in range(7):
            normal[f, k, k] *= 1.0 + 1e-9
            for m in range(k):
                normal[f, m, k] = normal[f, k, m]
    return normal, right


def _refine(
    x: np.ndarray,
    y: np.ndarray,
    weights: np.ndarray,
    axes: np.ndarray,
    rotation: np.ndarray,
    scale: np.ndarray,
    offset: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One Gauss-Newton step on rotation, scale and offset."""
    normal, right = _normal_equations(x, y, weights, axes, rotation, scale, offset)
    step = np.linalg.solve(normal, right[..., None])[..., 0]
    turn = Rotation.from_rotvec(step[:, :3]).as_matrix()
    return turn @ rotation, scale * np.exp(step[:, 3]), offset + step[:, 4:] * scale[:, None]
