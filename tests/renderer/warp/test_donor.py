"""Teeth of another frame land where the skull says, whatever the head has done in between."""

import cv2
import numpy as np

from ned.face_model import load_face_model
from ned.renderer import build_renderer
from ned.renderer.warp import layers
from ned.renderer.warp.donor import MouthDonor, lacking, open_wide, rigid_map
from ned.types import FaceEdit

MODEL = load_face_model()
SIZE = (420, 400)


def _face(jaw=0.0, angle=0.0, scale=18.0, origin=(200, 160)):
    """A face turned in the image plane, with the map of its own plane to pixels."""
    change = np.zeros((1, MODEL.space.width), np.float32)
    change[0, 0] = jaw
    c, s = np.cos(angle), np.sin(angle)
    turn = scale * np.array([[c, s], [-s, c]], np.float32)
    points = (MODEL.mean + MODEL.displacements(change)[0]).astype(np.float32)
    points[:, :2] = points[:, :2] @ turn + np.float32(origin)
    points[:, 2] *= scale
    return points, turn


def test_the_rigid_map_undoes_the_motion_of_the_head():
    here, turn = _face(0.1)
    there, other = _face(0.5, angle=0.3, scale=25, origin=(90, 40))
    found = rigid_map(here, there)
    assert np.allclose(found[:2], np.linalg.inv(turn) @ other, atol=0.02)


def test_an_upper_tooth_stays_with_the_skull():
    donor_face, donor_turn = _face(0.55, angle=0.15, scale=24, origin=(230, 170))
    tooth = (MODEL.mean[13, :2] + [0.0, 0.45]).astype(np.float32)  # hangs below the upper lip, in cm
    image = np.full((460, 460, 3), 0.3, np.float32)
    x, y = tooth @ donor_turn + np.float32((230, 170))
    cv2.circle(image, (round(float(x)), round(float(y))), 4, (1, 1, 1), -1, cv2.LINE_AA)
    shut, turn = _face(0.0)
    opened, _ = _face(0.4)
    inside = MouthDonor(image, donor_face).interior(np.full((*SIZE, 3), 0.3, np.float32), shut, opened)
    bright = np.clip(inside.mean(-1) - 0.35, 0, None)
    rows, columns = np.indices(SIZE)
    found = np.array([(bright * columns).sum(), (bright * rows).sum()]) / bright.sum()
    expected = tooth @ turn + np.float32((200, 160))
    assert np.abs(found - expected).max() < 2.0  # the jaw, and the lower lip with it, differs by 5 px


def test_the_light_is_that_of_the_frame():
    donor_face, _ = _face(0.5)
    donor = MouthDonor(np.full((*SIZE, 3), 0.4, np.float32), donor_face)
    shut, opened = _face(0.0)[0], _face(0.4)[0]
    inside = donor.interior(np.full((*SIZE, 3), (0.5, 0.4, 0.3), np.float32), shut, opened)
    shown = inside[inside.any(-1)]
    assert len(shown) > 100 and np.allclose(shown.max(0), (0.5, 0.4, 0.3), atol=0.01)


def test_only_a_mouth_that_opens_much_further_takes_from_elsewhere():
    assert lacking(10.0, 10.0) == lacking(10.0, 20.0) == 0 and lacking(0.0, 5.0) == 1
    assert 0 < lacking(10.0, 27.0) < 1


def test_a_mouth_that_is_open_by_a_crack_shows_nothing_of_the_donor():
    assert open_wide(_face(0.0)[0]) == 0 and open_wide(_face(0.5)[0]) == 1


def test_a_shut_mouth_that_opens_shows_the_donor_instead_of_the_dark():
    source, _ = _face(0.0)
    target, _ = _face(0.45)
    change = np.zeros(MODEL.space.width, np.float32)
    change[0] = 0.45
    edit = FaceEdit(source, target, change, change)
    image = np.full((*SIZE, 3), 0.5, np.float32)
    x, y = ((target[13] + target[14]) / 2)[:2].astype(int)
    dark, bright = build_renderer(MODEL), build_renderer(MODEL)
    assert bright.wants_mouth(edit) and not bright.wants_mouth(FaceEdit(source, source, 0 * change, change))
    bright.take_mouth(image, _face(0.5)[0])
    assert not bright.wants_mouth(edit)
    assert dark.render(image, edit)[y, x].mean() < -0.2
    assert abs(bright.render(image, edit)[y, x].mean()) < 0.05
    assert layers.opening(layers.MOUTH, target) > 10
