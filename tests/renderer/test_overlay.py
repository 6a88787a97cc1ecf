"""A mesh over an image."""

import numpy as np
import pytest

from ned.face_model import load_face_model
from ned.renderer.overlay import KINDS, draw_overlay, nmfc_colours


@pytest.fixture(scope="module")
def model():
    return load_face_model("canonical")


def in_image(model, scale=8.0, at=(100, 80)):
    return (model.mean * scale + [*at, 0]).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_face_changes(model, kind):
    image = np.full((160, 200, 3), 40, np.uint8)
    face = in_image(model)
    out = draw_overlay(image, face, model.topology.triangles, kind, nmfc_colours(model.mean))
    changed = (out != image).any(2)
    x, y = face[4, :2].round().astype(int)
    assert changed[y, x] and not changed[:5].any() and not changed[:, :10].any()
    low, high = face[:468, :2].min(0), face[:468, :2].max(0)
    rows, columns = np.nonzero(changed)
    assert low[0] - 1 <= columns.min() and columns.max() <= high[0] + 1 and rows.max() <= high[1] + 1
    assert (image == 40).all()


def test_nmfc_is_the_place_on_the_mean_face(model):
    colours = nmfc_colours(model.mean)
    out = draw_overlay(np.zeros((160, 200, 3), np.uint8), in_image(model), model.topology.triangles, "nmfc", colours)
    x, y = in_image(model)[[234, 454], :2].mean(0).round().astype(int)  # between the cheeks
    assert out[y, x, 0] == pytest.approx(255 * 0.75 * 0.5, abs=8)


def test_normals_of_the_nose_look_at_the_camera(model):
    out = draw_overlay(np.zeros((160, 200, 3), np.uint8), in_image(model), model.topology.triangles, "normals")
    x, y = in_image(model)[4, :2].round().astype(int)
    assert out[y, x, 2] > 0.75 * 255 * 0.85


def test_partly_and_wholly_outside(model):
    image = np.full((60, 60, 3), 9, np.uint8)
    assert (draw_overlay(image, in_image(model, at=(0, 0)), model.topology.triangles) != 9).any()
    assert (draw_overlay(image, in_image(model, at=(900, 0)), model.topology.triangles) == 9).all()
    with pytest.raises(ValueError, match="cannot draw"):
        draw_overlay(image, in_image(model), model.topology.triangles, "nmfc")
