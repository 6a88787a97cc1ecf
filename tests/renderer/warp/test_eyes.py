"""Opened eyes, against a drawn iris whose top the lid had covered."""

import cv2
import numpy as np

from ned.face_model import load_face_model
from ned.renderer import build_renderer
from ned.renderer.warp import eyes, layers
from ned.types import FaceEdit

MODEL = load_face_model()
SCALE, SIZE = 60.0, (1300, 1300)


def _eye(wide):
    """A face whose eyes an edit opens further, or shuts, and an image of it with irises half under the lids."""
    change = np.zeros(MODEL.space.width, np.float32)
    for name in ("eyeWideLeft", "eyeWideRight"):
        change[MODEL.space.index(name)] = wide
    source = (MODEL.mean * SCALE + (650, 550, 0)).astype(np.float32)
    target = (source + SCALE * MODEL.displacements(change[None])[0]).astype(np.float32)
    image = np.full((*SIZE, 3), (0.8, 0.6, 0.5), np.float32)
    circles = []
    for eye, iris in eyes.IRISES:
        outline = np.concatenate([source[list(eye.upper), :2], source[list(eye.lower)[::-1], :2]])
        top = source[eye.upper[len(eye.upper) // 2], :2]
        radius = 0.42 * layers.opening(eye, source)
        centre = top + (0.0, 0.75 * radius)  # a quarter of the radius under the lid
        source[iris, :2] = target[iris, :2] = centre
        open_eye, dark = np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.uint8)
        cv2.fillPoly(open_eye, [np.round(outline).astype(np.int32)], 1)
        cv2.circle(dark, tuple(np.round(centre).astype(int).tolist()), round(float(radius)), 1, -1)
        image[open_eye > 0] = 0.95
        image[(open_eye > 0) & (dark > 0)] = 0.15
        circles.append((centre, float(radius)))
    return FaceEdit(source, target, change, change), image, circles


def _shape(image, centre, radius):
    """Width of what is dark around a point, and how far up and down it reaches from there without a gap."""
    x, y = np.round(centre).astype(int)
    reach = round(1.6 * radius)
    dark = image.mean(-1) < 0.5
    column = dark[y - reach : y + reach, x]
    up, down = (int(np.argmin(part)) for part in (column[reach::-1], column[reach:]))
    return int(dark[y, x - reach : x + reach].sum()), up, down


def test_an_iris_is_no_egg_when_the_lid_is_raised():
    """It keeps its width, and comes out from under the lid round."""
    edit, image, circles = _eye(0.9)
    shown = image + build_renderer(MODEL).render(image, edit)
    for centre, radius in circles:
        (width, covered, _), (wide, up, down) = _shape(image, centre, radius), _shape(shown, centre, radius)
        assert covered < 0.85 * radius  # its top was under the lid
        assert abs(wide - width) <= 2 and abs(up - down) < 0.1 * radius and 0.9 < up / radius < 1.1


def test_nothing_is_mirrored_under_a_lid_that_stays_or_comes_down():
    source = _eye(0.0)[0].source[:, :2].astype(np.float64)
    eye, iris = eyes.IRISES[0]
    upper, lower = source[list(eye.upper)], source[list(eye.lower)]
    centre, normal = eyes.centre_and_normal(eye, iris, source)
    for move in (0.0, 0.3):
        wanted = layers.follow_grid(upper + move * (lower - upper), lower)
        assert not eyes.uncovered(upper, lower, wanted, centre, normal).any()
    raised = eyes.uncovered(upper, lower, layers.follow_grid(upper - 0.25 * (lower - upper), lower), centre, normal)
    middle = len(upper) // 2
    assert raised[2, middle] > 0.9 and not raised[layers.ROWS > 0.5].any() and not raised[:, [0, -1]].any()


def test_an_image_is_mirrored_at_the_line_through_a_point():
    """Against the definition: the pixel at p shows what is at p − 2 ((p − c) · n) n."""
    rows, columns = np.indices((40, 50)).astype(np.float32)
    image = np.stack([rows, columns, rows + columns], -1) / 100  # linear, so that interpolation is exact
    centre, normal = np.array([24.3, 19.6]), np.array([0.28, 0.96])
    shown = eyes.mirrored_eye(image, centre, normal, (15, 12, 33, 28))
    for x, y in ((15, 12), (20, 27), (32, 20)):
        p = np.array([x, y], float)
        q = p - 2 * ((p - centre) @ normal) * normal
        assert np.abs(shown[y - 12, x - 15] - np.array([q[1], q[0], q.sum()]) / 100).max() < 1e-3
