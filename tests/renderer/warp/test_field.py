"""The field by blocks of pixels against the plain one, and its kernels against OpenCV and numpy."""

import cv2
import numpy as np
import pytest

from ned.face_model import load_face_model
from ned.renderer.warp import field_kernels as kernels
from ned.renderer.warp.field import _apart, lacking_cavity, warp_field
from ned.renderer.warp.mesh import build_skin_mesh
from ned.renderer.warp.smooth_skin import build_smooth_skin
from ned.types import FaceEdit
from tests.renderer.warp.plain import plain_field

MODEL = load_face_model()
MESH = build_skin_mesh(MODEL.topology.triangles, len(MODEL.mean))
SKIN = build_smooth_skin(MODEL.topology.triangles, MODEL.mean)


def _edit(scale, centre, **coefficients):
    change = np.zeros(MODEL.space.width, np.float32)
    for name, value in coefficients.items():
        change[MODEL.space.index(name)] = value
    source = (MODEL.mean * scale + (*centre, 0)).astype(np.float32)
    target = source + scale * MODEL.displacements(change[None])[0]
    return FaceEdit(source, target.astype(np.float32), change, change)


@pytest.mark.parametrize("scale", [7.0, 14.0, 22.0])  # blocks of 1, 2 and 3 pixels
def test_the_field_is_that_of_every_pixel(scale):
    rng = np.random.default_rng(0)
    size = 6 * round(4.4 * scale), 6 * round(3.8 * scale)
    edit = _edit(scale, (size[1] / 2, 0.42 * size[0]), jawOpen=0.5, mouthSmileLeft=0.8, mouthSmileRight=0.6,
                 browInnerUp=0.5, eyeSquintLeft=0.5, eyeWideRight=0.9)  # fmt: skip
    low, high = MODEL.mean[:468, :2].min(0), MODEL.mean[:468, :2].max(0)
    uv = ((MODEL.mean[:, :2] - low) / (high - low)).astype(np.float32)
    shade = (0.1 * np.sin(6 * uv[:, 0])).astype(np.float32)
    textures = cv2.GaussianBlur(rng.standard_normal((256, 256, 2)).astype(np.float32), (0, 0), 10.0)
    y, x = np.indices((256, 256)) / 127.5 - 1
    textures *= np.maximum(0, 1 - x**2 - y**2).astype(np.float32)[..., None]  # wrinkles end before the outline does
    arguments = MESH, SKIN, uv, shade, edit, size, textures, lacking_cavity
    fast, (source_xy, gain, folds, unseen) = warp_field(*arguments), plain_field(*arguments)
    assert fast.block == (scale > 10) + (scale > 20) + 1
    off = np.abs(fast.source_xy - source_xy).max(-1)
    size_px = np.linalg.norm(edit.target - edit.source, axis=1).max()
    assert off.max() < 0.05 * size_px and off.mean() < 0.001 * size_px and size_px > 8
    light = np.abs(fast.gain - gain)
    assert light.max() < 0.15 * np.ptp(gain) and light.mean() < 0.005 * np.ptp(gain)
    means = cv2.resize(folds, fast.folds.shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(fast.folds - means).mean() < 0.03 * np.abs(means).mean()
    outside = unseen.copy()
    for (x0, y0, x1, y1), share in fast.unseen:
        assert np.array_equal(share, unseen[y0:y1, x0:x1]) and share.max() > 0.5
        outside[y0:y1, x0:x1] = 0
    assert fast.unseen and not outside.any()


def test_where_nothing_is_to_move_nothing_moves():
    edit = _edit(14.0, (160, 150))
    flat = np.zeros((len(MODEL.mean), 2), np.float32)
    field = warp_field(MESH, SKIN, flat, flat[:, 0], edit, (370, 320), np.zeros((8, 8, 2), np.float32))
    grid = np.indices((370, 320), np.float32)[::-1].transpose(1, 2, 0)
    mouth = np.abs(field.source_xy - grid).max(-1) > 0.3  # its content is stretched to where lips are evened
    assert mouth.mean() < 0.001 and np.abs(field.gain - 1).max() == 0 and not field.folds.any()


def test_blocks_are_interpolated_as_images_are():
    rng = np.random.default_rng(1)
    values, wrinkles = rng.standard_normal((9, 7, 4)).astype(np.float32), rng.random((9, 7, 2)).astype(np.float32)
    values[..., 3] = 0.5
    source_xy, gain = np.empty((27, 21, 2), np.float32), np.empty((27, 21), np.float32)
    kernels.spread_blocks(values, wrinkles, 3, source_xy, gain)
    large = cv2.resize(values[..., :3] / 0.5, (21, 27), interpolation=cv2.INTER_LINEAR)
    grid = np.indices((27, 21), np.float32)[::-1].transpose(1, 2, 0)
    np.testing.assert_allclose(source_xy, grid + large[..., :2], atol=1e-5)
    line = cv2.resize(wrinkles[..., 0], (21, 27), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(gain, 1 + large[..., 2] + line, atol=1e-5)


@pytest.mark.parametrize("block", [1, 2, 3])
def test_blocks_are_added_where_they_are(block):
    rng = np.random.default_rng(2)
    whole = np.zeros((10, 12), np.float32)
    whole[3:6, 4:9] = rng.random((3, 5))
    out = np.ones((10 * block, 12 * block), np.float32)
    kernels.add_blocks(whole, block, out)
    np.testing.assert_allclose(out, 1 + cv2.resize(whole, out.shape[::-1], interpolation=cv2.INTER_LINEAR), atol=1e-5)


def test_luma_of_blocks_is_the_mean_of_theirs():
    image = np.random.default_rng(3).random((11, 13, 3), np.float32)
    out = np.empty((3, 3), np.float32)
    kernels.block_luma(image, 3, (1, 2), out)
    luma = image @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    wanted = [[luma[3 * i : 3 * i + 3, 3 * j : 3 * j + 3].mean() for j in (2, 3, 4)] for i in (1, 2, 3)]
    np.testing.assert_allclose(out, wanted, rtol=1e-5)


def test_boxes_that_overlap_become_one():
    boxes = [(0, 0, 4, 4), (10, 10, 14, 14), (3, 3, 11, 11), (20, 0, 24, 4)]
    assert sorted(_apart(boxes)) == [(0, 0, 14, 14), (20, 0, 24, 4)]
    assert _apart([(0, 0, 4, 4), (4, 0, 8, 4)]) == [(0, 0, 4, 4), (4, 0, 8, 4)]
