"""FLAME seen through the 478 landmarks: embedding, registration, displacements."""

from dataclasses import replace

import numpy as np
import pytest

from ned.errors import UserError
from ned.face_model import FaceModel, load_face_model
from ned.face_model.flame.face import FlameFace
from ned.face_model.flame.folder import find_flame_files
from ned.face_model.flame.points import IBUG68
from ned.face_model.flame.registration import embed_landmarks, to_flame, to_ned
from ned.face_model.flame.skinning import FlameParameters
from ned.geometry.surface import Surface, point_normals, register, similarity
from ned.workspace import Cache
from tests.synthetic import synthetic_flame


def truth_cm():
    made = synthetic_flame()
    return to_ned(made.template[made.vertex_of])


class TestFace:
    def test_is_a_face_model(self, flame):
        assert isinstance(flame, FaceModel) and flame.space.name == "flame50"
        assert flame.mean.shape == (478, 3) and flame.mesh_triangles.shape == (9976, 3)

    def test_frontal_triangles_turn_clockwise(self, flame):
        for triangles, points in (
            (flame.topology.triangles, flame.mean),
            (flame.mesh_triangles, to_ned(flame.model.template)),
        ):
            a, b, c = points[triangles].transpose(1, 0, 2)
            area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
            seen = np.abs(area) > 0.02
            if points is not flame.mean:  # of the whole head those that lie on the face
                seen = np.isin(np.arange(len(triangles)), flame.points.triangles[:468]) & (np.abs(area) > 1e-3)
            assert (area[seen] > 0).mean() > 0.9 and seen.sum() > 200

    def test_displacements_are_those_of_the_mesh(self, flame):
        rng = np.random.default_rng(1)
        coefficients = rng.normal(size=(3, 51)).astype(np.float32)
        coefficients[:, 0] = [0.0, 0.2, 0.4]
        pose = np.zeros((3, 5, 3), np.float32)
        pose[:, 2, 0] = coefficients[:, 0]
        mesh = flame.mesh(FlameParameters(np.zeros(0, np.float32), coefficients[:, 1:], pose))
        seen = flame.points.on(mesh, flame.model.triangles) - flame.mean
        assert np.abs(flame.displacements(coefficients) - seen).max() < 1e-5

    def test_articulated_points_are_exact_for_identity_and_sideways_jaw(self, flame):
        rng = np.random.default_rng(2)
        identity, expression = rng.normal(size=100), rng.normal(size=(2, 50))
        jaw = 0.2 * rng.normal(size=(2, 3))
        pose = np.zeros((2, 5, 3), np.float32)
        pose[:, 2] = jaw
        mesh = flame.mesh(FlameParameters(identity.astype(np.float32), expression.astype(np.float32), pose))
        ours = flame.articulated.shaped(identity).positions(expression, jaw * [1, -1, -1])
        assert np.abs(ours - flame.points.on(mesh, flame.model.triangles)).max() < 1e-5

    def test_zero_is_zero(self, flame):
        assert np.abs(flame.displacements(np.zeros((2, 51), np.float32))).max() == 0.0

    def test_axes_there_and_back(self):
        points = np.random.default_rng(0).normal(size=(5, 3))
        assert np.abs(to_flame(to_ned(points)) - points).max() < 1e-15

    def test_model_file(self, flame_folder, tmp_path):
        """By itself, and with what lies beside it."""
        (tmp_path / "generic_model.pkl").symlink_to(flame_folder / "generic_model.pkl")
        alone = FlameFace.load(tmp_path / "generic_model.pkl", cache=Cache(tmp_path / "cache"))
        assert alone.texture is None and alone.masks == {} and alone.mean.shape == (478, 3)
        named = FlameFace.load(flame_folder / "generic_model.pkl", cache=Cache(tmp_path / "cache"))
        assert named.files == find_flame_files(flame_folder) and named.landmarks68 is not None


class TestEmbedding:
    def test_publishers_points_are_kept_and_the_rest_is_near(self, flame):
        error_mm = 10 * np.linalg.norm(flame.mean[:468] - truth_cm(), axis=1)
        assert error_mm[flame.topology.loops["lips_inner"]].max() < 0.01
        assert error_mm.mean() < 1.0 and np.quantile(error_mm, 0.95) < 4

    def test_registered_without_any(self, flame):
        points = embed_landmarks(flame.model, load_face_model("canonical"))
        found = to_ned(points.on(flame.model.template.astype(np.float64), flame.model.triangles))
        error_mm = 10 * np.linalg.norm(found[:468] - truth_cm(), axis=1)
        assert error_mm.mean() < 2.5
        assert (
            error_mm[flame.topology.loops["eye_left"]].mean() < 2
            and error_mm[flame.topology.loops["lips_outer"]].mean() < 3
        )

    def test_irises_lie_on_eyeballs(self, flame):
        eyes = to_ned(flame.model.joints[3:].astype(np.float64))
        for centre, part in ((eyes[1], slice(468, 473)), (eyes[0], slice(473, 478))):
            away = np.linalg.norm(flame.mean[part] - centre, axis=1)
            assert np.abs(away / away.mean() - 1).max() < 0.05 and (flame.mean[part][:, 2] < centre[2]).all()

    def test_cached(self, flame_folder, tmp_path, monkeypatch):
        cache = Cache(tmp_path)
        first = FlameFace.load(flame_folder, cache=cache)
        with monkeypatch.context() as patched:
            patched.setattr("ned.face_model.flame.registration.embed_landmarks", None)
            again = FlameFace.load(flame_folder, cache=cache)
        assert np.array_equal(first.points.weights, again.points.weights)
        kept = next(tmp_path.glob("flame-landmarks-*/embedding.npz"))
        kept.write_bytes(kept.read_bytes()[:200])  # a damaged entry is made again
        again = FlameFace.load(flame_folder, cache=cache)
        assert np.array_equal(first.points.weights, again.points.weights)

    def test_no_face(self, flame):
        rng = np.random.default_rng(0)
        flat = rng.normal(size=flame.model.template.shape).astype(np.float32)
        with pytest.raises(UserError, match="not like a face"):
            embed_landmarks(replace(flame.model, template=flat), load_face_model("canonical"))


class TestSurface:
    def test_nearest_against_dense_samples(self):
        rng = np.random.default_rng(3)
        vertices, triangles = rng.normal(size=(12, 3)), rng.integers(0, 12, (14, 3))
        triangles = triangles[(triangles[:, 0] != triangles[:, 1]) & (triangles[:, 1] != triangles[:, 2])
                              & (triangles[:, 0] != triangles[:, 2])]  # fmt: skip
        points = 2 * rng.normal(size=(20, 3))
        near = Surface(vertices, triangles).nearest(points)
        grid = np.array([[a, b, 1 - a - b] for a in np.linspace(0, 1, 60) for b in np.linspace(0, 1 - a, 60)])
        dense = np.einsum("gk,tkx->tgx", grid, vertices[triangles]).reshape(-1, 3)
        best = np.linalg.norm(points[:, None] - dense, axis=-1).min(1)
        ours = np.linalg.norm(points - near.positions, axis=1)
        assert (ours <= best + 1e-9).all() and np.abs(ours - best).max() < 0.05

    def test_similarity(self):
        rng = np.random.default_rng(0)
        points = rng.normal(size=(9, 3))
        from scipy.spatial.transform import Rotation

        turn = Rotation.from_rotvec([0.3, 0.2, 0.1]).as_matrix()
        scale, rotation, shift = similarity(points, 2.5 * points @ turn.T + [1, 2, 3])
        assert scale == pytest.approx(2.5) and np.abs(rotation - turn).max() < 1e-12
        assert shift == pytest.approx([1, 2, 3])

    def test_onto_another_publishers_face(self, shared):
        """ICT-FaceKit's own 68 points against where the method puts them, from the nose, eyes and mouth corners."""
        with np.load(shared / "models" / "ict_facekit_reference.npz") as data:
            mean, triangles, theirs = data["mean"].astype(np.float64), data["triangles"], data["landmarks68"]
        canonical = load_face_model("canonical")
        ours = canonical.mean[:468].astype(np.float64) * [1, -1, -1]
        target = mean[theirs]
        rough = [30, 36, 39, 42, 45, 48, 54]  # tip of the nose, corners of eyes and mouth
        which = np.array(IBUG68)[rough]
        scale, rotation, shift = similarity(ours[which], target[rough])
        points = scale * ours @ rotation.T + shift
        outward = canonical.topology.triangles[:, [0, 2, 1]]
        if (point_normals(mean, triangles)[theirs[30]] @ [0, 0, 1]) < 0:
            triangles = triangles[:, [0, 2, 1]]
        near = register(points, outward, Surface(mean, triangles), (which, target[rough]))
        inner = np.setdiff1d(np.arange(17, 68), rough)
        error_mm = 10 * np.linalg.norm(near.positions[np.array(IBUG68)[inner]] - target[inner], axis=1)
        assert np.median(error_mm) < 4.0 and error_mm.mean() < 5.0
