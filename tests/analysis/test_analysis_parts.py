"""The parts of the first pass, each against a truth of its own."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from ned.analysis.appearance import appearance_of, difference
from ned.analysis.detection import overlap, windows
from ned.analysis.landmarks import Landmarker, Roi, box_of_landmarks, cut, roi_of_landmarks, yaw_of_landmarks
from ned.analysis.store import LandmarkStore
from tests.analysis.pasted_faces import backdrop, place


@pytest.fixture(scope="module")
def landmarker():
    with Landmarker() as net:
        yield net


def face_at(landmarker, rgb, x, y, face_px):
    points, _ = landmarker(rgb, Roi(float(x), float(y), 1.6 * face_px))
    points, presence = landmarker(rgb, roi_of_landmarks(points))
    assert presence > 0.9
    return points


def test_landmarks_move_scale_and_turn_with_the_image(landmarker):
    wall = backdrop(600, 600)
    base = place(wall, 300, 300, 150)
    points = face_at(landmarker, base, 300, 300, 150)
    for angle, scale, shift in [(0, 1.0, (7.5, -3.25)), (25, 1.0, (0, 0)), (-40, 0.7, (4, 9)), (0, 1.6, (-5, 0))]:
        matrix = cv2.getRotationMatrix2D((300, 300), angle, scale)
        matrix[:, 2] += shift
        moved = cv2.warpAffine(base, matrix, (600, 600), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        expected = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        got, presence = landmarker(moved, Roi(*expected.mean(axis=0).tolist(), 240 * scale, -math.radians(angle)))
        assert presence > 0.9
        assert np.linalg.norm(got[:, :2] - expected, axis=1).mean() < 0.02 * 150 * scale


def test_landmarks_have_no_bias_to_one_side(landmarker):
    image = place(backdrop(400, 401), 200, 200, 150)
    roi = Roi(200.0, 205.0, 240.0)
    mirrored = np.ascontiguousarray(image[:, ::-1])
    here, there = landmarker(image, roi)[0], landmarker(mirrored, roi)[0]
    assert abs(here[:, 0].mean() + there[:, 0].mean() - 400) < 0.6


def test_presence_is_low_without_a_face(landmarker):
    assert landmarker(backdrop(300, 300), Roi(150.0, 150.0, 200.0))[1] < 0.5


def test_yaw_of_a_frontal_face_is_small(landmarker):
    image = place(backdrop(400, 400), 200, 200, 150)
    assert abs(yaw_of_landmarks(face_at(landmarker, image, 200, 200, 150))) < math.radians(15)


@pytest.mark.parametrize("side", [100.0, 192.0, 400.0, 900.0])
def test_a_cut_shows_what_its_transform_says(side):
    y, x = np.mgrid[0:700, 0:900].astype(np.float32)
    ramp = np.stack([x / 4, y / 4, np.full_like(x, 9)], axis=-1).astype(np.uint8)
    roi = Roi(440.0, 350.0, side, 0.3)
    crop, matrix = cut(ramp, roi), roi.frame_from_crop()
    for u, v in [(96, 96), (60, 130), (120, 70)]:
        fx, fy = matrix @ np.array([u, v, 1.0])
        assert abs(crop[v, u, 0] - fx / 4) < 1.5 and abs(crop[v, u, 1] - fy / 4) < 1.5


def test_a_square_ignores_noise_and_follows_motion():
    roi = Roi(100.0, 100.0, 200.0)
    assert roi.towards(Roi(100.4, 99.7, 200.5, 0.005), slack=0.003) == roi
    followed = roi.towards(Roi(120.0, 100.0, 200.0), slack=0.003)
    assert abs(followed.x - 120.0) <= 0.6 + 1e-9 and followed.y == 100.0


@pytest.mark.parametrize(
    ("height", "width"), [(360, 640), (720, 1280), (1080, 1920), (1920, 1080), (516, 4628), (90, 90)]
)
def test_windows_cover_the_frame_and_hold_a_small_face_whole(height, width):
    every = windows(height, width)
    assert every[0] == (0, 0, width, height)
    assert all(0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height for x0, y0, x1, y1 in every)
    if len(every) > 1:
        for x in range(0, width - 60, 31):
            for y in range(0, height - 60, 37):
                assert any(x0 <= x and x + 60 <= x1 and y0 <= y and y + 60 <= y1 for x0, y0, x1, y1 in every[1:])


def test_overlap_of_boxes():
    a = np.array([0, 0, 10, 10], np.float32)
    assert overlap(a, a) == 1.0
    assert overlap(a, np.array([2, 2, 4, 4], np.float32)) == 1.0
    assert overlap(a, np.array([5, 0, 15, 10], np.float32)) == pytest.approx(0.5)
    assert overlap(a, np.array([20, 0, 30, 10], np.float32)) == 0.0


def test_store_gives_back_what_was_kept_in_any_order():
    store = LandmarkStore()
    rows = np.random.default_rng(0).normal(size=(9, 478, 3)).astype(np.float32)
    assert [store.append(row) for row in rows] == list(range(9))
    groups = [np.array([0, 2, 4]), np.array([1, 3]), np.array([5, 6, 7, 8])]
    for group, got in zip(groups, store.split(groups), strict=True):
        np.testing.assert_array_equal(got, rows[group])
    assert LandmarkStore().rows().shape == (0, 478, 3)


def test_one_person_looks_alike_and_another_does_not(landmarker):
    appearances = []
    for x, px, mirrored in [(200, 150, False), (230, 110, False), (200, 150, True)]:
        image = place(backdrop(500, 450), x, 200, px, mirrored=mirrored)
        points = face_at(landmarker, image, x, 200, px)
        assert box_of_landmarks(points)[0] < x < box_of_landmarks(points)[2]
        appearances.append(appearance_of(image, points))
    assert difference(appearances[0], appearances[1]) < 0.2 < 0.4 < difference(appearances[0], appearances[2])
