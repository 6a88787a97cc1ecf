"""Mouth interior and eyeballs: rigid inside, joined to the skin at the edge."""

import numpy as np

from ned.renderer.warp import layers


def _contours(hole, gap, width=80.0, top=100.0):
    """A mesh in which only the hole's contours have a place: a lens `gap` pixels high."""
    mesh = np.zeros((478, 2), np.float32)
    n = len(hole.upper)
    x = np.linspace(0, width, n)
    bow = np.sin(np.pi * np.arange(n) / (n - 1)) * gap
    mesh[list(hole.upper)] = np.stack([x, np.full(n, top)], 1)
    mesh[list(hole.lower)] = np.stack([x, top + bow], 1)
    return mesh


STILL = np.zeros(2, np.float32)


def test_without_an_edit_everything_stays():
    for hole in (layers.MOUTH, layers.LEFT_EYE, layers.RIGHT_EYE):
        mesh = _contours(hole, 24)
        expected = layers.follow_grid(mesh[list(hole.upper)], mesh[list(hole.lower)])
        assert np.abs(layers.source_grid(hole, mesh, mesh, STILL, STILL) - expected).max() < 1.0


def test_a_lid_slides_over_the_eyeball():
    before, after = _contours(layers.LEFT_EYE, 30), _contours(layers.LEFT_EYE, 30)
    after[list(layers.LEFT_EYE.upper)[1:-1]] += (0, 6)  # the upper lid comes down by 6 of 30 px
    taken = layers.source_grid(layers.LEFT_EYE, before, after, STILL, STILL)
    drawn = layers.follow_grid(after[list(layers.LEFT_EYE.upper)], after[list(layers.LEFT_EYE.lower)])
    middle = len(layers.LEFT_EYE.upper) // 2
    inner = (layers.ROWS > 0.3) & (layers.ROWS < 0.7)
    assert np.abs(taken[inner, middle] - drawn[inner, middle]).max() < 0.3  # the eyeball has not moved
    assert np.allclose(taken[0, middle], before[layers.LEFT_EYE.upper[middle]])  # the lashes have


def test_lower_teeth_move_with_the_jaw_and_upper_ones_not():
    before, after = _contours(layers.MOUTH, 30), _contours(layers.MOUTH, 40)
    taken = layers.source_grid(layers.MOUTH, before, after, STILL, np.array([0, 10], np.float32))
    column = taken[:, 5, 1] - 100
    assert (np.diff(column) >= 0).all() and column[0] == 0 and abs(column[-1] - 30) < 1e-3
    assert column.min() >= 0 and column.max() <= 30.001


def test_a_shut_source_gives_something_finite():
    taken = layers.source_grid(layers.MOUTH, _contours(layers.MOUTH, 0), _contours(layers.MOUTH, 30), STILL, STILL)
    assert np.isfinite(taken).all() and (taken[..., 1] <= 100.5).all()


def test_what_is_unseen_never_reaches_the_lips():
    amount = layers.unseen(layers.MOUTH, 0.8)
    assert np.allclose(amount.max(), 0.8)
    assert not amount[[0, -1]].any() and not amount[:, [0, -1]].any()


def _mouth(before, after):
    upper, lower = list(layers.MOUTH.upper), list(layers.MOUTH.lower)
    return layers.mouth_grid(before[upper], before[lower], after[upper], after[lower])


def test_a_mouth_without_an_edit_shows_itself():
    mouth = _contours(layers.MOUTH, 24)
    upper, lower = (mouth[list(contour)] for contour in (layers.MOUTH.upper, layers.MOUTH.lower))
    expected = layers.follow_grid(upper, lower, layers.MOUTH_ROWS)
    assert np.abs(_mouth(mouth, mouth) - expected).max() < 1e-3


def test_teeth_keep_their_width_in_the_middle_of_a_smile():
    """What is 10 px wide in the middle comes from 10 px; towards the corners the source is squeezed, never turned."""
    before, after = _contours(layers.MOUTH, 24), _contours(layers.MOUTH, 24, width=96.0)
    after[:, 0] -= 8.0  # to both sides
    upper, lower = (after[list(contour)] for contour in (layers.MOUTH.upper, layers.MOUTH.lower))
    drawn = layers.follow_grid(upper, lower, layers.MOUTH_ROWS)
    taken, drawn = (grid[len(layers.MOUTH_ROWS) // 2, :, 0] for grid in (_mouth(before, after), drawn))
    middle = len(taken) // 2
    scale = (taken[middle + 1] - taken[middle - 1]) / (drawn[middle + 1] - drawn[middle - 1])
    assert 0.98 < scale < 1.02
    assert (np.diff(taken) > 0).all() and taken[0] == 0 and abs(taken[-1] - 80.0) < 1e-3


def test_a_shut_mouth_gives_something_finite_within_its_lips():
    taken = _mouth(_contours(layers.MOUTH, 0), _contours(layers.MOUTH, 30))
    assert np.isfinite(taken).all() and np.abs(taken[..., 1] - 100).max() < 1e-3


def test_jaws_that_part_keep_the_height_of_the_teeth_and_show_the_dark_between_them():
    position, gap = layers.parted(1.6)
    rows = layers.MOUTH_ROWS
    upper = rows < 0.5
    assert np.allclose(np.diff(position[upper]) / np.diff(rows[upper]), 1.6 / layers.MOST_STRETCH, atol=1e-4)
    assert position[0] == 0 and abs(position[-1] - 1) < 1e-6 and (np.diff(position) >= -1e-6).all()
    assert gap.max() == 1 and not gap[[0, -1]].any() and 0.25 < gap.mean() < 0.45  # (1.6 − 1.03) / 1.6 = .36 is new
    same, nothing = layers.parted(1.02)
    assert np.array_equal(same, rows) and not nothing.any()
    assert layers.growth_of(0.0, 5.0) == 1.0 and layers.growth_of(4.0, 6.0) == 1.5 and layers.growth_of(6.0, 4.0) == 1.0


def test_jaws_part_where_a_mouth_is_dark_and_no_tooth_is_cut():
    """Upper teeth down to 40 % of the opening, lower ones from 65 %: the dark is between; a row of teeth that fills the
    mouth gives no answer, so the usual one is taken."""
    mouth = _contours(layers.MOUTH, 40)
    upper, lower = (mouth[list(contour)] for contour in (layers.MOUTH.upper, layers.MOUTH.lower))
    rows, columns = np.indices((160, 81)).astype(np.float32)
    share = (rows - 100) / np.maximum(np.sin(np.pi * columns / 80) * 40, 1e-3)
    grey = np.where((share < 0.4) | (share > 0.65), np.float32(0.8), np.float32(0.1))
    split = layers.where_jaws_part(grey, upper, lower)
    assert 0.42 < split < 0.63
    position, gap = layers.parted(1.6, split)
    teeth = (position < 0.4) | (position > 0.65)
    assert gap[~teeth].max() == 1 and gap[teeth].max() < 0.5  # what is new lies in the dark
    assert abs(layers.where_jaws_part(np.full((160, 81), 0.8, np.float32), upper, lower) - layers.UPPER_SHARE) < 0.02
