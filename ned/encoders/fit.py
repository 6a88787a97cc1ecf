"""What an encoder says of a track, as the fit that every other stage reads.

Coefficients are the encoder's, frame by frame; identity is shared, the median of what it said of each frame. A frame
in which its mesh lies nowhere near the tracked face is lost: coefficients come from the frames beside it, the pose from
the landmarks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from ned.encoders.camera import head_pose
from ned.encoders.crop import Crop
from ned.encoders.parameters import EncodedFaces
from ned.errors import UserError
from ned.face_model.flame.face import FlameFace
from ned.face_model.flame.registration import AXES
from ned.fitting.flame import FlameFit, flame_fit
from ned.geometry.landmarks import NUM_SURFACE
from ned.geometry.pose import estimate_pose, project
from ned.types import FaceTrack, HeadPose, Heads

LOST = 0.35
"""Mean distance of mesh and landmarks, as a share of the distance of the eyes, from which a face is lost. A good fit
has .02 to .08; a face beside the tracked one has 1 and more."""
MOST_LOST = 0.5
"""Share of a track's frames that may be."""


@dataclass(frozen=True)
class EncodedFit:
    """An encoder's fit of a track."""

    fit: FlameFit
    faces: EncodedFaces
    """As the encoder said it, lost frames included."""
    crop: Crop
    lost: Bool[np.ndarray, "frames"]

    def heads(self) -> Heads:
        """For what draws the whole mesh; lost frames have the detail of the nearest that is not lost."""
        detail = None if self.faces.detail is None else _filled(self.faces.detail, self.lost)
        return replace(self.fit.heads(), detail=None if detail is None else detail.astype(np.float32))


def encoded_fit(kind: str, faces: EncodedFaces, crop: Crop, track: FaceTrack, face: FlameFace) -> EncodedFit:
    """The fit of one track.

    Args:
        kind: name of the encoder, for messages.
        face: of the edition that the encoder speaks.
    Raises:
        UserError: values that are not finite, or a face that is lost in more than `MOST_LOST` of the frames.
    """
    numbers = [faces.shape, faces.expression, faces.global_pose, faces.jaw_pose, faces.camera]
    good = np.isfinite(np.concatenate(numbers, 1)).all(1) & (faces.camera[:, 0] > 0)
    identity = np.median(faces.shape[good], 0) if good.any() else np.zeros(faces.shape.shape[1])
    shared = replace(
        faces, shape=np.repeat(identity[None], len(faces), 0), expression=_filled(faces.expression, ~good),
        global_pose=_filled(faces.global_pose, ~good), jaw_pose=_filled(faces.jaw_pose, ~good),
        camera=_filled(faces.camera, ~good),
    )  # fmt: skip
    landmarks = np.asarray(track.landmarks, np.float64)
    own, pose = face.person(identity), head_pose(shared, face.model, crop)
    placed = own.positions(shared.expression, shared.jaw_pose * AXES)
    lost = ~good | (_distance(pose, placed, landmarks, face) > LOST)
    if lost.mean() > MOST_LOST:
        raise UserError(
            f"{kind} loses the face of person {track.person} in {int(lost.sum())} of {len(lost)} frames",
            remedy="fit landmarks (--fit landmarks), or check that the checkpoint is the publisher's",
        )
    if lost.any():
        shared = replace(shared, expression=_filled(shared.expression, lost), jaw_pose=_filled(shared.jaw_pose, lost))
        placed = own.positions(shared.expression, shared.jaw_pose * AXES)
        pose = _by_landmarks(pose, lost, placed, landmarks, face)
    error = _distance(pose, placed, landmarks, face)
    fit = flame_fit(face, identity, shared.expression, shared.jaw_pose * AXES, pose, error)
    return EncodedFit(fit, faces, crop, lost)


def _filled(values: Float[np.ndarray, "frames k"], bad: Bool[np.ndarray, "frames"]) -> np.ndarray:
    """Bad frames between the good ones beside them; all zero where none is good."""
    if not bad.any():
        return values
    if bad.all():
        return np.zeros_like(values)
    at, known = np.arange(len(values)), np.flatnonzero(~bad)
    return np.stack([np.interp(at, known, column[known]) for column in values.T], 1)


def _distance(
    pose: HeadPose, placed: Float[np.ndarray, "frames 478 3"], landmarks: np.ndarray, face: FlameFace
) -> Float[np.ndarray, "frames"]:
    """Mean distance of the 468 points of the skin as a share of that of the eyes, which is the tracked face's: a mesh
    that has become tiny is not near."""
    left, right = (landmarks[:, face.topology.loops[eye], :2].mean(1) for eye in ("eye_left", "eye_right"))
    tall = np.ptp(landmarks[:, :NUM_SURFACE, 1], axis=1)  # on a turned head the eyes come together
    between = np.maximum(np.linalg.norm(left - right, axis=1), 0.3 * tall)
    gap = project(pose, placed)[..., :2] - landmarks[..., :2]
    return np.linalg.norm(gap[:, :NUM_SURFACE], axis=-1).mean(1) / np.maximum(between, 1e-6)


def _by_landmarks(
    pose: HeadPose, lost: np.ndarray, placed: np.ndarray, landmarks: np.ndarray, face: FlameFace
) -> HeadPose:
    weights = np.zeros(len(face.mean))
    weights[face.topology.anchors] = face.topology.anchor_weights
    used = np.flatnonzero(weights)
    found = estimate_pose(placed[lost][:, used].astype(np.float32), landmarks[lost][:, used].astype(np.float32),
                          weights[used], depth_weight=0.02)  # fmt: skip
    arrays = [getattr(pose, name).copy() for name in ("rotation", "scale", "translation")]
    for array, name in zip(arrays, ("rotation", "scale", "translation"), strict=True):
        array[lost] = getattr(found, name)
    return HeadPose(*arrays)
