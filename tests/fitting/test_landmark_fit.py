"""The fit to landmarks on synthetic faces of the model itself, whose coefficients are known."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from ned.face_model.articulated import linear_face
from ned.face_model.flame.embedding import SurfacePoints, contour_row
from ned.face_model.flame.face import articulated_points
from ned.fitting import landmarks
from ned.fitting.landmarks import FitPriors, fit_landmarks
from ned.fitting.tridiagonal import solve_joined

PX_PER_CM = 10.2  # a face of 150 px in an image of 256


def sequence(face, frames=120, seed=0, yaw=45.0, width=50):
    """Identity, expression, jaw and turns of somebody who talks and looks around."""
    rng = np.random.default_rng(seed)
    identity = 0.7 * rng.normal(size=len(face.identity))
    expression = gaussian_filter1d(rng.normal(size=(frames, width)), 4, axis=0)
    expression *= 0.8 / expression.std(0)
    opening = gaussian_filter1d(rng.normal(size=frames), 2.5)
    jaw = np.zeros((frames, 3))
    jaw[:, 0] = np.maximum(0.12 + 0.08 * opening / opening.std(), 0)
    t = np.linspace(0, 2 * np.pi, frames)
    angles = np.stack([yaw * np.sin(2 * t), 10 * np.sin(3 * t), 6 * np.sin(t)], 1)
    return identity, expression, jaw, Rotation.from_euler("YXZ", angles, degrees=True).as_matrix()


def drawn(points, turns, noise_px, seed=0):
    rng = np.random.default_rng(seed + 100)
    image = PX_PER_CM * np.einsum("fij,fpj->fpi", turns, points)
    image[..., :2] += 128
    return image + rng.normal(size=image.shape) * [noise_px, noise_px, 4 * noise_px]


def moves(face, identity, expression, jaw):
    own = face.shaped(identity)
    return own.positions(expression, jaw) - own.rest


def correlation(a, b):
    return np.corrcoef(a, b)[0, 1]


@pytest.fixture(scope="module")
def mesh_weights():
    weights = np.ones(478)
    weights[468:] = 0.0
    return weights


def eyes_of(flame):
    return flame.topology.loops["eye_left"], flame.topology.loops["eye_right"]


class TestTruth:
    @pytest.mark.parametrize("seed", [0, 1])
    def test_turning_heads_with_noise(self, flame, mesh_weights, seed):
        """Jaw .99, displacements within .5 mm, reprojection within .7 px; yaw to 45 degrees, .5 px, 25 fps."""
        face = flame.articulated
        identity, expression, jaw, turns = sequence(face, seed=seed)
        image = drawn(face.shaped(identity).positions(expression, jaw), turns, 0.5, seed)
        fit = fit_landmarks(image, np.arange(len(image)), face, 25.0, eyes_of(flame), mesh_weights)
        assert correlation(jaw[:, 0], fit.jaw_rad[:, 0]) >= 0.99
        gap = moves(face, identity, expression, jaw) - moves(face, fit.identity, fit.expression, fit.jaw_rad)
        assert 10 * np.linalg.norm(gap[:, :468], axis=-1).mean() <= 0.5
        assert fit.error_px.mean() <= 0.7
        turned = Rotation.from_matrix(turns @ fit.pose.rotation.transpose(0, 2, 1)).magnitude()
        assert np.rad2deg(turned).mean() < 1.0

    def test_without_noise_it_is_found(self, flame, mesh_weights):
        face = flame.articulated
        identity, expression, jaw, turns = sequence(face, frames=40, yaw=30)
        image = drawn(face.shaped(identity).positions(expression, jaw), turns, 0.0)
        priors = FitPriors(noise=1e-4)
        fit = fit_landmarks(image, np.arange(40), face, 25.0, eyes_of(flame), mesh_weights, priors=priors)
        assert np.abs(fit.jaw_rad[:, 0] - jaw[:, 0]).max() < 2e-3
        gap = moves(face, identity, expression, jaw) - moves(face, fit.identity, fit.expression, fit.jaw_rad)
        assert 10 * np.linalg.norm(gap, axis=-1).mean() < 0.05
        assert np.abs(fit.pose.scale / PX_PER_CM - 1).max() < 2e-3

    def test_68_points_with_a_sliding_contour(self, flame):
        """The contour is another part of the face in each frame; to take it for fixed points is worse."""
        held = flame.landmarks68
        rows = held.contour.triangles.shape[0]
        count = rows * 17
        points = SurfacePoints(
            np.concatenate([held.contour.triangles.reshape(-1), held.static.triangles]),
            np.concatenate([held.contour.weights.reshape(-1, 3), held.static.weights]),
        )
        face = articulated_points(flame.model, points)
        contour = np.concatenate(
            [np.arange(count).reshape(rows, 17), np.tile(count + np.arange(51), (rows, 1))], axis=1
        )
        identity, expression, jaw, turns = sequence(face, frames=80, yaw=35)
        placed = face.shaped(identity).positions(expression, jaw)
        from ned.face_model.flame.embedding import yaw_of

        flip = np.diag([1.0, -1.0, -1.0])
        rows_seen = contour_row(yaw_of(flip @ turns @ flip))
        seen = np.take_along_axis(placed, contour[rows_seen][..., None], 1)
        image = drawn(seen, turns, 0.3)[..., :2]
        eyes = np.arange(42, 48), np.arange(36, 42)
        frames = np.arange(80)
        sliding = fit_landmarks(image, frames, face, 25.0, eyes, contour=contour)
        fixed = fit_landmarks(image, frames, face.take(contour[0]), 25.0, eyes)
        assert sliding.error_px.mean() < 0.5 < fixed.error_px.mean()
        assert correlation(jaw[:, 0], sliding.jaw_rad[:, 0]) > 0.95
        turned = [
            Rotation.from_matrix(turns @ f.pose.rotation.transpose(0, 2, 1)).magnitude().mean()
            for f in (sliding, fixed)
        ]
        assert turned[0] < 0.5 * turned[1]

    def test_any_linear_model(self):
        """The embedded model's shapes, its jaw among them, and an identity of three stretches."""
        from ned.face_model import load_face_model

        model = load_face_model("canonical")
        used = [k for k, n in enumerate(model.space.names) if not n.startswith(("eyeLook", "tongue"))]
        mean = model.mean.astype(np.float64)
        stretches = np.stack([0.03 * mean * np.eye(3)[k] for k in range(3)])
        face = linear_face(mean, 0.25 * model.basis[used], stretches)
        identity, expression, _, turns = sequence(face, frames=60, yaw=30, width=len(used))
        expression = np.abs(expression)
        none = np.zeros((60, 3))
        image = drawn(face.shaped(identity).positions(expression, none), turns, 0.3)
        fit = fit_landmarks(image, np.arange(60), face, 30.0, eyes_of(model))
        gap = moves(face, identity, expression, none) - moves(face, fit.identity, fit.expression, none)
        moved = np.linalg.norm(moves(face, identity, expression, none), axis=-1).mean()
        assert np.linalg.norm(gap, axis=-1).mean() < 0.4 * moved and fit.error_px.mean() < 0.5
        assert np.abs(fit.jaw_rad).max() == 0.0


class TestSmoke:
    @pytest.mark.parametrize("frames", [1, 2, 60])
    def test_lengths_and_gaps(self, flame, mesh_weights, frames):
        face = flame.articulated
        identity, expression, jaw, turns = sequence(face, frames=60)
        image = drawn(face.shaped(identity).positions(expression, jaw), turns, 0.3)[:frames]
        at = np.arange(frames) + 500 * (np.arange(frames) > frames // 2)
        fit = fit_landmarks(image, at, face, 25.0, eyes_of(flame), mesh_weights)
        assert fit.expression.shape == (frames, 50) and fit.error_px.max() < 0.8
        assert all(np.isfinite(a).all() for a in (fit.identity, fit.expression, fit.jaw_rad, fit.pose.rotation))

    def test_a_long_track_in_windows_is_fitted_as_at_once(self, flame, mesh_weights, monkeypatch):
        face = flame.articulated
        identity, expression, jaw, turns = sequence(face, frames=100)
        image = drawn(face.shaped(identity).positions(expression, jaw), turns, 0.3)
        given = image, np.arange(100), face, 25.0, eyes_of(flame), mesh_weights
        whole = fit_landmarks(*given)
        monkeypatch.setattr(landmarks, "WINDOW", 40)
        monkeypatch.setattr(landmarks, "MARGIN", 20)
        parts = fit_landmarks(*given)
        assert np.array_equal(whole.identity, parts.identity)
        assert np.abs(whole.jaw_rad - parts.jaw_rad).max() < 1e-4
        assert np.abs(whole.expression - parts.expression).max() < 1e-2
        for name in ("rotation", "scale", "translation"):
            assert getattr(parts.pose, name) == pytest.approx(getattr(whole.pose, name), abs=1e-3)
        monkeypatch.setattr(landmarks, "CANDIDATES", 60)  # the person from some of the frames
        some = fit_landmarks(*given)
        gap = moves(face, identity, expression, jaw) - moves(face, some.identity, some.expression, some.jaw_rad)
        assert 10 * np.linalg.norm(gap[:, :468], axis=-1).mean() <= 0.5

    def test_exceptions(self, flame):
        with pytest.raises(ValueError, match="without frames"):
            fit_landmarks(np.zeros((0, 478, 3)), np.zeros(0, int), flame.articulated, 25.0, eyes_of(flame))
        bad = np.zeros((1, 478, 3))
        bad[0, 0, 0] = np.nan
        with pytest.raises(ValueError, match="finite"):
            fit_landmarks(bad, np.zeros(1, int), flame.articulated, 25.0, eyes_of(flame))


def test_joined_frames_against_one_dense_system():
    rng = np.random.default_rng(0)
    frames, width = 6, 4
    roots = rng.normal(size=(frames, width, width))
    system = roots @ roots.transpose(0, 2, 1) + np.eye(width)
    right, at = rng.normal(size=(frames, width)), rng.normal(size=(frames, width))
    coupling, link = rng.uniform(0.5, 2, width), np.array([1.0, 0.0, 3.0, 2.0, 0.5])
    dense, pull = np.zeros((frames * width,) * 2), right.reshape(-1).copy()
    for f in range(frames):
        part = slice(f * width, (f + 1) * width)
        dense[part, part] = system[f]
    for f, strength in enumerate(link):
        join = np.zeros((width, frames * width))
        join[:, f * width : (f + 1) * width], join[:, (f + 1) * width : (f + 2) * width] = -np.eye(width), np.eye(width)
        dense += strength * join.T @ (coupling[:, None] * join)
        pull -= strength * join.T @ (coupling * (join @ at.reshape(-1)))
    expected = np.linalg.solve(dense, pull).reshape(frames, width)
    assert np.abs(solve_joined(system.copy(), right, at, coupling, link) - expected).max() < 1e-10
