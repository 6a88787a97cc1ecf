import numpy as np
import pytest

from ned.analysis.skin_kernels import areas, even_slope

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
