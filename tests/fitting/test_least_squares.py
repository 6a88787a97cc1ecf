"""Fitting against synthetic faces whose pose and coefficients are known."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from ned.face_model import load_face_model
from ned.fitting.least_squares import fit_face
from ned.geometry.pose import project
from ned.types import FaceTrack, HeadPose, Shot

ACTIVE = ("jawOpen", "mouthSmileLeft", "mouthSmileRight", "browInnerUp", "browDownLeft", "browDownRight",
          "mouthPucker", "mouthUpperUpLeft", "mouthUpperUpRight", "eyeLookOutLeft", "eyeLookInRight")  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return load_face_model("canonical")


def track_of(landmarks, frames=None):
    frames = np.arange(len(landmarks)) if frames is None else frames
    boxes = np.concatenate([landmarks[..., :2].min(1), landmarks[..., :2].max(1)], axis=1)
    return FaceTrack(0, Shot(0, int(frames[-1]) + 1), frames, boxes, landmarks)


def synthetic(model, frames=240, seed=0, noise_px=0.3, identity=None):
    """Landmarks in pixels, the coefficients and the pose that they were made with."""
    rng = np.random.default_rng(seed)
    coefficients = np.zeros((frames, model.space.width), np.float32)
    for name in ACTIVE:
        wave = gaussian_filter1d(rng.normal(size=frames), 6, mode="wrap")
        coefficients[:, model.space.index(name)] = np.clip(0.2 + 0.25 * wave / wave.std(), 0, 1)
    for start in range(20, frames, 55):  # blinks of five frames
        for side in ("Left", "Right"):
            coefficients[start : start + 5, model.space.index(f"eyeBlink{side}")] = [0.4, 0.9, 1.0, 0.8, 0.3]
    angles = np.stack([gaussian_filter1d(rng.normal(size=frames), 15) for _ in range(3)], 1)
    angles = 0.15 * angles / angles.std(0)
    pose = HeadPose(
        Rotation.from_rotvec(angles).as_matrix().astype(np.float32),
        np.full(frames, 14.0, np.float32),
        (np.array([320.0, 240.0]) + 300 * angles[:, :2]).astype(np.float32),
    )
    face = model.mean if identity is None else identity
    landmarks = project(pose, face + model.displacements(coefficients))
    landmarks = landmarks + rng.normal(scale=[noise_px, noise_px, 2 * noise_px], size=landmarks.shape)
    return landmarks.astype(np.float32), coefficients, pose


def angle_deg(a, b):
    return np.rad2deg(Rotation.from_matrix(a @ b.transpose(0, 2, 1)).magnitude())


class TestFit:
    def test_truth(self, model):
        landmarks, coefficients, pose = synthetic(model)
        fit = fit_face(track_of(landmarks), model, 30.0)
        for name in ("jawOpen", "mouthSmileLeft", "browInnerUp", "eyeBlinkLeft"):
            truth = coefficients[:, model.space.index(name)]
            assert np.corrcoef(fit.expression[name], truth)[0, 1] >= 0.95, name
            assert np.abs(fit.expression[name] - truth).mean() < 0.12, name
        assert angle_deg(fit.pose.rotation, pose.rotation).mean() < 1.5
        assert np.abs(fit.pose.scale / pose.scale - 1).mean() < 0.02
        assert fit.reprojection_error.mean() < 0.015

    def test_closures_and_blinks_keep_their_depth(self, model):
        landmarks, coefficients, _ = synthetic(model, seed=1)
        fit = fit_face(track_of(landmarks), model, 30.0)
        truth = coefficients[:, model.space.index("eyeBlinkLeft")]
        assert fit.expression["eyeBlinkLeft"][truth > 0.85].mean() > 0.75
        assert fit.expression["eyeBlinkLeft"][truth < 0.01].mean() < 0.15

    def test_constant_smile_is_not_identity(self, model):
        landmarks, coefficients, pose = synthetic(model, frames=120, seed=2)
        smile = np.zeros_like(coefficients)
        for side in ("Left", "Right"):
            smile[:, model.space.index(f"mouthSmile{side}")] = 0.7
        fit = fit_face(track_of(project(pose, model.mean + model.displacements(smile)).astype(np.float32)), model, 30.0)
        assert fit.expression["mouthSmileLeft"].mean() > 0.4

    def test_foreign_identity_is_found(self, model):
        own = model.mean * np.array([1.06, 0.95, 1.0], np.float32)
        landmarks, _, _ = synthetic(model, seed=3, identity=own)
        fit = fit_face(track_of(landmarks), model, 30.0)
        assert fit.reprojection_error.mean() < 0.015

    @pytest.mark.parametrize("frames", [1, 2])
    def test_short_tracks(self, model, frames):
        landmarks, _, _ = synthetic(model, frames=frames if frames > 1 else 2)
        fit = fit_face(track_of(landmarks[:frames]), model, 25.0)
        coefficients = fit.expression.coefficients
        assert coefficients.shape == (frames, 51) and coefficients.min() >= 0 and coefficients.max() <= 1
        assert fit.expression.jaw_opening.shape == (frames,)
        assert fit.reprojection_error.max() < 0.02

    def test_gaps_in_time(self, model):
        landmarks, _, _ = synthetic(model, frames=60)
        frames = np.concatenate([np.arange(30), np.arange(50, 80)])
        fit = fit_face(track_of(landmarks, frames), model, 29.97)
        assert len(fit.expression) == 60 and np.isfinite(fit.expression.coefficients).all()

    def test_exceptions(self, model):
        landmarks, _, _ = synthetic(model, frames=4)
        landmarks[2, 5] = np.nan
        with pytest.raises(ValueError, match="finite"):
            fit_face(track_of(landmarks), model, 30.0)
