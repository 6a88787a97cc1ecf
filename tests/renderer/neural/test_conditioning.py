"""The conditioning of faces whose geometry is known."""

import time

import numpy as np
import pytest

from ned.face_model import load_face_model
from ned.geometry.rasterize import rasterize_reference
from ned.renderer.neural.conditioning import RELIEF, Conditioner, fill
from ned.renderer.neural.crops import align, to_crop
from ned.renderer.warp import layers

MODEL = load_face_model()
SIZE = 128
CONDITIONER = Conditioner(MODEL, SIZE)
RIGHT, LEFT = 468, 473


def _coefficients(**values):
    packed = np.zeros(MODEL.space.width, np.float32)
    for name, value in values.items():
        packed[MODEL.space.index(name)] = value
    return packed


def _face(size=SIZE, yaw=0.0, **values):
    shape = MODEL.mean + MODEL.displacements(_coefficients(**values)[None])[0]
    cos, sin = np.cos(yaw), np.sin(yaw)
    turned = shape @ np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]]).T
    face = (turned * 20 + (300, 300, 0)).astype(np.float32)
    return to_crop(face, align(face, size))


def _shown(yaw=0.0, **values):
    return CONDITIONER(_face(yaw=yaw, **values), _coefficients(**values))


def _at(image, xy):
    return image[round(float(xy[1])), round(float(xy[0]))]


def _middle(weights):
    y, x = np.indices(weights.shape)
    return np.array([(weights * x).sum(), (weights * y).sum()]) / weights.sum()


@pytest.mark.parametrize("vertex", [1, 9, 50, 199, 280, 105, 334])
def test_the_colour_at_a_vertex_is_its_place_on_the_mean_face(vertex):
    face = _face()
    face[:, :2] += np.round(face[vertex, :2]) - face[vertex, :2]  # onto the centre of a pixel
    low, high = MODEL.mean[:468].min(0), MODEL.mean[:468].max(0)
    wanted = (MODEL.mean[vertex] - low) / (high - low)
    assert np.allclose(_at(CONDITIONER(face, _coefficients()).nmfc, face[vertex]), wanted, atol=2e-3)


def test_nmfc_equals_the_readable_rasteriser():
    size = 40
    conditioner, face = Conditioner(MODEL, size), _face(40, jawOpen=0.4)
    image, buffer = np.zeros((size, size, 3), np.float32), np.full((size, size), 1e9, np.float32)
    rasterize_reference(face[:, :2], face[:, 2], conditioner.colours, MODEL.topology.triangles, image, buffer)
    difference = np.abs(conditioner(face, _coefficients(jawOpen=0.4)).nmfc - image).max(2)
    assert (buffer < 1e8).sum() > 300
    assert (difference < 1e-3).mean() > 0.995  # edges fall here or there in 32 bits


def test_irises_are_where_their_landmarks_are_and_follow_the_gaze():
    straight = _shown()
    aside = dict(eyeLookOutLeft=0.8, eyeLookInRight=0.8)
    looking, face = _shown(**aside), _face(**aside)
    for iris, side in ((RIGHT, slice(0, 64)), (LEFT, slice(64, None))):
        pupil = looking.eyes[:, side, 2]
        assert np.abs(_middle(pupil)[0] + (side.start or 0) - face[iris, 0]) < 0.7
        assert _at(looking.eyes, face[iris])[1] > 0.9
        assert _middle(pupil)[0] > _middle(straight.eyes[:, side, 2])[0] + 1.0  # to the actor's left
    assert (looking.eyes[..., 2] <= looking.eyes[..., 1]).all() and (looking.eyes[..., 1] <= looking.eyes[..., 0]).all()


def test_an_iris_has_the_area_of_its_ellipse_where_the_lids_leave_it_free():
    face = _face()
    eye, ring = _wide_open(face)
    area = np.pi * np.linalg.norm(ring[0] - ring[2]) / 2 * np.linalg.norm(ring[1] - ring[3]) / 2
    shown = CONDITIONER(eye, _coefficients())
    assert shown.eyes[:, :64, 1].sum() == pytest.approx(area, rel=0.03)


def _wide_open(face):
    face = face.copy()
    hole = layers.RIGHT_EYE
    face[list(hole.upper[1:-1]), 1] -= 8
    face[list(hole.lower[1:-1]), 1] += 8
    return face, face[RIGHT + 1 : RIGHT + 5, :2]


def test_a_shut_eye_shows_no_iris_and_the_other_still_does():
    face = _face(eyeBlinkLeft=1.0)
    upper, lower = list(layers.LEFT_EYE.upper), list(layers.LEFT_EYE.lower)
    face[upper, 1] = np.maximum(face[upper, 1], face[lower, 1])  # touching, as tracked lids do
    shown = CONDITIONER(face, _coefficients(eyeBlinkLeft=1.0))
    assert shown.eyes[:, 64:].max() < 1e-3
    assert shown.eyes[:, :64, 1].sum() > 8.0
    half = CONDITIONER(_face(eyeBlinkRight=0.5), _coefficients()).eyes[:, :64, 0].sum()
    assert 0.1 < half / shown.eyes[:, :64, 0].sum() < 0.8


def test_the_mask_takes_the_chin_of_a_lowered_jaw_in():
    shut, lowered = _shown(), _shown(jawOpen=0.8)
    chin = _face(jawOpen=0.8)[152]
    assert chin[1] > _face()[152, 1] + 8
    above = chin - (0, 4, 0)
    assert _at(lowered.mask, above) > 0.9 and _at(shut.mask, above) < 0.05
    assert _at(lowered.mask, chin + (0, 5, 0)) < 0.1
    edge = np.concatenate([lowered.mask[0], lowered.mask[-1], lowered.mask[:, 0], lowered.mask[:, -1]])
    assert not edge.any()


def test_the_mouth_has_the_area_between_the_lips():
    face, shown = _face(jawOpen=0.5), _shown(jawOpen=0.5)
    x, y = face[[*layers.MOUTH.upper, *layers.MOUTH.lower[::-1]], :2].T
    area = 0.5 * np.abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum())
    assert shown.mouth.sum() == pytest.approx(area, rel=0.01)
    face = _face()
    face[list(layers.MOUTH.lower), :2] = face[list(layers.MOUTH.upper), :2] - (0, 1)  # one lip over the other
    assert CONDITIONER(face, _coefficients()).mouth.max() == 0.0


def test_wrinkles_are_folded_by_the_expression_alone():
    face = _face()
    calm = CONDITIONER(face, _coefficients()).shape[..., 0]
    frown = CONDITIONER(face, _coefficients(browDownLeft=1.0, browDownRight=1.0)).shape[..., 0]
    spot = 0.5 * (face[9] + face[8]) + 0.42 * (face[107] - face[9])
    x, y = spot[:2].astype(int)
    change = (frown - calm)[y - 4 : y + 8, x - 4 : x + 5]
    assert change.min() < -0.05 * RELIEF * 0.5
    assert np.abs(frown - calm)[80:].max() < 1e-3  # nothing around the mouth


def test_an_eye_behind_the_nose_is_not_drawn():
    assert _shown(yaw=1.3).eyes.any()
    near, far = ([s.eyes[..., 0].sum() for s in (_shown(), _shown(yaw=yaw))] for yaw in (0.3, 1.45))
    assert near[1] > 0.6 * near[0] and far[1] < 0.5 * far[0]


def test_mirrored_faces_have_mirrored_images():
    values = dict(mouthSmileLeft=0.8, eyeBlinkRight=0.5, browDownLeft=0.7)
    other = dict(mouthSmileRight=0.8, eyeBlinkLeft=0.5, browDownRight=0.7)
    face = _face(**values)
    mirrored = face[MODEL.topology.mirror] * (-1, 1, 1) + (SIZE - 1, 0, 0)
    a = CONDITIONER(face, _coefficients(**values))
    b = CONDITIONER(mirrored.astype(np.float32), _coefficients(**other))
    for name, tolerance in (("shape", 0.02), ("eyes", 1e-3), ("mask", 0.01), ("mouth", 1e-3)):
        assert np.abs(getattr(a, name) - getattr(b, name)[:, ::-1]).mean() < tolerance, name
    flipped = np.where(b.nmfc[:, ::-1, :1] > 0, 1 - b.nmfc[:, ::-1, :1], 0)
    assert np.abs(a.nmfc[..., :1] - flipped).mean() < 0.01


def test_stack_and_values_are_in_range():
    shown = _shown(jawOpen=1.0, noseSneerLeft=1.0, noseSneerRight=1.0, browInnerUp=1.0)
    stacked = shown.stack()
    assert stacked.shape == (9, SIZE, SIZE) and stacked.dtype == np.float32
    assert np.array_equal(stacked[3:6].transpose(1, 2, 0), shown.shape)
    for part in (stacked, shown.mask, shown.mouth):
        assert part.min() >= 0 and part.max() <= 1


def test_filled_area_is_exact_along_rows():
    box = np.array([[2.25, 1.5], [6.75, 1.5], [6.75, 4.5], [2.25, 4.5]], np.float32)
    out = fill(box, 9)
    assert out.sum() == pytest.approx(4.5 * 3.0, abs=1e-4)
    assert np.allclose(out[3], [0, 0, 0.25, 1, 1, 1, 1, 0.25, 0], atol=1e-5)
    assert not fill(np.array([[1, 1], [7, 5], [1, 1]], np.float32), 9).any()
    assert fill(box + 100, 9).sum() == 0 and fill(box - 3, 9).sum() > 0


def test_it_is_quick():
    face, coefficients = _face(jawOpen=0.3), _coefficients(jawOpen=0.3)
    CONDITIONER(face, coefficients).stack()
    began = time.process_time()
    for _ in range(20):
        CONDITIONER(face, coefficients).stack()
    assert (time.process_time() - began) / 20 < 0.02  # 2 ms without the shape checks of the tests
