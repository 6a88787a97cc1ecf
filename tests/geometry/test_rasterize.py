"""The fast rasteriser against its readable twin and against closed forms."""

import numpy as np
import pytest

from ned.geometry.rasterize import rasterize, rasterize_reference


def _canvas(height, width, channels):
    return np.zeros((height, width, channels), np.float32), np.full((height, width), 1e9, np.float32)


@pytest.mark.parametrize("seed", range(4))
def test_equals_the_readable_twin(seed):
    rng = np.random.default_rng(seed)
    vertices = rng.uniform(-5, 30, (24, 2)).astype(np.float32)
    depth = rng.uniform(0, 9, 24).astype(np.float32)
    attributes = rng.uniform(-1, 1, (24, 3)).astype(np.float32)
    triangles = rng.integers(0, 24, (14, 3)).astype(np.int32)
    fast, slow = _canvas(26, 25, 3), _canvas(26, 25, 3)
    rasterize(vertices, depth, attributes, triangles, *fast)
    rasterize_reference(vertices, depth, attributes, triangles, *slow)
    covered = slow[1] < 1e8
    assert covered.sum() > 50
    assert (covered == (fast[1] < 1e8)).mean() > 0.995  # float32 against float64 on edges
    both = covered & (fast[1] < 1e8)
    assert np.quantile(np.abs(fast[0] - slow[0])[both], 0.99) < 1e-3


def test_linear_attribute_is_reproduced_exactly():
    vertices = np.array([[0, 0], [20, 0], [20, 20], [0, 20]], np.float32)
    attributes = np.concatenate([vertices, vertices @ np.array([[2.0], [3.0]])], 1).astype(np.float32)
    image, buffer = _canvas(21, 21, 3)
    rasterize(vertices, np.zeros(4, np.float32), attributes, np.array([[0, 1, 2], [0, 2, 3]], np.int32), image, buffer)
    x, y = np.meshgrid(np.arange(21), np.arange(21))
    assert np.abs(image - np.stack([x, y, 2 * x + 3 * y], -1)).max() < 1e-3


def test_nearer_wins_and_back_faces_are_not_drawn():
    square = np.array([[0, 0], [9, 0], [9, 9], [0, 9]], np.float32)
    vertices = np.concatenate([square, square])
    depth = np.repeat(np.array([2.0, 1.0], np.float32), 4)
    value = np.repeat(np.array([[5.0], [7.0]], np.float32), 4, 0)
    both = np.array([[4, 5, 6], [4, 6, 7], [0, 1, 2], [0, 2, 3]], np.int32)
    image, buffer = _canvas(10, 10, 1)
    rasterize(vertices, depth, value, both, image, buffer)
    assert (image == 7).all()
    image, buffer = _canvas(10, 10, 1)
    rasterize(vertices, depth, value, both[:, ::-1].copy(), image, buffer)
    assert (image == 0).all()
