"""Colour spaces and the curve, against published matrices and closed forms."""

import numpy as np
import pytest

from ned.config.source import COLOUR_SPACES
from ned.sequences.view import SPACES, View, known_space, light_of, rec709_from, srgb_of

AP1_TO_REC709 = [[1.70505, -0.62179, -0.08326], [-0.13026, 1.14080, -0.01055], [-0.02400, -0.12897, 1.15297]]
"""The Academy's, D60 to D65 after Bradford."""
REC2020_TO_REC709 = [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
"""ITU-R BT.2087."""


def test_matrices_are_the_published_ones():
    np.testing.assert_allclose(rec709_from(SPACES["acescg"]), AP1_TO_REC709, atol=2e-5)
    np.testing.assert_allclose(rec709_from(SPACES["linear-rec2020"]), REC2020_TO_REC709, atol=1e-4)
    np.testing.assert_allclose(rec709_from(SPACES["linear-rec709"]), np.eye(3), atol=1e-12)
    for space in SPACES.values():  # white stays white
        np.testing.assert_allclose(rec709_from(space) @ np.ones(3), 1, atol=1e-6)


def test_the_options_know_the_same_spaces():
    assert tuple(SPACES) == COLOUR_SPACES
    assert known_space("ACEScg") == "acescg" and known_space("lin_rec709") == "linear-rec709"
    assert known_space("nonsense") is None


def test_the_curve_is_srgb_and_can_be_taken_back():
    x = np.linspace(0, 1, 1001)
    np.testing.assert_allclose(light_of(srgb_of(x)), x, atol=1e-6)
    assert srgb_of(np.array(0.18)) == pytest.approx(0.46136, abs=1e-4)  # middle grey
    codes = View(tall=False).codes(np.full((1, 3), 0.18, np.float32))
    assert abs(int(codes[0, 0]) / 65535 - 0.46136) < 5e-4


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize("space", SPACES)
def test_a_difference_in_the_view_is_that_of_the_light(space, encoded):
    view, rng = View(SPACES[space], encoded), np.random.default_rng(1)
    before = rng.uniform(0.05, 0.8, (500, 3)).astype(np.float32)
    after = before * rng.uniform(0.8, 1.2, (500, 1)).astype(np.float32)
    found = view.difference(view.codes(before), view.codes(after))
    inside = (np.asarray(before) @ view.matrix.T > 0).all(-1) & (after @ view.matrix.T > 0).all(-1)
    assert inside.sum() > 100
    np.testing.assert_allclose(found[inside], (after - before)[inside], atol=4e-3)  # half precision of the view
    same = view.codes(before)
    assert not view.difference(same, same).any()


def test_bright_light_has_its_place_and_nonsense_does_none():
    light = np.array([0.0, 0.5, 1.0, 1.01, 4, 10, 16, 1000, np.inf, -1, np.nan], np.float32)
    codes = View().codes(np.repeat(light[:, None], 3, 1)).astype(int)[:, 0]
    assert (np.diff(codes[:7]) > 0).all() and codes[2] == round(65535 * 0.8) and (codes[6:9] == 65535).all()
    assert (codes[9:] == 0).all()
    assert (View(tall=False).codes(np.full((1, 3), 4, np.float32)) == 65535).all()


def test_the_curve_has_no_corner():
    """A step of the view just above white is about as much light as one just below."""
    view, white = View(), round(0.8 * 65535)
    steps = [np.full((1, 3), white + k, np.uint16) for k in (-800, 0, 800)]
    below, above = (view.difference(a, b)[0, 0] for a, b in zip(steps, steps[1:], strict=False))
    assert 0.9 < above / below < 1.2
