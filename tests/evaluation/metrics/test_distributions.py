"""Distances of clouds, against closed forms and scipy."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from ned.evaluation.metrics import frechet_distance, frechet_of_gaussians, kid, squared_mmd


def test_frechet_of_diagonal_gaussians_is_the_closed_form():
    rng = np.random.default_rng(0)
    mean_a, mean_b, sd_a, sd_b = rng.normal(size=6), rng.normal(size=6), rng.uniform(0.5, 2, 6), rng.uniform(0.5, 2, 6)
    wanted = ((mean_a - mean_b) ** 2 + (sd_a - sd_b) ** 2).sum()
    assert frechet_of_gaussians(mean_a, np.diag(sd_a**2), mean_b, np.diag(sd_b**2)) == pytest.approx(wanted, rel=1e-9)


def test_frechet_of_samples_comes_within_a_percent_of_the_closed_form():
    rng = np.random.default_rng(1)
    mix_a, mix_b = rng.normal(size=(5, 5)), rng.normal(size=(5, 5))
    a, b = rng.normal(size=(200_000, 5)) @ mix_a.T + 1.0, rng.normal(size=(200_000, 5)) @ mix_b.T - 1.0
    cov_a, cov_b = mix_a @ mix_a.T, mix_b @ mix_b.T
    wanted = 5 * 4.0 + np.trace(cov_a + cov_b - 2 * sqrtm(cov_a @ cov_b).real)
    assert frechet_distance(a, b) == pytest.approx(wanted, rel=0.01)
    assert frechet_distance(a[:500], a[:500]) == pytest.approx(0.0, abs=1e-9)


def test_frechet_of_singular_covariances_is_real():
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(5, 20)), rng.normal(size=(6, 20)) + 3
    root = sqrtm(np.cov(a.T) @ np.cov(b.T) + 0j)
    shift = a.mean(0) - b.mean(0)
    wanted = shift @ shift + np.trace(np.cov(a.T) + np.cov(b.T)) - 2 * np.trace(root).real
    assert frechet_distance(a, b) == pytest.approx(wanted, rel=1e-3)


def test_frechet_refuses_what_gives_no_figure():
    with pytest.raises(ValueError, match="two samples"):
        frechet_distance(np.zeros((1, 3)), np.zeros((5, 3)))
    with pytest.raises(ValueError, match="not finite"):
        frechet_distance(np.full((4, 3), np.nan), np.zeros((5, 3)))


def test_squared_mmd_is_the_double_sum():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(7, 4)), rng.normal(size=(5, 4)) + 0.5
    k = lambda x, y: (x @ y / 4 + 1) ** 3  # noqa: E731
    within_a = np.mean([k(a[i], a[j]) for i in range(7) for j in range(7) if i != j])
    within_b = np.mean([k(b[i], b[j]) for i in range(5) for j in range(5) if i != j])
    between = np.mean([k(x, y) for x in a for y in b])
    assert squared_mmd(a, b) == pytest.approx(within_a + within_b - 2 * between, rel=1e-12)


def test_kid_is_unbiased_whatever_the_number_of_images():
    """The mean over many small splits of two known distributions is the value of a large one."""
    rng = np.random.default_rng(4)
    large = squared_mmd(rng.normal(size=(1000, 8)), rng.normal(size=(1000, 8)) * 1.3 + 0.2)
    found = [squared_mmd(rng.normal(size=(20, 8)), rng.normal(size=(20, 8)) * 1.3 + 0.2) for _ in range(200)]
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found) - large) < 4 * error + 0.01
    nothing = [squared_mmd(rng.normal(size=(20, 8)), rng.normal(size=(20, 8))) for _ in range(200)]
    assert abs(np.mean(nothing)) < 4 * np.std(nothing) / np.sqrt(200)


def test_kid_over_subsets_says_how_well_it_is_known():
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(300, 8)), rng.normal(size=(300, 8)) + 0.3
    value, error = kid(a, b, subset=100, subsets=40)
    assert abs(value - squared_mmd(a, b)) < 6 * error and 0 < error < 0.1
    assert kid(a, b, subset=100, subsets=40) == (value, error)
    assert np.isnan(kid(a, b).standard_error) and np.isnan(kid(a[:50], b, subset=50).standard_error)


def test_the_standard_error_of_kid_is_how_far_studies_differ():
    """Whatever the number of subsets: these are drawn from the same samples."""
    rng = np.random.default_rng(6)
    for subsets in (8, 32):
        found = [kid(rng.normal(size=(60, 4)), rng.normal(size=(60, 4)) + 0.4, 30, subsets) for _ in range(40)]
        between = np.std([k.value for k in found], ddof=1)
        assert 0.6 < np.mean([k.standard_error for k in found]) / between < 1.6
