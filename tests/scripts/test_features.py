"""scripts/evaluate/features.py: brows that are drawn, changed by known factors and measured."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest

spec = importlib.util.spec_from_file_location(
    "features", Path(__file__).parents[2] / "scripts" / "evaluate" / "features.py"
)
features = importlib.util.module_from_spec(spec)
spec.loader.exec_module(features)


def drawn(length=60.0, thickness=12.0, at=(100.0, 80.0), tilt=0.2):
    """A dark bar on skin, its two ends as (x, y), inner first."""
    image = np.full((160, 200), 190, np.uint8)
    along = length / 2 * np.array([np.cos(tilt), np.sin(tilt)])
    ends = np.array(at) - along, np.array(at) + along
    across = thickness / 2 * np.array([-np.sin(tilt), np.cos(tilt)])
    corners = np.array([ends[0] - across, ends[1] - across, ends[1] + across, ends[0] + across])
    image = cv2.fillPoly(cv2.resize(image, None, fx=4, fy=4), [np.round(corners * 4).astype(np.int32)], 60)
    return cv2.GaussianBlur(cv2.resize(image, (200, 160), interpolation=cv2.INTER_AREA), (0, 0), 1.0), *ends


@pytest.mark.parametrize(("longer", "thicker"), [(1.0, 1.0), (1.0, 1.25), (0.8, 1.0)])
def test_a_brow_that_moved_turned_and_grew_is_measured(longer, thicker):
    image, *ends = drawn()
    other, *moved = drawn(60.0 * longer, 12.0 * thicker, at=(104.0, 72.0), tilt=-0.1)
    one, two = features.brow_frame(image, *ends, 60.0), features.brow_frame(other, *moved, 60.0)
    level = features.threshold(one)
    before, after = features.hair(one, level), features.hair(two, level)
    assert after.length / before.length == pytest.approx(longer, abs=0.04)
    assert after.thickness / before.thickness == pytest.approx(thicker, abs=0.05)
    assert before.area == pytest.approx(60 * 12 * (features.WIDTH * 2 / 3 / 60) ** 2, rel=0.1)


def test_a_mirrored_brow_has_the_same_frame():
    image, inner, outer = drawn()
    flipped = np.ascontiguousarray(image[:, ::-1])
    mirrored = [np.array([199 - x, y]) for x, y in (inner, outer)]
    one, two = features.brow_frame(image, inner, outer, 60.0), features.brow_frame(flipped, *mirrored, 60.0)
    a, b = (features.hair(shown, features.threshold(shown)) for shown in (one, two))
    assert a.area == pytest.approx(b.area, rel=0.02) and a.length == pytest.approx(b.length, rel=0.02)


def test_plain_skin_shows_no_brow():
    assert features.threshold(np.full((features.HEIGHT, features.WIDTH), 180, np.uint8)) is None
    assert features.hair(np.full((features.HEIGHT, features.WIDTH), 180, np.uint8), 100.0) is None
