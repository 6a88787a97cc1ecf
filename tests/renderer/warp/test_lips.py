"""Lips meet where they met, over the whole width of the mouth."""

import numpy as np
import pytest

from ned.face_model import load_face_model
from ned.geometry.articulation import height_of_mouth
from ned.renderer.warp.lips import LOWER, UPPER, fit_lips

MODEL = load_face_model()


def _face(**coefficients):
    packed = np.zeros((1, MODEL.space.width), np.float32)
    for name, value in coefficients.items():
        packed[0, MODEL.space.index(name)] = value
    return ((MODEL.mean + MODEL.displacements(packed)[0]) * 20 + (200, 200, 0)).astype(np.float32)


def _gaps(face):
    return (face[LOWER[0]] - face[UPPER[0]])[:, 1]


def _shut():
    face = _face()
    middle = (face[UPPER[0]] + face[LOWER[0]]) / 2
    face[UPPER[0]], face[LOWER[0]] = middle, middle
    return face


@pytest.mark.parametrize("name", ["noseSneer", "mouthUpperUp", "mouthLowerDown", "mouthFunnel"])
def test_shut_lips_stay_shut_over_their_whole_width(name):
    shut = _shut()
    sided = {n: 0.8 for n in (name, name + "Left", name + "Right") if n in MODEL.space.names}
    moved = shut + (_face(**sided) - _face())
    assert np.abs(_gaps(moved)).max() > 1.0
    assert np.abs(_gaps(fit_lips(shut, moved.astype(np.float32), 0.0))).max() < 1e-3


def test_an_open_mouth_is_scaled_in_its_own_shape():
    source = _face(jawOpen=0.3)
    opening = height_of_mouth(source)
    fitted = fit_lips(source, _face(jawOpen=0.3, mouthSmileLeft=0.7, mouthSmileRight=0.7), 0.6 * opening)
    inner = slice(1, -1)
    assert np.allclose(_gaps(fitted)[inner] / _gaps(source)[inner], 0.6, atol=0.03)


def test_a_shut_mouth_opens_like_a_lens():
    gaps = _gaps(fit_lips(_shut(), _shut(), 20.0))
    assert gaps[5] == pytest.approx(20.0, abs=0.2)
    assert (np.diff(gaps[:6]) > 0).all() and (np.diff(gaps[5:]) < 0).all() and abs(gaps[0]) < 1e-3


def test_nothing_wanted_nothing_changed_but_the_lips():
    source = _face(jawOpen=0.2)
    target = _face(jawOpen=0.2, browDownLeft=0.8)
    fitted = fit_lips(source, target, height_of_mouth(source))
    rest = np.setdiff1d(np.arange(len(source)), np.concatenate([UPPER.ravel(), LOWER.ravel()]))
    assert np.array_equal(fitted[rest], target[rest])
    assert np.abs(fitted - target).max() < 0.2
