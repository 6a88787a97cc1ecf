"""Rings hold the background; folded triangles are opened again."""

import numpy as np

from ned.face_model import load_face_model
from ned.renderer.warp.mesh import MIN_AREA_SHARE, OVAL, RINGS, build_skin_mesh, unfold


def _face(scale=20.0):
    model = load_face_model("canonical")
    source = (model.mean * scale + np.array([200, 200, 0])).astype(np.float32)
    return model, build_skin_mesh(model.topology.triangles, len(source)), source


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
    _, mesh, source = _face()
    target = source.copy()
    target[205] += (-22, -8, 0)  # a point of the cheek dragged over its neighbours
    target[10] += (0, -4, 0)
    s, t = mesh.with_rings(source, target)
    opened = unfold(mesh, s, t, rounds=80)
    before, folded, after = (_areas(p, mesh.guarded) for p in (s, t, opened))
    seen = before > 4.0
    assert (folded[seen] < 0).any()
    assert (after[seen] >= 0.99 * MIN_AREA_SHARE * before[seen]).all()
    assert np.allclose(opened[10], t[10])


def test_a_broad_smile_keeps_its_corners():
    model, mesh, source = _face()
    smile = np.zeros((1, model.space.width), np.float32)
    for name in ("mouthSmile", "mouthDimple", "cheekSquint"):
        for side in ("Left", "Right"):
            smile[0, model.space.index(name + side)] = 1.1 if name == "mouthSmile" else 0.3
    target = (source + 20 * model.displacements(smile)[0]).astype(np.float32)
    s, t = mesh.with_rings(source, target)
    opened = unfold(mesh, s, t)
    corners = [61, 291]
    kept = np.linalg.norm((opened - s)[corners], axis=1) / np.linalg.norm((t - s)[corners], axis=1)
    assert (kept > 0.75).all()


def test_no_motion_no_change():
    _, mesh, source = _face()
    s, t = mesh.with_rings(source, source)
    assert np.array_equal(unfold(mesh, s, t), s)
