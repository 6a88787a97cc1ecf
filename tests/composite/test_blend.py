"""Multi-band blending: what must come through untouched, and what must not show."""

import numpy as np

from ned.composite.blend import blend_difference, soft_mask


def _difference(h=90, w=101, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (h, w, 3)).astype(np.float32)


def test_full_mask_gives_the_difference_and_empty_mask_nothing():
    difference = _difference()
    full = blend_difference(difference, np.ones((90, 101), np.float32))
    assert np.abs(full - difference).max() < 1e-5
    assert np.abs(blend_difference(difference, np.zeros((90, 101), np.float32))).max() == 0


def test_no_difference_stays_exactly_nothing():
    mask = np.random.default_rng(1).uniform(0, 1, (90, 101)).astype(np.float32)
    assert not blend_difference(np.zeros((90, 101, 3), np.float32), mask).any()


def test_a_brightness_step_is_spread_where_a_cut_would_show_a_seam():
    step = np.ones((128, 128, 3), np.float32)
    mask = np.zeros((128, 128), np.float32)
    mask[32:96, 32:96] = 1
    blended = blend_difference(step, mask)[64, :, 0]
    assert blended[64] > 0.9 and blended[2] < 0.05
    assert np.abs(np.diff(blended)).max() < 0.35 * np.abs(np.diff(mask[64])).max()


def test_mask_is_the_union_of_both_outlines():
    square = np.array([[20, 20], [60, 20], [60, 60], [20, 60]], np.float32)
    mask = soft_mask(square, square + np.array([0, 20], np.float32), (100, 100))
    assert mask[30, 40] > 0.9 and mask[70, 40] > 0.9 and mask[90, 40] == 0 and mask[40, 80] == 0
    assert mask.min() >= 0 and mask.max() <= 1
