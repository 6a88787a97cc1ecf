"""FLAME fitted to a tracked face: `--fit landmarks`, which works with any edition and needs no network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ned.face_model.flame.face import FlameFace
from ned.face_model.flame.registration import AXES
from ned.face_model.flame.skinning import FlameParameters
from ned.fitting.landmarks import TRACKED, LandmarkFit, fit_landmarks
from ned.fitting.least_squares import VERTEX_WEIGHTS
from ned.geometry.landmarks import NUM_SURFACE
from ned.types import ExpressionTrack, FaceFit, FaceTrack, HeadPose, Heads


@dataclass(frozen=True)
class FlameFit:
    """FLAME's coefficients of a track."""

    landmarks: LandmarkFit
    face: FaceFit
    """The same as the other stages see it: in `flame50`, at the 478 points."""

    def parameters(self) -> FlameParameters:
        """For skinning, in FLAME's axes; the head is not turned, which `face.pose` does."""
        fit = self.landmarks
        pose = np.zeros((len(fit.jaw_rad), 5, 3), np.float32)
        pose[:, 2] = fit.jaw_rad * AXES
        return FlameParameters(fit.identity.astype(np.float32), fit.expression.astype(np.float32), pose)

    def heads(self) -> Heads:
        """For what draws the whole mesh."""
        fit, pose = self.landmarks, self.face.pose
        identity = np.repeat(fit.identity[None].astype(np.float32), len(fit.expression), 0)
        return Heads(identity, fit.expression.astype(np.float32), fit.jaw_rad.astype(np.float32), pose.rotation,
                     pose.scale, pose.translation)  # fmt: skip


def landmark_weights(face: FlameFace) -> Float[np.ndarray, "478"]:
    """Lips, lids and brows count more; irises, which gaze moves, not at all."""
    weights = face.topology.weighted(VERTEX_WEIGHTS)
    weights[NUM_SURFACE:] = 0.0
    return weights


def fit_flame(track: FaceTrack, face: FlameFace, frame_rate: float) -> FlameFit:
    """Fits identity, expression, jaw and pose to a track's landmarks; ValueError as `fit_landmarks`."""
    loops = face.topology.loops
    landmarks = np.asarray(track.landmarks, np.float32)
    eyes = loops["eye_left"], loops["eye_right"]
    fit = fit_landmarks(
        landmarks, track.frames, face.articulated, frame_rate, eyes, landmark_weights(face), priors=TRACKED
    )
    return flame_fit(face, fit.identity, fit.expression, fit.jaw_rad, fit.pose, relative_error(face, fit))


def flame_fit(
    face: FlameFace,
    identity: Float[np.ndarray, "identities"],
    expression: Float[np.ndarray, "frames 50"],
    jaw_rad: Float[np.ndarray, "frames 3"],
    pose: HeadPose,
    error: Float[np.ndarray, "frames"],
) -> FlameFit:
    """Coefficients, wherever they come from, as a fit. `error` is a share of the distance of the eyes."""
    neutral = face.person(identity).rest.astype(np.float32)
    packed = np.concatenate([jaw_rad[:, :1], expression], 1).astype(np.float32)
    track = ExpressionTrack.unpack(face.space, packed)
    between = _between_eyes(face, neutral) * pose.scale
    found = LandmarkFit(identity, expression, jaw_rad, pose, error * between)
    return FlameFit(found, FaceFit(neutral, pose, track, error.astype(np.float32)))


def relative_error(face: FlameFace, fit: LandmarkFit) -> Float[np.ndarray, "frames"]:
    """A fit's error as a share of the distance between this person's eyes."""
    neutral = face.person(fit.identity).rest.astype(np.float32)
    return fit.error_px / (_between_eyes(face, neutral) * fit.pose.scale)


def _between_eyes(face: FlameFace, neutral: Float[np.ndarray, "478 3"]) -> float:
    left, right = (neutral[face.topology.loops[eye]].mean(0) for eye in ("eye_left", "eye_right"))
    return float(np.linalg.norm(left - right))
