"""The aligned crop: similarities are found again, images come back to their place."""

import numpy as np
import pytest

from ned.face_model import load_face_model
from ned.renderer.neural.crops import FACE_SHARE, TOP_SHARE, align, cut, paste_back, to_crop

MEAN = load_face_model().mean


def _face(scale=9.0, angle=0.3, shift=(210.0, 150.0)):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.c_[scale * MEAN[:, :2] @ turn.T + shift, scale * MEAN[:, 2]].astype(np.float32)


@pytest.mark.parametrize("angle", [-0.5, 0.0, 0.7])
def test_every_similar_face_lies_in_the_same_place(angle):
    face = _face(angle=angle)
    found = to_crop(face, align(face, 256))
    assert found[10, 1] == pytest.approx(256 * TOP_SHARE, abs=0.05)
    assert found[152, 1] - found[10, 1] == pytest.approx(256 * FACE_SHARE, abs=0.05)
    assert found[10, 0] == pytest.approx(128, abs=0.05)
    scale = 256 * FACE_SHARE / (MEAN[152, 1] - MEAN[10, 1])
    assert np.ptp(found[:, 2]) == pytest.approx(scale * np.ptp(MEAN[:, 2]), rel=1e-3)


def test_an_open_mouth_does_not_move_the_crop():
    model, face = load_face_model(), _face(angle=0.0)
    coefficients = np.zeros((1, model.space.width), np.float32)
    coefficients[0, model.space.index("jawOpen")] = 1.0
    opened = face + 9.0 * model.displacements(coefficients)[0]
    assert np.linalg.norm(opened[152] - face[152]) > 20
    corners = np.array([[0, 0, 1], [400, 300, 1]], np.float32)
    assert np.abs(corners @ (align(opened, 256) - align(face, 256)).T).max() < 3


@pytest.mark.parametrize("scale", [4.0, 9.0, 60.0])
def test_what_was_cut_comes_back_to_its_place(scale):
    """A smooth image, since large faces are made smaller on the way."""
    y, x = np.mgrid[:900, :1000] / (2.5 * scale)
    image = np.stack([0.5 + 0.4 * np.sin(x), 0.5 + 0.4 * np.cos(y), 0.5 + 0.2 * np.sin(x + y)], -1).astype(np.float32)
    matrix = align(_face(scale, 0.2, (500.0, 420.0)), 128)
    crop = cut(image, matrix, 128)
    again = paste_back(crop, matrix, image.shape[:2])
    inside = np.linalg.inv(np.vstack([matrix, [0, 0, 1]])) @ [64, 64, 1]
    column, row = inside[:2].astype(int)
    reach = int(2.5 * scale)
    part = slice(row - reach, row + reach), slice(column - reach, column + reach)
    assert np.abs(again[part] - image[part]).max() < 0.03
    assert cut((255 * image).astype(np.uint8), matrix, 128).dtype == np.uint8
