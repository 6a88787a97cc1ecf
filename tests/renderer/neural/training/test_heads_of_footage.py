"""Footage that carries FLAME's heads: kept, cut, joined, resized, and asked for where it has none."""

from dataclasses import replace

import numpy as np
import pytest

from ned.errors import UserError
from ned.geometry import heads
from ned.geometry.pose import project
from ned.geometry.rasterizer import compiled
from ned.renderer.neural.mesh import MeshDrawing
from ned.renderer.neural.training.crop_sequences import joined, load_footage, save_footage
from ned.renderer.neural.training.preparation import fitting
from ned.types import HeadPose
from tests.geometry.test_heads import some
from tests.renderer.neural.synthetic import footage


@pytest.fixture
def seen():
    return replace(footage(frames=20, size=64), heads=some(20))


def drawn(known):
    points = np.random.default_rng(0).normal(size=(len(known.scale), 9, 3)).astype(np.float32)
    return project(HeadPose(known.rotation, known.scale, known.translation), points)[..., :2]


def test_kept(seen, tmp_path):
    save_footage(tmp_path / "a.npz", seen)
    again = load_footage(tmp_path / "a.npz")
    for name, array in heads.arrays(seen.heads).items():
        assert np.allclose(getattr(again.heads, name), array), name
    bare = replace(seen, heads=replace(seen.heads, detail=None))
    save_footage(tmp_path / "b.npz", bare)
    assert load_footage(tmp_path / "b.npz").heads.detail is None
    save_footage(tmp_path / "c.npz", footage(frames=20, size=64))
    assert load_footage(tmp_path / "c.npz").heads is None
    short = replace(seen, heads=heads.part(seen.heads, slice(0, 19)))
    save_footage(tmp_path / "d.npz", short)
    with pytest.raises(UserError, match="no prepared footage"):
        load_footage(tmp_path / "d.npz")


def test_parts_joined_and_resized(seen):
    first, last = seen.split()
    assert len(first.heads.scale) == len(first) == 18 and len(last.heads.scale) == 2
    both = joined([first, last])
    assert np.array_equal(both.heads.expression, seen.heads.expression)
    assert joined([first, replace(last, heads=None)]).heads is None
    half = seen.resized(32)
    factor = np.float32(0.5)
    assert np.allclose(drawn(half.heads), factor * drawn(seen.heads) + 0.5 * factor - 0.5, atol=1e-3)


def test_asked_for(seen, flame, tmp_path):
    drawing = MeshDrawing(flame, compiled)
    assert fitting(seen, 64, tmp_path, drawing).heads is not None
    with pytest.raises(UserError, match="holds no heads of FLAME; name the video"):
        fitting(replace(seen, heads=None), 64, tmp_path, drawing)
