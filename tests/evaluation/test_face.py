"""Measures of faces, on faces drawn by hand."""

import numpy as np
import pytest

from ned.evaluation.face import MEASURES, OUTLINE, face_height, hull_mask, lid_gap, lip_gap, measure_faces


def drawn_face(angle: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """Points of a face whose eyes are 100 px apart, turned and scaled."""
    p = np.zeros((478, 2))
    p[[33, 133]], p[[362, 263]] = [[-60, 0], [-40, 0]], [[40, 0], [60, 0]]
    for k in (55, 107):
        p[k] = [-20, -30]
    for k in (285, 336):
        p[k] = [20, -30]
    for k in (70, 46):
        p[k] = [-80, -25]
    for k in (300, 276):
        p[k] = [80, -25]
    p[61], p[291], p[13], p[14] = [-35, 90], [35, 90], [0, 80], [0, 88]
    p[159], p[145], p[386], p[374] = [-50, -4], [-50, 6], [50, -4], [50, 6]
    p[10], p[152] = [0, -90], [0, 150]
    c, s = np.cos(angle), np.sin(angle)
    return scale * p @ np.array([[c, s], [-s, c]])


def test_measures_are_those_that_were_drawn():
    values = dict(zip(MEASURES, measure_faces(drawn_face()[None])[0], strict=True))
    wanted = {"brow_inner": 0.3, "brow_outer": 0.25, "brow_slope": -0.05, "brow_gap": 0.4, "mouth_width": 0.7,
              "corner_drop": 0.06, "lid_opening": 0.1, "lip_opening": 0.08}  # fmt: skip
    assert values == pytest.approx(wanted)


def test_measures_do_not_see_turn_or_size():
    upright, turned = measure_faces(drawn_face()[None]), measure_faces(drawn_face(0.4, 2.7)[None] + 31)
    assert turned == pytest.approx(upright)
    assert np.isnan(measure_faces(np.full((1, 478, 2), np.nan))).all()


def test_gaps_are_pixels():
    face = drawn_face(scale=2.0)
    assert (lip_gap(face), lid_gap(face), face_height(face)) == pytest.approx((16, 40, 480))


def test_the_hull_grows_about_its_middle():
    points = np.full((468, 2), 50.0)
    angles = np.linspace(0, 2 * np.pi, len(OUTLINE), endpoint=False)
    points[list(OUTLINE)] = 50 + 20 * np.stack([np.cos(angles), np.sin(angles)], 1)
    small, large = (hull_mask((100, 100), points, grow) for grow in (1.0, 1.5))
    assert small.sum() == pytest.approx(np.pi * 400, rel=0.08) and large.sum() == pytest.approx(np.pi * 900, rel=0.08)
    assert large[small].all() and small[50, 50] and not large[2, 2]
