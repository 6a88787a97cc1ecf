"""Resampling against OpenCV, sharpening against numpy."""

import cv2
import numpy as np

from ned.composite.resample import finish, finish_added, sample


def test_pixels_are_taken_as_opencv_takes_them():
    rng = np.random.default_rng(0)
    image = rng.random((40, 50, 3), np.float32)
    at = np.indices((38, 46), np.float32)[::-1].transpose(1, 2, 0) + rng.normal(0, 4, (38, 46, 2)).astype(np.float32)
    at = np.round(at * 64 * 1.001) / np.float32(64)  # at halves of a step the two round differently
    at += np.float32(1 / 256)
    wanted = cv2.remap(image, at, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    np.testing.assert_allclose(sample(image, at), wanted, atol=2e-6)


def test_what_stays_keeps_its_bits():
    image = np.random.default_rng(1).random((9, 8, 3), np.float32)
    still = np.indices((9, 8), np.float32)[::-1].transpose(1, 2, 0)
    np.testing.assert_array_equal(sample(image, still + np.float32(0.01)), image)


def test_what_has_moved_is_sharpened_and_what_has_not_is_not():
    rng = np.random.default_rng(2)
    taken, image = rng.random((8, 11, 3), np.float32), rng.random((8, 11, 3), np.float32)
    still = np.stack(np.meshgrid(np.arange(11), np.arange(8)), -1).astype(np.float32)
    motion = rng.choice(np.array([0.0, 0.0, 0.05, -0.1, 3.0], np.float32), still.shape)
    gain = (0.8 + 0.4 * rng.random((8, 11))).astype(np.float32)
    share = np.minimum(4 * np.abs(motion).sum(-1, keepdims=True), 1)
    smooth = cv2.blur(taken, (3, 3), borderType=cv2.BORDER_REPLICATE)
    wanted = np.clip((taken + 0.7 * share * (taken - smooth)) * gain[..., None], 0, 1)
    assert (motion == 0).all(-1).any() and (wanted == 0).any() and (wanted == 1).any()
    out = np.empty_like(taken)
    finish(taken, image, still + motion, np.float32(0.7), gain, out)
    np.testing.assert_allclose(out, wanted - image, atol=2e-5)


def test_what_is_added_is_sharpened_by_its_share():
    rng = np.random.default_rng(3)
    warped, before, added = rng.random((9, 12, 3), np.float32), rng.random((9, 12, 3), np.float32), np.zeros((9, 12, 4))
    added = added.astype(np.float32)
    added[1:6, 3:] = rng.normal(0, 0.1, (5, 9, 4))
    added[3, 5:8] = 0
    finished = warped + added[..., :3]
    smooth = cv2.blur(finished, (3, 3), borderType=cv2.BORDER_REPLICATE)
    wanted = before + added[..., :3] + 0.6 * added[..., 3:] * (finished - smooth)
    out = before.copy()
    finish_added(warped, added, np.float32(0.6), out)
    np.testing.assert_allclose(out, wanted, atol=1e-5)
    assert (out[7:] == before[7:]).all()
