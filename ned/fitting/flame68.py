"""FLAME fitted to 68 landmarks (iBUG): the publisher's own points, with a contour that slides as the head turns."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from ned.errors import UserError
from ned.face_model.flame.embedding import LandmarkFile, SurfacePoints
from ned.face_model.flame.face import FlameFace, articulated_points
from ned.fitting.flame import FlameFit, flame_fit, relative_error
from ned.fitting.landmarks import FitPriors, fit_landmarks

EYES = np.arange(42, 48), np.arange(36, 42)
"""The actor's left and right, in the 68."""
DETECTED = FitPriors(noise=0.04, expression=0.6, expression_rate=2.0, jaw_spread_rad=(0.4, 0.03, 0.03))
"""What a network's 68 points err by is larger than MediaPipe's, and less alike over whole regions."""


def embedding_of(face: FlameFace) -> LandmarkFile:
    """Where the 68 points lie. UserError where the folder has no `landmark_embedding.npy`."""
    if face.landmarks68 is None:
        raise UserError("holds no landmark_embedding.npy, which places the 68 points", path=face.files.model.parent,
                        remedy="put it there (it comes with DECA), or use --landmarks mediapipe")  # fmt: skip
    return face.landmarks68


def fit_flame68(
    landmarks: Float[np.ndarray, "frames 68 axes"],
    frames: Int[np.ndarray, "frames"],
    face: FlameFace,
    frame_rate: float,
    priors: FitPriors = DETECTED,
) -> FlameFit:
    """As `fit_flame`, to 68 points (px). UserError as `embedding_of`."""
    held = embedding_of(face)
    rows = len(held.contour.triangles)
    points = SurfacePoints(
        np.concatenate([held.contour.triangles.reshape(-1), held.static.triangles]),
        np.concatenate([held.contour.weights.reshape(-1, 3), held.static.weights]),
    )
    count = 17 * rows
    sliding = np.concatenate([np.arange(count).reshape(rows, 17), np.tile(count + np.arange(51), (rows, 1))], axis=1)
    model = articulated_points(face.model, points)
    found = fit_landmarks(landmarks, frames, model, frame_rate, EYES, contour=sliding, priors=priors)
    error = relative_error(face, found)
    return flame_fit(face, found.identity, found.expression, found.jaw_rad, found.pose, error)
