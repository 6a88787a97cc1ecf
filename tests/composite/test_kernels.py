import numpy as np
import pytest

from ned.composite import kernels


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def image(rng, *size) -> np.ndarray:
    return rng.random(size, np.float32)


def test_a_band_is_added_by_its_weight(rng):
    out, fine, smooth = (image(rng, 7, 9, 3) for _ in range(3))
    weight = image(rng, 7, 9)
    wanted = out + (fine - smooth) * weight[..., None]
    kernels.add_band(out, fine, smooth, weight)
    np.testing.assert_allclose(out, wanted, atol=1e-6)


def test_what_has_moved_is_sharpened_and_what_has_not_is_not(rng):
    out, smooth = image(rng, 8, 11, 3), image(rng, 8, 11, 3)
    still = np.stack(np.meshgrid(np.arange(11), np.arange(8)), -1).astype(np.float32)
    motion = rng.choice(np.array([0.0, 0.05, -0.1, 3.0], np.float32), still.shape)
    gain = (0.8 + 0.4 * image(rng, 8, 11)).astype(np.float32)
    share = np.minimum(4 * np.abs(motion).sum(-1, keepdims=True), 1)
    wanted = np.clip((out + 0.7 * share * (out - smooth)) * gain[..., None], 0, 1)
    checkpoint = (motion == 0).all(-1)
    assert checkpoint.any() and (wanted == 0).any() and (wanted == 1).any()
    before = out.copy()
    kernels.sharpen(out, smooth, still + motion, np.float32(0.7), gain)
    np.testing.assert_allclose(out, wanted, atol=2e-5)
    np.testing.assert_array_equal(out[checkpoint], np.minimum(before * gain[..., None], 1)[checkpoint])


def test_mixing_and_fading_are_linear(rng):
    out, other, share = image(rng, 5, 6, 3), image(rng, 5, 6, 3), image(rng, 5, 6)
    share[2:4] = 0
    wanted = out + share[..., None] * (other - out)
    mixed = out.copy()
    kernels.mix(mixed, other, share)
    np.testing.assert_allclose(mixed, wanted, atol=1e-6)
    kernels.mix(mixed, np.broadcast_to(np.float32(0.5), mixed.shape), np.ones_like(share))
    np.testing.assert_allclose(mixed, 0.5, atol=1e-6)
    faded = out.copy()
    kernels.fade(faded, share)
    np.testing.assert_allclose(faded, out * (1 - share[..., None]), atol=1e-6)


def test_what_is_near_a_rim_moves_less(rng):
    low, distance = np.array([4, 2]), 6 * image(rng, 5, 7)
    still = np.stack(np.meshgrid(np.arange(4, 11), np.arange(2, 7)), -1).astype(np.float32)
    motion = rng.normal(0, 3, still.shape).astype(np.float32)
    motion[0] = 0
    length = np.linalg.norm(motion, axis=-1)
    share = np.clip(distance / np.maximum(1.5 * length, 1e-6), 0.7, 1.0)
    out = still + motion
    kernels.hold_still(out, low, distance, np.float32(0.7), np.float32(1.5))
    np.testing.assert_allclose(out, still + motion * share[..., None], atol=1e-5)


def test_a_field_at_rest_names_each_pixel_itself():
    image = np.full((3, 4, 5), np.nan, np.float32)
    kernels.stand_still(image, (np.float32(-1), np.float32(0), np.float32(2)))
    y, x = np.mgrid[:3, :4]
    np.testing.assert_array_equal(image[..., 0], x)
    np.testing.assert_array_equal(image[..., 1], y)
    np.testing.assert_array_equal(image[..., 2:], np.broadcast_to([-1, 0, 2], (3, 4, 3)))
