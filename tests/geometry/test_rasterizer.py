"""All rasterisers draw the same: the compiled one, the batched one, pytorch3d's through its adapter."""

import sys
import types

import numpy as np
import pytest
import torch

from ned.errors import UserError
from ned.geometry import rasterize_pytorch3d
from ned.geometry.rasterize_torch import on_device, rasterize_batch
from ned.geometry.rasterizer import compiled

SIZE = (40, 52)


def scene(seed=0, triangles=30):
    """Triangles that turn either way, stick out of the image and lie behind each other; none touch."""
    rng = np.random.default_rng(seed)
    middle = rng.uniform([-4, -4], [56, 44], (triangles, 1, 2))
    flat = middle + rng.normal(0, 7, (triangles, 3, 2))
    depth = 10.0 * np.arange(triangles)[:, None] + rng.uniform(0, 5, (triangles, 3))
    vertices = np.concatenate([flat, depth[..., None]], 2).reshape(-1, 3).astype(np.float32)
    corners = np.arange(3 * triangles, dtype=np.int32).reshape(-1, 3)
    return vertices, rng.permutation(corners), rng.uniform(size=(3 * triangles, 4)).astype(np.float32)


def rasterize_meshes(meshes, image_size, blur_radius, faces_per_pixel, perspective_correct):
    """pytorch3d's function by its documentation, slowly: x points left, y up, the shorter side is 2 wide, triangles
    are drawn from both sides, what is behind the camera is not."""
    assert blur_radius == 0.0 and faces_per_pixel == 1 and not perspective_correct
    vertices, faces = meshes.verts[0].double().numpy(), meshes.faces[0].numpy()
    height, width = image_size
    short = min(image_size)
    face, depth = -np.ones((1, height, width, 1), int), -np.ones((1, height, width, 1))
    weights = -np.ones((1, height, width, 1, 3))
    for row in range(height):
        for column in range(width):
            x = width / short - (2 * column + 1) / short
            y = height / short - (2 * row + 1) / short
            for k, corners in enumerate(vertices[faces]):
                share = np.linalg.solve(np.vstack([corners[:, :2].T, np.ones(3)]), [x, y, 1.0])
                z = share @ corners[:, 2]
                if (share < 0).any() or z < 0 or (face[0, row, column, 0] >= 0 and z >= depth[0, row, column, 0]):
                    continue
                face[0, row, column, 0], depth[0, row, column, 0], weights[0, row, column, 0] = k, z, share
    return torch.from_numpy(face), torch.from_numpy(depth), torch.from_numpy(weights), None


@pytest.fixture
def pytorch3d(monkeypatch):
    """A stand-in with the interface of pytorch3d, which cannot be installed everywhere."""
    names = ("pytorch3d", "pytorch3d.renderer", "pytorch3d.renderer.mesh",
             "pytorch3d.renderer.mesh.rasterize_meshes", "pytorch3d.structures")  # fmt: skip
    modules = {name: types.ModuleType(name) for name in names}
    modules[names[3]].rasterize_meshes = rasterize_meshes
    modules[names[4]].Meshes = lambda verts, faces: types.SimpleNamespace(verts=verts, faces=faces)
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)


def assert_alike(found, wanted):
    """But for pixels on an edge, which rounding gives to either."""
    image, depth = found
    differ = np.abs(image - wanted[0]).max(2) > 1e-3
    assert differ.mean() < 0.003 and np.isfinite(depth).mean() == pytest.approx(np.isfinite(wanted[1]).mean(), abs=3e-3)
    both = np.isfinite(depth) & np.isfinite(wanted[1]) & ~differ
    assert both.sum() > 300 and np.abs(depth[both] - wanted[1][both]).max() < 1e-2


def test_torch_draws_as_the_compiled_one():
    vertices, triangles, attributes = scene()
    wanted = compiled(vertices, triangles, attributes, SIZE)
    assert_alike(on_device("cpu")(vertices, triangles, attributes, SIZE), wanted)


def test_torch_in_small_pieces(monkeypatch):
    vertices, triangles, attributes = scene(1)
    whole = on_device("cpu")(vertices, triangles, attributes, SIZE)
    monkeypatch.setattr("ned.geometry.rasterize_torch.PIECE", 100)
    pieces = on_device("cpu")(vertices, triangles, attributes, SIZE)
    assert all(np.array_equal(a, b) for a, b in zip(whole, pieces, strict=True))


def test_torch_gradients_reach_the_attributes():
    vertices, triangles, attributes = (torch.from_numpy(part)[None] for part in scene(2))
    attributes.requires_grad_(True)
    image, depth = rasterize_batch(vertices, triangles[0], attributes, SIZE)
    image.sum().backward()
    covered = torch.isfinite(depth).sum()
    assert float(attributes.grad.sum()) == pytest.approx(4.0 * float(covered), rel=1e-3)  # weights sum to 1


def test_pytorch3d_draws_as_the_compiled_one(pytorch3d):
    vertices, triangles, attributes = scene(3, 12)
    vertices[:, 2] -= 60.0  # partly "behind" a camera at 0
    size = (28, 36)
    vertices[:, :2] *= 0.7
    assert_small(rasterize_pytorch3d.load()(vertices, triangles, attributes, size),
                 compiled(vertices, triangles, attributes, size))  # fmt: skip


def assert_small(found, wanted):
    differ = np.abs(found[0] - wanted[0]).max(2) > 1e-3
    assert differ.sum() <= 3 and np.isfinite(wanted[1]).sum() > 60


def test_exceptions(monkeypatch):
    monkeypatch.setitem(sys.modules, "pytorch3d", None)
    with pytest.raises(UserError, match="pytorch3d cannot be used"):
        rasterize_pytorch3d.load()


def test_real_pytorch3d():
    pytest.importorskip("pytorch3d", reason="pytorch3d is not installed: its adapter is tested with a stand-in alone")
    vertices, triangles, attributes = scene()
    assert_alike(rasterize_pytorch3d.load()(vertices, triangles, attributes, SIZE),
                 compiled(vertices, triangles, attributes, SIZE))  # fmt: skip
