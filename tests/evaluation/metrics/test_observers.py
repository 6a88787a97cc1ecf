"""Agreement and intervals of observers: a published example, and simulated studies whose truth is known."""

import numpy as np
import pytest

from ned.evaluation.metrics.agreement import krippendorff_alpha, squared, unequal
from ned.evaluation.metrics.intervals import clustered_mean, clustered_share

OBSERVERS = """
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 .
"""
"""Krippendorff's own example: four observers, twelve things."""


def test_alpha_of_the_published_example():
    rows = [line.split() for line in OBSERVERS.strip().splitlines()]
    units = [[float(v) for v in column if v != "."] for column in zip(*rows, strict=True)]
    assert krippendorff_alpha(units, unequal) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(units, squared) == pytest.approx(0.849, abs=5e-4)


def test_alpha_at_its_ends():
    rng = np.random.default_rng(0)
    assert krippendorff_alpha([[1, 1], [2, 2], [3, 3, 3]], squared) == 1.0
    chance = krippendorff_alpha(rng.integers(0, 5, (3000, 2)).tolist(), unequal)
    assert abs(chance) < 0.05
    assert np.isnan(krippendorff_alpha([[1], [2]], unequal)) and np.isnan(krippendorff_alpha([[1, 1]], unequal))


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("spread", [0.0, 0.25])
def test_intervals_of_shares_cover_the_truth(share, spread):
    """25 things, two viewers each; with a spread the things differ, so that their viewers answer alike."""
    rng, covered, studies = np.random.default_rng(1), 0, 400
    for _ in range(studies):
        if spread:
            strength = share * (1 - share) / (spread**2 * share * (1 - share) * 4) - 1
            chances = rng.beta(share * strength, (1 - share) * strength, 25)
        else:
            chances = np.full(25, share)
        low, high = clustered_share((rng.random((25, 2)) < chances[:, None]).tolist())[1:]
        covered += low <= share <= high
    assert covered / studies > 0.93


def test_intervals_cover_the_truth_where_viewers_of_a_thing_always_agree():
    """All twelve are taken for real in 7 % of these studies: 24 answers then say no more than twelve."""
    rng, covered = np.random.default_rng(3), 0
    for _ in range(600):
        seen = rng.random(12) < 0.8
        low, high = clustered_share([[bool(s)] * 2 for s in seen])[1:]
        covered += low <= 0.8 <= high
    assert covered / 600 > 0.94
    assert clustered_share([[True] * 9])[1:] == clustered_share([[True]])[1:], "nine viewers of one clip: one clip"


def test_intervals_of_means_cover_the_truth_and_are_no_wider_than_needed():
    rng, covered, widths = np.random.default_rng(2), 0, []
    for _ in range(600):
        things = 3 + rng.normal(0, 0.8, 20)
        low, high = clustered_mean((things[:, None] + rng.normal(0, 0.5, (20, 2))).tolist())[1:]
        covered += low <= 3 <= high
        widths.append(high - low)
    assert 0.93 < covered / 600 < 0.97
    assert np.mean(widths) == pytest.approx(2 * 2.09 * np.sqrt((0.8**2 + 0.5**2 / 2) / 20), rel=0.05)


def test_few_answers_give_wide_intervals_or_none():
    assert clustered_share([[True]])[1:] != (1.0, 1.0) and np.isnan(clustered_share([]).value)
    assert clustered_share([[True, True]] * 10).high == 1.0 and 0.6 < clustered_share([[True, True]] * 10).low < 0.95
    assert np.isnan(clustered_mean([[3.0]]).low) and np.isnan(clustered_mean([]).value)
