import numpy as np
import pytest

from ned.analysis.skin import LOGARITHMS
from ned.analysis.skin_kernels import areas, departure, even_slope, place, unlikeness

SIDE = 16


def slow_slope(off: np.ndarray, known: np.ndarray, spread: np.ndarray, thin: int) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    planes = np.stack([np.ones(SIDE * SIDE), x.ravel(), y.ravel()], 1)
    basis, values, width = planes[known.ravel()][::thin], off[known][::thin], spread[known][::thin].mean(-1)
    fitted = np.tile(np.median(values, axis=0), (len(values), 1))
    for _ in range(4):
        far = np.abs(values - fitted).mean(-1) / (3.0 * width)
        scaled = basis * (np.maximum(1.0 - far**2, 0.0) ** 2 + 1e-4)[:, None]
        weights = np.linalg.solve(scaled.T @ basis + 1e-3 * np.eye(3), scaled.T @ values)
        fitted = basis @ weights
    return (planes @ weights).reshape(off.shape)


@pytest.mark.parametrize("thin", [1, 3])
def test_slope_is_that_of_the_twin_and_not_of_what_covers(thin):
    rng = np.random.default_rng(1)
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    true = np.stack([0.1 + 0.2 * x, -0.3 * y, 0.05 + 0.1 * x + 0.1 * y], -1)
    off = (true + rng.normal(0, 0.01, true.shape)).astype(np.float32)
    off[:5, :6] += 2.0
    known, spread = rng.random((SIDE, SIDE)) < 0.8, rng.uniform(0.05, 0.1, off.shape).astype(np.float32)
    found = even_slope(off, known, spread, thin)
    np.testing.assert_allclose(found, slow_slope(off, known, spread, thin), atol=1e-4)
    np.testing.assert_allclose(found, true, atol=0.02)


def test_no_slope_where_nothing_is_known():
    off = np.ones((SIDE, SIDE, 3), np.float32)
    assert not even_slope(off, np.zeros((SIDE, SIDE), bool), off, 3).any()


def test_areas_are_numpys():
    where = np.random.default_rng(2).random((9, 7, 2), np.float32)
    across, down = np.gradient(where, axis=1), np.gradient(where, axis=0)
    wanted = across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]
    np.testing.assert_allclose(areas(where), wanted, atol=1e-5)


def test_places_are_between_their_corners():
    rng = np.random.default_rng(3)
    points, corners = rng.random((9, 2), np.float32), rng.integers(0, 9, (5, 6, 3))
    corners[1, 2, 0] = -1
    shares = rng.random((5, 6, 2), np.float32)
    first, second, third = (points[corners[..., k]] for k in range(3))
    wanted = first + shares[..., :1] * (second - first) + shares[..., 1:] * (third - first)
    wanted[1, 2] = 0
    out = np.empty((5, 6, 2), np.float32)
    place(corners, shares, points, out)
    np.testing.assert_allclose(out, wanted, atol=1e-6)


def test_departure_and_unlikeness_are_numpys():
    rng = np.random.default_rng(4)
    sample, judged = rng.integers(0, 256, (SIDE, SIDE, 4), np.uint8), rng.random((SIDE, SIDE)) < 0.7
    middle, spread = rng.random((SIDE, SIDE, 3), np.float32), 0.1 + rng.random((SIDE, SIDE, 3), np.float32)
    slope = rng.random((SIDE, SIDE, 3), np.float32)
    off, (unlike, mean) = np.empty((SIDE, SIDE, 3), np.float32), np.empty((2, SIDE, SIDE), np.float32)
    assert departure(sample, LOGARITHMS, middle, judged, off) == judged.sum()
    wanted = np.log(sample[..., :3].astype(np.float32) + 16) - middle
    np.testing.assert_array_equal(off, wanted)
    unlikeness(off, slope, spread, judged, unlike, mean)
    wanted = np.where(judged[..., None], wanted - slope, 0)
    np.testing.assert_allclose(off, wanted, atol=1e-6)
    np.testing.assert_allclose(unlike, np.sqrt(((wanted / spread) ** 2).mean(-1)), rtol=1e-5)
    np.testing.assert_allclose(mean, np.abs(wanted).mean(-1), atol=1e-6)
