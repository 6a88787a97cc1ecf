import cv2
import numpy as np
import pytest

from ned.composite import kernels


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def image(rng, *size) -> np.ndarray:
    return rng.random(size, np.float32)


@pytest.mark.parametrize("size", [(8, 12), (9, 13), (7, 2), (1, 1)])
def test_a_band_is_added_as_opencv_enlarges_and_numpy_adds(rng, size):
    height, width = size
    small = (height + 1) // 2, (width + 1) // 2
    blended, coarse = image(rng, *small, 3), image(rng, *small, 3)
    fine, weight = image(rng, *size, 3), image(rng, *size)
    weight[: height // 2] = 1.0  # above, what is coarser is alike in part, and nothing is to be done
    blended[: small[0] // 2] = coarse[: small[0] // 2]
    high, low = (cv2.pyrUp(level, dstsize=(width, height)) for level in (blended, coarse))
    high, low = (level.reshape(*size, 3) for level in (high, low))
    out = fine.copy()
    kernels.add_band(blended, coarse, weight, out)
    np.testing.assert_allclose(out, high + (fine - low) * weight[..., None], atol=1e-6)


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
