"""Drawn glasses are found where they were drawn and hold still; a bare face has none."""

import cv2
import numpy as np
import pytest

from ned.face_model import load_face_model
from ned.renderer.warp.glasses import GIVE, _pieces, closed_path, find_rims

MEAN = load_face_model().mean
SIZE, SCALE, ORIGIN = (420, 400), 18.0, (200, 160)


def _face():
    return (MEAN * SCALE + (*ORIGIN, 0)).astype(np.float32)


def _portrait(rims, noise=0.01):
    """Skin with lids and brows, and lenses of 2.6 x 2.0 cm with rims of the given brightness, or none."""
    image = np.full(SIZE, 0.6, np.float32)
    for row in ((70, 63, 105, 66, 107), (300, 293, 334, 296, 336), (33, 159, 133), (362, 386, 263)):
        cv2.polylines(image, [_face()[list(row), :2].astype(int)], False, 0.25, 5, cv2.LINE_AA)
    if rims is not None:
        for centre in _centres():
            at = [int(v) for v in centre * SCALE + ORIGIN]
            cv2.ellipse(image, at, (round(2.6 * SCALE), round(2.0 * SCALE)), 0, 0, 360, rims, 2, cv2.LINE_AA)
    return image + np.random.default_rng(0).normal(0, noise, SIZE).astype(np.float32)


def _centres():
    return [MEAN[list(eye), :2].mean(0) for eye in ((33, 133, 159, 145), (362, 263, 386, 374))]


@pytest.mark.parametrize("brightness", [0.2, 0.9])
def test_rims_are_traced_where_they_are(brightness):
    found = find_rims([_portrait(brightness)] * 2, [_face()] * 2, MEAN)
    assert found.seen.mean() > 0.8
    for points, seen, centre in zip(found.points, found.seen, _centres(), strict=True):
        off = np.hypot(*((points[seen] - centre) / (2.6, 2.0)).T) - 1.0
        assert np.abs(off).max() < 0.12


def test_a_bare_face_has_no_rims():
    assert find_rims([_portrait(None)], [_face()], MEAN) is None


def test_pixels_move_the_less_the_nearer_a_rim():
    rims = find_rims([_portrait(0.2)], [_face()], MEAN)
    still = np.stack(np.meshgrid(np.arange(SIZE[1]), np.arange(SIZE[0])), -1).astype(np.float32)
    field = still + np.float32([0, 6])
    rims.hold(field, _face())
    moved = np.linalg.norm(field - still, axis=-1)
    centre = _centres()[0] * SCALE + ORIGIN
    on_rim, in_lens, below = (centre + (0, y * SCALE) for y in (2.0, 0.0, 4.0))
    at = lambda p: moved[round(p[1]), round(p[0])]  # noqa: E731
    assert at(on_rim) == pytest.approx(6 * GIVE, abs=0.1) and at(in_lens) == at(below) == pytest.approx(6)
    assert (np.diff(field[..., 1], axis=0) > 0).all()  # nothing is shown twice


def test_the_best_closed_path_is_found():
    rng = np.random.default_rng(1)
    score = rng.uniform(0, 0.3, (12, 16))
    truth = np.array([5, 5, 6, 7, 7, 7, 6, 5, 4, 3, 3, 3, 4, 4, 5, 5])
    score[truth, np.arange(16)] += 1.0
    assert (closed_path(score, 0.05) == truth).all()


def test_pieces_of_a_rim_go_on_beyond_the_last_angle():
    seen = np.array([1, 1, 0, 1, 0, 1, 1, 1], bool)
    assert [piece.tolist() for piece in _pieces(seen)] == [[5, 6, 7, 8, 9]]
    assert [piece.tolist() for piece in _pieces(np.roll(seen, 3))] == [[0, 1, 2, 3, 4]]
    assert [piece.tolist() for piece in _pieces(np.ones(4, bool))] == [[0, 1, 2, 3, 4]]
    assert _pieces(np.zeros(4, bool)) == []
