"""What covers a face: nothing where nothing does, the bar where there is one."""

import cv2
import numpy as np
import pytest

from ned.analysis.landmarks import Landmarker, Roi, roi_of_landmarks
from ned.analysis.skin import (
    LEAST_SAMPLES,
    MOST_SAMPLES,
    SkinOcclusion,
    SkinSamples,
    SkinStore,
    skin_sample,
    skin_statistics,
    spread_over_frame,
    spread_samples,
)
from tests.analysis.pasted_faces import backdrop, place


@pytest.fixture(scope="module")
def looks():
    """A face that moves and is lit differently from frame to frame: images and landmarks."""
    rng, found = np.random.default_rng(0), []
    with Landmarker() as landmarker:
        for k in range(16):
            image = place(backdrop(360, 480), 230 + 2 * k, 180, 130 + k)
            slope = 1 + 0.15 * np.sin(k) + 0.1 * np.cos(k) * np.linspace(-1, 1, 480)[None, :, None]
            image = np.clip(image * slope + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8)
            points, _ = landmarker(image, Roi(230.0 + 2 * k, 180.0, 210.0))
            points, presence = landmarker(image, roi_of_landmarks(points))
            assert presence > 0.9
            found.append((image, points))
    return found


@pytest.fixture(scope="module")
def usual(looks):
    return skin_statistics([skin_sample(*look) for look in looks[:-2]])


def test_a_free_face_in_another_light_is_not_covered(looks, usual):
    assert usual.known.mean() > 0.4
    for image, points in looks:
        assert SkinOcclusion(usual)(skin_sample(image, points)) is None
        dim = (image * np.linspace(0.5, 0.9, 480)[None, :, None]).astype(np.uint8)
        assert SkinOcclusion(usual)(skin_sample(dim, points)) is None


@pytest.mark.parametrize("colour", [(30, 30, 35), (40, 90, 160), (200, 60, 60)])
def test_a_bar_is_found_where_it_is(looks, usual, colour):
    image, points = looks[-1]
    x, y = points[:468, :2].mean(0).astype(int)
    barred = image.copy()
    bar = np.zeros(image.shape[:2], np.uint8)
    cv2.rectangle(bar, (x - 60, y + 10), (x + 60, y + 34), 255, -1)
    barred[bar > 0] = colour
    mask = SkinOcclusion(usual)(skin_sample(barred, points))
    assert mask is not None
    drawn = spread_over_frame(mask, points, image.shape[:2])
    hull = cv2.fillConvexPoly(
        np.zeros_like(bar), cv2.convexHull(points[:468, :2].round().astype(np.int32)), 255
    )
    hull = cv2.erode(hull, np.ones((9, 9)))
    assert drawn[(bar > 0) & (hull > 0)].mean() > 0.9
    far = cv2.dilate(bar, np.ones((41, 41))) == 0
    assert drawn[far & (hull > 0)].mean() < 0.02


def test_too_few_looks_tell_nothing(looks):
    assert skin_statistics([skin_sample(*look) for look in looks[: LEAST_SAMPLES - 1]]) is None


def test_samples_are_bounded_and_spread(looks):
    samples = SkinSamples()
    for index in range(2000):
        samples.offer(index, *looks[0])
    kept = [index for index, _ in samples.kept]
    assert 20 <= len(kept) <= 48 and kept[0] == 0 and kept[-1] > 1800
    assert np.diff(kept).max() <= 2 * np.median(np.diff(kept))
    samples.forget_from(1000)
    assert samples.kept[-1][0] < 1000


def test_looks_that_were_put_away_are_the_same_and_take_no_memory(looks, tmp_path):
    store, one, other = SkinStore(tmp_path / "skins"), SkinSamples(every=1), SkinSamples(every=1)
    for index, look in enumerate(looks[:8]):
        one.offer(index, *look)
        other.offer(index + 8, *looks[index + 8])
    before = spread_samples([one, other], store)
    assert len(before) == 16 <= MOST_SAMPLES
    one.put_away(store)
    assert not one.kept and len(store) == 8
    again = spread_samples([one, other], store)
    assert all((a == b).all() for a, b in zip(before, again, strict=True)) and not isinstance(again[0], np.memmap)
    one.forget_from(5)
    assert len(spread_samples([one], store)) == 5
    assert store.cut(8) and not store.cut(9) and len(store) == 0


def test_a_face_at_the_edge_of_the_image_is_no_error(looks, usual):
    image, points = looks[0]
    for shift in (-200.0, -400.0, 600.0):
        moved = points + np.array([shift, 0, 0], np.float32)
        SkinOcclusion(usual)(skin_sample(image, moved))
        assert spread_over_frame(np.ones((64, 64), np.float32), moved, image.shape[:2]).shape == image.shape[:2]
