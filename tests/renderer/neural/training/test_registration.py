"""Laying an image over another: known shifts come out, what only one shows stays."""

import cv2
import numpy as np
import pytest

from ned.renderer.neural.training.registration import registered


def _texture(size=128, seed=0):
    """Blobs of all sizes, in [0, 1]."""
    noise = np.random.default_rng(seed).normal(size=(size, size, 3)).astype(np.float32)
    image = sum(sigma * cv2.GaussianBlur(noise, (0, 0), sigma) for sigma in (1.5, 4, 10))
    return np.clip(0.5 + 0.2 * image / image.std(), 0, 1).astype(np.float32)


def _shifted(image, x, y):
    return cv2.warpAffine(image, np.float64([[1, 0, x], [0, 1, y]]), image.shape[1::-1], flags=cv2.INTER_CUBIC)


def _error(a, b):
    return float(np.abs(a - b)[16:-16, 16:-16].mean())


@pytest.mark.parametrize(("x", "y"), [(2.0, 0.0), (-1.5, 2.5), (0.5, -0.5)])
def test_a_shift_is_undone(x, y):
    truth = _texture()
    moved = _shifted(truth, x, y)
    assert _error(registered(moved, truth, 4.0, 256), truth) < 0.3 * _error(moved, truth)


def test_it_goes_no_farther_than_told():
    truth = _texture()
    moved = _shifted(truth, 3.0, 0.0)
    short = registered(moved, truth, 1.0, 256)
    assert _error(short, _shifted(truth, 2.0, 0.0)) < 0.3 * _error(short, truth)


def test_another_light_is_left_as_it_is():
    truth = _texture()
    darker = 0.7 * truth
    assert _error(registered(darker, truth, 4.0, 256), darker) < 0.1 * _error(darker, truth)


def test_what_only_one_shows_stays():
    truth, image = _texture(), _texture()
    image[50:62, 40:80] = 0.95  # teeth
    made = registered(image, truth, 4.0, 256)
    assert made[52:60, 44:76].mean() > 0.9 and _error(made, image) < 0.01
