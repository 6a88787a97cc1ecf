"""The rasteriser for many meshes at once against the compiled one."""

import numpy as np
import pytest

from ned.geometry.rasterize import rasterize

torch = pytest.importorskip("torch")


def test_many_meshes_are_drawn_as_one_by_one():
    from ned.geometry.rasterize_batched import rasterize_batched

    rng = np.random.default_rng(0)
    vertices = rng.uniform(-5, 30, (5, 24, 2)).astype(np.float32)
    depth = rng.integers(0, 3, (5, 8)).repeat(3, 1).astype(np.float32)  # flat triangles, some as near as others
    attributes = rng.uniform(-1, 1, (5, 24, 3)).astype(np.float32)
    triangles = rng.permutation(24).reshape(8, 3).astype(np.int32)
    triangles = np.concatenate([np.arange(24).reshape(8, 3), triangles]).astype(np.int32)
    tensors = (torch.from_numpy(part) for part in (vertices, depth, attributes, triangles.astype(np.int64)))
    image, buffer = rasterize_batched(*tensors, torch.full((5, 26, 25, 3), 9.0))
    same = 0
    for k in range(5):
        wanted, z = np.full((26, 25, 3), 9.0, np.float32), np.full((26, 25), np.inf, np.float32)
        rasterize(vertices[k], depth[k], attributes[k], triangles, wanted, z)
        same += (np.abs(image[k].numpy() - wanted).max(-1) < 1e-3).mean() / 5
        assert (np.isinf(z) == np.isinf(buffer[k].numpy())).mean() > 0.995  # digits at edges
    assert same > 0.98
