"""Rings hold the background; folded triangles are opened again."""

import numpy as np

from ned.face_model import load_face_model
from ned.renderer.mesh import MIN_AREA_SHARE, OVAL, RINGS, build_skin_mesh, unfold


def _face(scale=20.0):
    model = load_face_model("canonical")
    source = (model.mean * scale + np.array([200, 200, 0])).astype(np.float32)
    return model, build_skin_mesh(model.triangles, len(source)), source


def _areas(points, triangles):
    a, b, c = (points[triangles[:, k], :2].astype(np.float64) for k in range(3))
    return (b - a)[:, 0] * (c - a)[:, 1] - (c - a)[:, 0] * (b - a)[:, 1]


def test_outer_ring_never_moves_and_the_mesh_is_all_clockwise():
    _, mesh, source = _face()
    target = source + np.array([3, 5, 0], np.float32)
    s, t = mesh.with_rings(source, target)
    outer = slice(mesh.num_vertices - len(OVAL), None)
    assert len(s) == mesh.num_vertices and RINGS[-1][1] == 0
    assert np.array_equal(s[outer], t[outer])
    ring = mesh.triangles[(mesh.triangles >= len(source)).any(1)]
    assert (_areas(s, ring) > 0).all()


def test_a_fold_is_opened_and_the_rest_left_alone():
    model, mesh, source = _face()
    target = source.copy()
    target[61] += (25, 0, 0)  # a mouth corner dragged across the mouth
    target[10] += (0, -4, 0)
    s, t = mesh.with_rings(source, target)
    assert (_areas(t, model.triangles) < 0).any()
    opened = unfold(mesh, s, t, rounds=80)
    before, after = _areas(s, model.triangles), _areas(opened, model.triangles)
    seen = before > 0.5
    assert (after[seen] >= 0.999 * MIN_AREA_SHARE * before[seen]).all()
    assert np.allclose(opened[10], t[10])


def test_no_motion_no_change():
    _, mesh, source = _face()
    s, t = mesh.with_rings(source, source)
    assert np.array_equal(unfold(mesh, s, t), s)
