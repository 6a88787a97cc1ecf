"""The compiled loops over meshes against their plain twins, on a face that is turned, shut and opened at random."""

import numpy as np
import pytest

from ned.face_model import load_face_model
from ned.renderer.warp import layers
from ned.renderer.warp.eyes import IRISES, centre_and_normal, uncovered
from ned.renderer.warp.lips import fit_lips
from ned.renderer.warp.mesh import build_skin_mesh
from ned.renderer.warp.smooth_skin import build_smooth_skin
from tests.renderer.warp import plain

MODEL = load_face_model()
MESH = build_skin_mesh(MODEL.topology.triangles, len(MODEL.mean))
SKIN = build_smooth_skin(MODEL.topology.triangles, MODEL.mean)


def _faces(seed):
    """Before and after an edit, in pixels; the head leans and looks aside."""
    rng = np.random.default_rng(seed)
    coefficients = rng.uniform(0, 0.7, (2, MODEL.space.width)).astype(np.float32)
    coefficients[0, 0] = rng.choice([0.0, 0.3])
    faces = MODEL.mean + MODEL.displacements(coefficients)
    lean, turn = rng.uniform(-0.5, 0.5, 2)
    c, s, d, t = np.cos(lean), np.sin(lean), np.cos(turn), np.sin(turn)
    rotation = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array([[d, 0, t], [0, 1, 0], [-t, 0, d]])
    return ((faces @ rotation.T) * rng.uniform(4, 20) + (200, 180, 0)).astype(np.float32)


@pytest.mark.parametrize("seed", range(4))
def test_loops_do_what_their_twins_do(seed):
    source, target = _faces(seed)
    for found, wanted in zip(MESH.with_rings(source, target), plain.with_rings(source, target), strict=True):
        np.testing.assert_allclose(found, wanted, atol=2e-4)
    for opening in (0.0, 3.0, 25.0):
        found, wanted = (fit(source, target, opening) for fit in (fit_lips, plain.fit_lips))
        np.testing.assert_allclose(found, wanted, atol=5e-4)
    upper, lower = list(layers.MOUTH.upper), list(layers.MOUTH.lower)
    contours = [face[line, :2] for face in (source, target) for line in (upper, lower)]
    for split in (0.4, 0.8):
        np.testing.assert_allclose(layers.mouth_grid(*contours, split), plain.mouth_grid(*contours, split), atol=2e-3)
    still, motion = np.zeros(2, np.float32), np.array([0.5, 4.0], np.float32)
    for hole, iris in IRISES:
        flat = source[:, :2], target[:, :2]
        found, wanted = (grid(hole, *flat, still, motion) for grid in (layers.source_grid, plain.source_grid))
        np.testing.assert_allclose(found, wanted, atol=2e-3)
        upper, lower = (source[list(line), :2] for line in (hole.upper, hole.lower))
        for raise_by in (0.0, 0.1, 0.4):
            points = layers.follow_grid(upper - raise_by * (lower - upper), lower)
            given = upper, lower, points, *centre_and_normal(hole, iris, source), layers.ROWS
            np.testing.assert_allclose(uncovered(*given), plain.uncovered(*given), atol=2e-4)


def test_the_finer_mesh_is_the_matrix_s():
    values = np.random.default_rng(0).standard_normal((MESH.num_vertices, 3)).astype(np.float32)
    np.testing.assert_allclose(SKIN.refine(values), SKIN.between @ values, atol=1e-6)
    assert (SKIN.refine(np.full((MESH.num_vertices, 1), 0.3, np.float32)) == np.float32(0.3)).all()
