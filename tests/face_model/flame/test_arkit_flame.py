"""FLAME moved by ARKit's coefficients."""

import numpy as np
import pytest

from ned.face_model import ARKIT52, FaceModel, load_face_model
from ned.face_model.flame.arkit import ArkitFlame
from ned.fitting import fit_face
from ned.geometry.pose import project
from ned.types import FaceTrack, HeadPose, Shot


@pytest.fixture(scope="module")
def model(flame):
    return ArkitFlame(flame)


def test_is_a_face_model(model):
    assert isinstance(model, FaceModel) and model.space is ARKIT52
    assert model.basis.shape == (52, 478, 3) and 0 <= model.jaw_weights.min() <= model.jaw_weights.max() <= 1
    assert np.abs(model.displacements(np.zeros((2, 52), np.float32))).max() == 0


def test_shapes_do_what_they_are_called(model):
    """The large ones as in the embedded model, whose movements the synthetic FLAME has; only jawOpen turns the jaw."""
    canonical = load_face_model("canonical")
    for name in ("mouthSmileLeft", "mouthPucker", "browInnerUp", "eyeBlinkRight", "mouthFunnel"):
        k = ARKIT52.index(name)
        gap = np.linalg.norm(model.basis[k, :468] - canonical.basis[k, :468], axis=1).mean()
        assert gap < 0.15 * np.linalg.norm(canonical.basis[k, :468], axis=1).mean(), name
    assert model.flame_per_arkit[0, 0] == pytest.approx(canonical.jaw_angle_rad, rel=0.2)
    assert np.abs(model.flame_per_arkit[1:, 0]).max() == 0
    k = ARKIT52.index("eyeLookOutLeft")
    gap, looked = model.basis[k, 473:] - canonical.basis[k, 473:], canonical.basis[k, 473:]
    assert np.linalg.norm(gap, axis=1).mean() < 0.05 * np.linalg.norm(looked, axis=1).mean()


def test_is_fitted_as_the_embedded_one_is(model):
    frames = 60
    wave = 0.5 - 0.5 * np.cos(np.linspace(0, 6 * np.pi, frames))
    packed = np.zeros((frames, 52), np.float32)
    packed[:, 0], packed[:, ARKIT52.index("mouthSmileLeft")] = 0.5 * wave, 0.6 * wave[::-1]
    pose = HeadPose(np.repeat(np.eye(3, dtype=np.float32)[None], frames, 0), np.full(frames, 14, np.float32),
                    np.full((frames, 2), 200, np.float32))  # fmt: skip
    points = project(pose, model.mean + model.displacements(packed)).astype(np.float32)
    track = FaceTrack(0, Shot(0, frames), np.arange(frames), np.zeros((frames, 4), np.float32), points)
    fit = fit_face(track, model, 25.0)
    assert fit.reprojection_error.mean() < 0.01
    assert np.corrcoef(fit.expression.jaw_opening, packed[:, 0])[0, 1] > 0.98
    assert np.corrcoef(fit.expression["mouthSmileLeft"], packed[:, ARKIT52.index("mouthSmileLeft")])[0, 1] > 0.95
