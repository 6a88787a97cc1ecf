"""The encoders' camera as `ned`'s pose, so that both put the same vertex on the same pixel."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from ned.encoders.crop import SIZE, Crop
from ned.encoders.parameters import EncodedFaces
from ned.face_model.flame.model import ROOT, FlameModel
from ned.face_model.flame.registration import AXES, CM
from ned.face_model.flame.skinning import axis_angle_to_matrix
from ned.types import HeadPose


def project_deca(
    vertices: Float[np.ndarray, "frames n 3"], camera: Float[np.ndarray, "frames 3"]
) -> Float[np.ndarray, "frames n 3"]:
    """FLAME's metres (the root's turn included) → pixels of the crop, as DECA defines it; depth in the same scale."""
    scale, shift = camera[:, None, :1], np.pad(camera[:, 1:], ((0, 0), (0, 1)))[:, None]
    half = SIZE / 2
    return half * np.array([1, 1, 0]) + half * scale * (vertices + shift) * AXES


def head_pose(faces: EncodedFaces, model: FlameModel, crop: Crop) -> HeadPose:
    """The pose that carries the unturned mesh (cm, `ned`'s axes) to pixels of the frames.

    FLAME turns the head about the root joint, which depends on identity and expression.
    """
    turn = axis_angle_to_matrix(faces.global_pose.astype(np.float64) * AXES)
    joint = CM * AXES * _root(model, faces)
    per_cm = SIZE / 2 * faces.camera[:, 0].astype(np.float64) / CM
    shift = SIZE / 2 * (1 + faces.camera[:, :1] * faces.camera[:, 1:] * AXES[:2])
    about = joint - np.einsum("fij,fj->fi", turn, joint)
    in_crop = shift + per_cm[:, None] * about[:, :2]
    translation = in_crop / crop.scale[:, None] + crop.corner
    return HeadPose(turn.astype(np.float32), (per_cm / crop.scale).astype(np.float32), translation.astype(np.float32))


def _root(model: FlameModel, faces: EncodedFaces) -> np.ndarray:
    """(frames, 3) root joints, m."""
    row = model.joint_regressor[ROOT]
    identity = np.einsum("v,ivx->ix", row, model.identity[: faces.shape.shape[1]])
    expression = np.einsum("v,evx->ex", row, model.expression[: faces.expression.shape[1]])
    return row @ model.template + faces.shape @ identity + faces.expression @ expression


def encode_pose(
    pose: HeadPose, shape: Float[np.ndarray, "identities"], expression: Float[np.ndarray, "frames 50"],
    jaw_rad: Float[np.ndarray, "frames 3"], model: FlameModel, crop: Crop,
) -> EncodedFaces:  # fmt: skip
    """A fit in `ned`'s terms as the encoders would say it: the inverse of `head_pose`.

    Args:
        jaw_rad: axis-angle in `ned`'s axes.
    """
    frames = len(expression)
    shapes = np.repeat(np.asarray(shape)[None], frames, 0)
    turn = pose.rotation.astype(np.float64)
    zero = np.zeros((frames, 3))
    faces = EncodedFaces(shapes, expression, zero, jaw_rad * AXES, zero)
    joint = CM * AXES * _root(model, faces)
    per_cm = pose.scale * crop.scale
    about = joint - np.einsum("fij,fj->fi", turn, joint)
    in_crop = (pose.translation - crop.corner) * crop.scale[:, None] - per_cm[:, None] * about[:, :2]
    scale = per_cm * CM / (SIZE / 2)
    shift = (in_crop / (SIZE / 2) - 1) / scale[:, None] * AXES[:2]
    root = Rotation.from_matrix(turn).as_rotvec() * AXES
    camera = np.concatenate([scale[:, None], shift], 1)
    return EncodedFaces(shapes, expression, root, jaw_rad * AXES, camera)
