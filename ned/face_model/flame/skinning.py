"""Linear blend skinning with pose correctives, as FLAME defines it (Li et al. 2017, eq. 1 to 5).

`skin_reference` says it step by step in double precision; `skin` is the fast one for whole tracks; the torch twin is in
`ned.face_model.flame.skinning_torch`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float

from ned.face_model.flame.model import PARENTS, FlameModel


@dataclass(frozen=True)
class FlameParameters:
    """Coefficients of a track. `pose` holds axis-angles in rad, rows root, neck, jaw, left eye, right eye."""

    identity: Float[np.ndarray, "identities"]
    """In standard deviations, shared by all frames; as many of the model's components as wanted, from the first."""
    expression: Float[np.ndarray, "frames expressions"]
    pose: Float[np.ndarray, "frames 5 3"]

    def __len__(self) -> int:
        return len(self.expression)


def axis_angle_to_matrix(turns: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3 3"]:
    """Rodrigues' formula; exact for a zero turn."""
    turns = np.asarray(turns)
    x, y, z = np.moveaxis(turns, -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*turns.shape, 3)
    squared = (turns * turns).sum(-1)
    angle = np.sqrt(squared)
    small = angle < 1e-4
    safe, safe_squared = np.where(small, 1.0, angle), np.where(small, 1.0, squared)
    first = np.where(small, 1 - squared / 6, np.sin(safe) / safe)
    second = np.where(small, 0.5 - squared / 24, (1 - np.cos(safe)) / safe_squared)
    square = np.einsum("...ij,...jk->...ik", cross, cross)
    return (np.eye(3) + first[..., None, None] * cross + second[..., None, None] * square).astype(turns.dtype)


def skin_reference(model: FlameModel, parameters: FlameParameters) -> Float[np.ndarray, "frames 5023 3"]:
    """One frame at a time, joint by joint, in double precision."""
    out = []
    shape = model.template.astype(np.float64)
    for direction, amount in zip(model.identity, parameters.identity, strict=False):
        shape = shape + amount * direction.astype(np.float64)
    for coefficients, turns in zip(parameters.expression, parameters.pose.astype(np.float64), strict=True):
        shaped = shape + np.tensordot(coefficients.astype(np.float64), model.expression[: len(coefficients)], 1)
        joints = model.joint_regressor.astype(np.float64) @ shaped
        rotations = axis_angle_to_matrix(turns)
        features = (rotations[1:] - np.eye(3)).reshape(-1)
        posed = shaped + np.tensordot(features, model.pose_correctives, 1)
        world: list[np.ndarray] = []
        for j, parent in enumerate(PARENTS):
            local = np.eye(4)
            local[:3, :3] = rotations[j]
            local[:3, 3] = joints[j] - (joints[parent] if parent >= 0 else 0.0)
            world.append(local if parent < 0 else world[parent] @ local)
        skinned = np.zeros_like(posed)
        for j in range(len(PARENTS)):
            moved = (posed - joints[j]) @ world[j][:3, :3].T + world[j][:3, 3]
            skinned += model.weights[:, j : j + 1] * moved
        out.append(skinned)
    return np.stack(out)


def joint_transforms(
    joints: Float[np.ndarray, "frames 5 3"], pose: Float[np.ndarray, "frames 5 3"]
) -> tuple[Float[np.ndarray, "frames 5 3 4"], Float[np.ndarray, "frames 36"]]:
    """What carries a vertex at rest with each joint, and the features of the pose correctives."""
    rotations = axis_angle_to_matrix(pose)
    features = (rotations[:, 1:] - np.eye(3, dtype=rotations.dtype)).reshape(len(pose), -1)
    out = np.empty((len(pose), len(PARENTS), 3, 4), rotations.dtype)
    for j, parent in enumerate(PARENTS):
        if parent < 0:
            turn, origin = rotations[:, j], joints[:, j]
        else:
            turn = out[:, parent, :, :3] @ rotations[:, j]
            origin = np.einsum("fij,fj->fi", out[:, parent, :, :3], joints[:, j]) + out[:, parent, :, 3]
        out[:, j, :, :3] = turn
        out[:, j, :, 3] = origin - np.einsum("fij,fj->fi", turn, joints[:, j])
    return out, features


@numba.njit(cache=True, nogil=True, fastmath=True)
@no_type_check  # the tests' shape checker would wrap it, and the compiler refuse the wrapper
def _blend(posed, weights, transforms):  # pragma: no cover - compiled
    frames, vertices = posed.shape[0], posed.shape[1]
    for f in range(frames):
        for v in range(vertices):
            x, y, z = posed[f, v, 0], posed[f, v, 1], posed[f, v, 2]
            ox, oy, oz = np.float32(0.0), np.float32(0.0), np.float32(0.0)
            for j in range(5):
                w = weights[v, j]
                if w != 0:
                    t = transforms[f, j]
                    ox += w * (t[0, 0] * x + t[0, 1] * y + t[0, 2] * z + t[0, 3])
                    oy += w * (t[1, 0] * x + t[1, 1] * y + t[1, 2] * z + t[1, 3])
                    oz += w * (t[2, 0] * x + t[2, 1] * y + t[2, 2] * z + t[2, 3])
            posed[f, v, 0], posed[f, v, 1], posed[f, v, 2] = ox, oy, oz


CHUNK = 256
"""Frames at once: 15 MB of vertices."""


def skin(model: FlameModel, parameters: FlameParameters) -> Float[np.ndarray, "frames 5023 3"]:
    """The meshes of all frames, metres, in FLAME's axes, single precision.

    Correctives of joints that never turn are left out, and the expression's share of the joints is one small product.
    """
    expression = np.asarray(parameters.expression, np.float32)
    width = expression.shape[1]
    amounts = np.asarray(parameters.identity, np.float32)
    shape = model.template + np.tensordot(amounts, model.identity[: len(amounts)], 1)
    pose = np.asarray(parameters.pose, np.float32)
    turning = np.repeat(np.abs(pose[:, 1:]).max((0, 2)) > 0 if len(pose) else np.zeros(4, bool), 9)
    basis = np.concatenate([model.expression[:width], model.pose_correctives[turning]]).reshape(-1, shape.size)
    joint_basis = np.einsum("jv,evi->eji", model.joint_regressor, model.expression[:width]).reshape(width, -1)
    joints = (model.joint_regressor @ shape)[None] + (expression @ joint_basis).reshape(-1, len(PARENTS), 3)
    transforms, features = joint_transforms(joints.astype(np.float32), pose)
    drive = np.concatenate([expression, features[:, turning]], 1)
    out = np.empty((len(expression), *shape.shape), np.float32)
    for start in range(0, len(out), CHUNK):
        part = slice(start, start + CHUNK)
        flat = out[part].reshape(-1, shape.size)
        np.matmul(drive[part], basis, out=flat)
        flat += shape.reshape(-1)
        _blend(out[part], model.weights, transforms[part])
    return out
