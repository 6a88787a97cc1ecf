"""What hides a face in its own colour: nothing where nothing does, the patch where there is one."""

import cv2
import numpy as np
import pytest

from ned.analysis.features import HiddenFeatures
from ned.analysis.landmarks import Landmarker, Roi, roi_of_landmarks
from ned.analysis.skin import SkinOcclusion, skin_sample, skin_statistics
from tests.analysis.pasted_faces import backdrop, place

FRAMES = 24


@pytest.fixture(scope="module")
def looks():
    """A face that moves and is lit differently from frame to frame: images and landmarks."""
    rng, found = np.random.default_rng(0), []
    with Landmarker() as landmarker:
        for k in range(FRAMES):
            image = place(backdrop(360, 480), 230 + k, 180, 150 + k // 2)
            slope = 1 + 0.12 * np.sin(k) + 0.1 * np.cos(k) * np.linspace(-1, 1, 480)[None, :, None]
            image = np.clip(image * slope + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8)
            points, _ = landmarker(image, Roi(230.0 + k, 180.0, 240.0))
            points, presence = landmarker(image, roi_of_landmarks(points))
            assert presence > 0.9
            found.append((image, points))
    return found


@pytest.fixture(scope="module")
def usual(looks):
    return skin_statistics([skin_sample(*look) for look in looks])


def patched(image, points):
    """A patch in the colour of the cheeks over mouth and chin, and where it is on the map."""
    at = points[[13, 152], :2].mean(0)
    size = (int(0.3 * np.ptp(points[:, 0])), int(0.26 * np.ptp(points[:, 1])))
    mask = cv2.ellipse(np.zeros(image.shape[:2], np.uint8), at.astype(int).tolist(), size, 0, 0, 360, 255, -1)
    x, y = points[[50, 280, 205, 425], :2].astype(int).T
    soft = cv2.GaussianBlur(mask, (0, 0), 1.0)[..., None] / 255.0
    out = (image * (1 - soft) + np.median(image[y, x], axis=0) * soft).astype(np.uint8)
    return out, skin_sample(np.repeat(mask[..., None], 3, axis=2), points)[..., 0]


def test_a_free_face_in_another_light_is_not_hidden(looks, usual):
    hidden = HiddenFeatures(usual)
    for image, points in looks:
        dim = (image * np.linspace(0.5, 0.9, 480)[None, :, None]).astype(np.uint8)
        assert hidden(skin_sample(dim, points)) is None


def test_a_patch_of_the_skins_colour_is_found_after_a_moment_and_let_go_at_once(looks, usual):
    hidden, shares = HiddenFeatures(usual), []
    for image, points in looks[:20]:
        sample_of, where = patched(image, points)
        sample = skin_sample(sample_of, points)
        inside, far = (where > 200) & usual.known, (cv2.dilate(where, np.ones((15, 15))) == 0) & usual.known
        mask = hidden(sample)
        shares.append((0.0, 0.0) if mask is None else (mask[inside].mean(), mask[far].mean()))
        colour = SkinOcclusion(usual)(sample)
        assert colour is None or colour[inside].mean() < 0.5  # colour alone does not tell
    inside, far = np.array(shares).T
    assert not inside[:8].any() and inside[10:].min() > 0.7 and far.max() < 0.1
    assert hidden(skin_sample(*looks[20])) is None


def test_what_is_short_is_not_hidden(looks, usual):
    hidden = HiddenFeatures(usual)
    for k, (image, points) in enumerate(looks):
        shown = patched(image, points)[0] if k % 8 < 5 else image
        assert hidden(skin_sample(shown, points)) is None
