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
from ned.geometry.landmarks import NUM_LANDMARKS, NUM_SURFACE
from ned.types import ExpressionTrack, FaceFit, FaceTrack


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


def landmark_weights(face: FlameFace) -> Float[np.ndarray, "478"]:
    """Lips, lids and brows count more; irises, which gaze moves, not at all."""
    weights = np.ones(NUM_LANDMARKS)
    for loop, weight in VERTEX_WEIGHTS.items():
        weights[face.topology.loops[loop]] = weight
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
    neutral = face.articulated.shaped(fit.identity).rest.astype(np.float32)
    between = np.linalg.norm(neutral[eyes[0]].mean(0) - neutral[eyes[1]].mean(0)) * fit.pose.scale
    packed = np.concatenate([fit.jaw_rad[:, :1], fit.expression], 1).astype(np.float32)
    expression = ExpressionTrack.unpack(face.space, packed)
    error = (fit.error_px / between).astype(np.float32)
    return FlameFit(fit, FaceFit(neutral, fit.pose, expression, error))
