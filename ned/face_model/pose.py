"""Scaled-orthographic pose from point pairs, over many frames at once."""

from __future__ import annotations

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
    model_mean = np.einsum("p,fpi->fi", weights, model)
    image_mean = np.einsum("p,fpi->fi", weights, image)
    x, y = model - model_mean[:, None], image - image_mean[:, None]
    rotation, scale = _umeyama(x, y, weights)
    axes = np.array([1.0, 1.0, depth_weight])
    offset = np.zeros((len(x), 3))
    for _ in range(iterations):
        turned = np.einsum("fij,fpj->fpi", rotation, x)
        rotation, scale, offset = _refine(turned, y, weights, axes, rotation, scale, offset)
    shift = image_mean + offset - scale[:, None] * np.einsum("fij,fj->fi", rotation, model_mean)
    return HeadPose(rotation.astype(np.float32), scale.astype(np.float32), shift[:, :2].astype(np.float32))


def project(pose: HeadPose, vertices: Float[np.ndarray, "frames vertices 3"]) -> Float[np.ndarray, "frames vertices 3"]:
    """Model vertices (cm) in the picture (px); z is scaled too, its origin that of the model."""
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
    covariance = np.einsum("p,fpi,fpj->fij", weights, y, x)
    u, s, vt = np.linalg.svd(covariance)
    sign = np.ones((len(x), 3))
    sign[:, 2] = np.sign(np.linalg.det(u @ vt))
    scale = (s * sign).sum(1) / np.maximum(np.einsum("p,fpi,fpi->f", weights, x, x), 1e-12)
    return u * sign[:, None] @ vt, scale


def _refine(
    turned: np.ndarray,
    y: np.ndarray,
    weights: np.ndarray,
    axes: np.ndarray,
    rotation: np.ndarray,
    scale: np.ndarray,
    offset: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One Gauss-Newton step on rotation, scale and offset."""
    frames, points, _ = turned.shape
    moved = turned * scale[:, None, None]
    jacobian = np.zeros((frames, points, 3, 7))
    jacobian[:, :, 1, 0], jacobian[:, :, 2, 0] = -moved[..., 2], moved[..., 1]
    jacobian[:, :, 0, 1], jacobian[:, :, 2, 1] = moved[..., 2], -moved[..., 0]
    jacobian[:, :, 0, 2], jacobian[:, :, 1, 2] = -moved[..., 1], moved[..., 0]
    jacobian[..., 3] = moved
    jacobian[:, :, [0, 1, 2], [4, 5, 6]] = scale[:, None, None]
    residual = y - moved - offset[:, None]
    root = np.sqrt(weights[:, None] * axes)[None, :, :]
    a = (jacobian * root[..., None]).reshape(frames, points * 3, 7)
    b = (residual * root).reshape(frames, points * 3, 1)
    transposed = a.transpose(0, 2, 1)
    normal = transposed @ a
    normal[:, range(7), range(7)] *= 1 + 1e-9
    step = np.linalg.solve(normal, transposed @ b)[..., 0]
    turn = Rotation.from_rotvec(step[:, :3]).as_matrix()
    return turn @ rotation, scale * np.exp(step[:, 3]), offset + step[:, 4:] * scale[:, None]
