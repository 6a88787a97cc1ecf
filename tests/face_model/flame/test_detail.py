"""DECA's maps and the surface laid out flat."""

import cv2
import numpy as np
import pytest

from ned.errors import UserError
from ned.face_model.flame.detail import MARGIN_X, MARGIN_Y, DetailMaps, detail_normals, read_detail_maps
from ned.face_model.flame.registration import to_ned
from ned.face_model.flame.texture import TextureLayout
from ned.face_model.flame.uv import uv_map
from ned.renderer.warp.shading import vertex_normals

SIDE = 256


def sheet(side=33):
    """A flat square of a grid, facing the camera, laid out as it is; 10 cm wide."""
    y, x = np.mgrid[:side, :side] / (side - 1)
    vertices = np.stack([10 * x.ravel(), 10 * y.ravel(), 0 * x.ravel()], 1)
    at = np.arange(side * side).reshape(side, side)
    a, b, c, d = (part.ravel() for part in (at[:-1, :-1], at[:-1, 1:], at[1:, :-1], at[1:, 1:]))
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)])
    layout = TextureLayout(np.stack([x.ravel(), 1 - y.ravel()], 1), triangles)
    return vertices, triangles, uv_map(layout, triangles)


def maps(mask=1.0):
    return DetailMaps(np.full((SIDE, SIDE), mask, np.float32), np.zeros((SIDE, SIDE), np.float32))


class TestUv:
    def test_shows_each_point_where_the_layout_has_it(self):
        vertices, _, uv = sheet()
        seen = uv.spread(vertices)
        centre = (np.arange(SIDE) + 0.5) / SIDE * 10
        assert uv.shown.mean() > 0.98
        assert np.abs(seen[..., 0] - centre[None])[uv.shown].max() < 0.05
        assert np.abs(seen[..., 1] - centre[:, None])[uv.shown].max() < 0.05

    def test_of_a_head(self, flame):
        uv = uv_map(flame.texture, flame.model.triangles)
        assert 0.2 < uv.shown.mean() < 1 and np.allclose(uv.weights.sum(1), 1, atol=1e-5)
        spread = uv.spread(flame.model.template)[uv.shown]
        low, high = flame.model.template.min(0), flame.model.template.max(0)
        assert (spread >= low - 1e-4).all() and (spread <= high + 1e-4).all()


class TestNormals:
    def test_without_displacement_they_are_the_surface_s(self):
        vertices, triangles, uv = sheet()
        normals = vertex_normals(vertices, triangles)
        found = detail_normals(vertices, normals, uv, maps(), np.zeros((SIDE, SIDE)))
        inner = found[MARGIN_Y + 1 : -MARGIN_Y - 1, MARGIN_X + 1 : -MARGIN_X - 1]
        assert np.allclose(inner, [0, 0, -1], atol=1e-4)
        assert not found[: MARGIN_Y - 1].any() and not found[:, : MARGIN_X - 1].any()

    def test_a_slope(self):
        """2 mm over the width of the map rise along x: the normal leans by the same slope."""
        vertices, triangles, uv = sheet()
        rise = np.repeat(np.linspace(0, 0.002, SIDE)[None], SIDE, 0)
        found = detail_normals(vertices, vertex_normals(vertices, triangles), uv, maps(), rise)[128, 128]
        assert found[0] / found[2] == pytest.approx(0.02 * 256 / 255, rel=0.02) and abs(found[1]) < 1e-3

    def test_a_head_that_is_not_displaced(self, flame):
        """Where the mesh is smooth, the grid's normals are its own."""
        uv = uv_map(flame.texture, flame.model.triangles)
        vertices = to_ned(flame.model.template)
        normals = vertex_normals(vertices, flame.mesh_triangles)
        found = detail_normals(vertices, normals, uv, maps(), np.zeros((SIDE, SIDE)))
        own = uv.spread(normals)
        known = (np.linalg.norm(found, axis=-1) > 0.5) & (np.linalg.norm(own, axis=-1) > 0.95)
        assert np.median((found * own).sum(-1)[known]) > 0.97 and known.sum() > 10_000

    def test_outside_the_mask_there_are_none(self):
        vertices, triangles, uv = sheet()
        found = detail_normals(vertices, vertex_normals(vertices, triangles), uv, maps(0.0), np.zeros((SIDE, SIDE)))
        assert not found.any()


class TestMaps:
    def test_read(self, tmp_path):
        cv2.imwrite(str(tmp_path / "m.png"), np.full((SIDE, SIDE), 128, np.uint8))
        np.save(tmp_path / "d.npy", np.full((SIDE, SIDE), 0.001))
        read = read_detail_maps(tmp_path / "m.png", tmp_path / "d.npy")
        assert read.mask[0, 0] == pytest.approx(128 / 255) and read.fixed_m[3, 3] == pytest.approx(0.001)
        none = read_detail_maps(None, None)
        assert none.mask.min() == 1 and not none.fixed_m.any()

    def test_exceptions(self, tmp_path):
        (tmp_path / "m.png").write_bytes(b"no image")
        with pytest.raises(UserError, match="is no image"):
            read_detail_maps(tmp_path / "m.png", None)
        for array, said in ((np.zeros((8, 8)), "has the shape"), (np.full((SIDE, SIDE), np.nan), "no displacements"),
                            (np.ones((SIDE, SIDE)), "no displacements"), (np.array({}), "no array")):  # fmt: skip
            np.save(tmp_path / "d.npy", array, allow_pickle=True)
            with pytest.raises(UserError, match=said):
                read_detail_maps(None, tmp_path / "d.npy")
