"""The embedded face model: topology, symmetry, shapes, and its likeness to an independent rig."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ned.errors import UserError
from ned.face_model import ARKIT52, FLAME50, load_face_model
from ned.face_model.spaces import mirrored

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT.parent / "shared" / "models" / "ict_facekit_reference.npz"


@pytest.fixture(scope="module")
def model():
    return load_face_model("canonical")


def coefficients(**values):
    out = np.zeros((1, ARKIT52.width), np.float32)
    for name, value in values.items():
        out[0, ARKIT52.index(name)] = value
    return out


def boundary_loops(triangles):
    """Sets of vertices of the mesh's closed borders."""
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    assert count.max() == 2
    loops = []
    for a, b in unique[count == 1].tolist():
        touching = [loop for loop in loops if a in loop or b in loop]
        loops = [loop for loop in loops if loop not in touching] + [{a, b}.union(*touching)]
    return loops


class TestTopology:
    def test_mouth_and_eyes_are_holes(self, model):
        loops = boundary_loops(model.topology.triangles)
        expected = ("face_oval", "lips_inner", "eye_left", "eye_right")
        assert len(loops) == 4
        for name in expected:
            assert set(model.topology.loops[name].tolist()) in loops, name

    def test_one_orientation(self, model):
        a, b, c = (model.mean[model.topology.triangles[:, i]] for i in range(3))
        area = np.cross((b - a)[:, :2], (c - a)[:, :2])
        assert (area > 0).mean() > 0.99

    def test_symmetry(self, model):
        flip = np.array([-1, 1, 1], np.float32)
        np.testing.assert_allclose(model.mean[model.topology.mirror] * flip, model.mean, atol=2e-3)
        partner = mirrored(ARKIT52)
        for i, j in enumerate(partner):
            if ARKIT52.names[i] not in ("mouthLeft", "mouthRight", "jawLeft", "jawRight"):
                other = model.basis[j][model.topology.mirror] * flip
                np.testing.assert_allclose(model.basis[i], other, atol=0.03, err_msg=ARKIT52.names[i])

    def test_scale_and_axes(self, model):
        left, right = (model.mean[model.topology.loops[eye]].mean(0) for eye in ("eye_left", "eye_right"))
        assert left[0] > 0 > right[0] and 6.0 < left[0] - right[0] < 6.6
        assert model.mean[152, 1] > model.mean[10, 1] and model.mean[4, 2] < model.mean[234, 2]


class TestShapes:
    def test_jaw_turns(self, model):
        full, half = (model.displacements(coefficients(jawOpen=v))[0] for v in (1.0, 0.5))
        np.testing.assert_allclose(full, model.basis[0], atol=1e-4)
        assert np.abs(full - 2 * half).max() > 0.1  # a turn, not a line
        opened = model.mean + full
        assert 2.5 < np.linalg.norm(opened[14] - opened[13]) < 5.0
        assert np.linalg.norm(full[13]) < 0.25 and np.abs(full[[168, 6, 33, 263]]).max() < 0.02

    def test_mouth_close_closes(self, model):
        for amount in (0.5, 1.0):
            face = model.mean + model.displacements(coefficients(jawOpen=amount, mouthClose=amount))[0]
            assert np.linalg.norm(face[14] - face[13]) < 0.35

    @pytest.mark.parametrize("side, upper, lower", [("Left", 386, 374), ("Right", 159, 145)])
    def test_blink_closes_the_lids_only_there(self, model, side, upper, lower):
        face = model.mean + model.displacements(coefficients(**{f"eyeBlink{side}": 1.0}))[0]
        assert np.linalg.norm(face[upper] - face[lower]) < 0.03
        other = 145 if side == "Left" else 374
        np.testing.assert_allclose(face[other], model.mean[other], atol=0.02)

    @pytest.mark.parametrize("name", [n for n in ARKIT52.names if n not in ("tongueOut", "mouthClose")])
    def test_no_triangle_flips(self, model, name):
        """Seen from the front at 0.8; mouthClose is a partner of jawOpen and has no meaning alone."""
        face = model.mean + model.displacements(coefficients(**{name: 0.8}))[0]
        a, b, c = (np.stack([model.mean, face])[:, model.topology.triangles[:, i], :2] for i in range(3))
        before, after = np.cross(b - a, c - a)
        facing = before > 0.02
        assert (after[facing] <= 0).sum() <= 2, model.topology.triangles[facing][after[facing] <= 0]

    def test_gaze_moves_the_irises(self, model):
        moved = model.basis[ARKIT52.index("eyeLookOutLeft")]
        assert moved[473, 0] > 0.3 and np.abs(moved[468]).max() < 1e-3
        assert model.basis[ARKIT52.index("eyeLookUpRight")][468, 1] < -0.2

    def test_tongue_is_not_modelled(self, model):
        assert not model.basis[ARKIT52.index("tongueOut")].any()


class TestInterface:
    def test_spaces(self):
        assert ARKIT52.width == 52 == len(set(ARKIT52.names)) and ARKIT52.names[0] == "jawOpen"
        assert FLAME50.width == 51
        assert all(mirrored(ARKIT52)[j] == i for i, j in enumerate(mirrored(ARKIT52)))

    def test_unknown_model(self):
        with pytest.raises(UserError, match="canonical"):
            load_face_model("nobody")

    def test_import_is_light(self):
        code = "import sys, ned.face_model; assert not {'torch', 'mediapipe', 'cv2'} & set(sys.modules)"
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)

    @pytest.mark.skipif(not REFERENCE.exists(), reason="the reference rig is not here")
    def test_likeness_to_an_independent_rig(self, monkeypatch):
        monkeypatch.syspath_prepend(str(ROOT / "scripts" / "build"))
        from face_model_check import compare

        table = compare(REFERENCE)
        assert len(table) >= 45
        assert np.mean([row[0] for row in table.values()]) >= 0.8
