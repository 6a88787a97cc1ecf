"""vITL's solvers against the dense system, and what they refuse."""

import numpy as np
import pytest

from ned.manipulator.vitl.regression import (
    Cosines,
    Kernels,
    Settings,
    fit_exact,
    fit_features,
    fit_scattered,
    gaussian,
    output_coupling,
    random_features,
    some_anchors,
)
from ned.manipulator.vitl.selection import choose, half_square, identity_folds
from ned.manipulator.vitl.solve import Spectrum, solve, solve_observed, solve_once

RNG = np.random.default_rng(0)


def _problem(n=12, m=7, d=6, k=6):
    x, theta = RNG.standard_normal((n, k)), RNG.uniform(-1, 1, (m, 2))
    mix = RNG.standard_normal((d, d))
    return x, theta, RNG.standard_normal((n, m, d)), mix @ mix.T / d


def _dense(k_x, k_theta, coupling, y, ridge):
    """(K_X ⊗ K_Θ ⊗ A + diag) vec(C) = vec(Y), the whole system at once."""
    n, m, d = y.shape
    system = np.kron(np.kron(k_x, k_theta), coupling)
    return np.linalg.solve(system + np.diag(np.broadcast_to(ridge, (n, m, d)).ravel()), y.ravel()).reshape(n, m, d)


def test_diagonalisation_equals_the_dense_solve_with_a_full_coupling():
    x, theta, y, coupling = _problem(n=60, d=8)
    k_x, k_theta = gaussian(x, x, 0.07), gaussian(theta, theta, 0.4)
    ridge = 2e-5 * 60 * 7
    ours = solve(y, Spectrum.of(k_x), Spectrum.of(k_theta), Spectrum.of(coupling), ridge)
    theirs = _dense(k_x, k_theta, coupling, y, ridge)
    assert np.abs(ours - theirs).max() <= 1e-9 * np.abs(theirs).max()
    # and the equation itself, by which no twin can err with us
    left = np.einsum("ab,jk,bkd,de->aje", k_x, k_theta, ours, coupling, optimize=True) + ridge * ours
    assert np.abs(left - y).max() < 1e-9


def test_the_kernel_is_that_of_the_distances():
    from scipy.spatial.distance import cdist

    one, other = RNG.standard_normal((9, 5)) + 3, RNG.standard_normal((4, 5))
    assert np.allclose(gaussian(one, other, 0.7), np.exp(-0.7 * cdist(one, other, "sqeuclidean")), rtol=1e-12)
    assert (np.diag(gaussian(one, one, 0.7)) == 1).all()


def test_without_coupling_one_ridge_is_solved_by_styles():
    x, theta, y, _ = _problem(n=30)
    k_x, k_theta = gaussian(x, x, 0.07), gaussian(theta, theta, 0.4)
    once = solve_once(y, k_x, Spectrum.of(k_theta), 0.01)
    assert np.allclose(once, _dense(k_x, k_theta, np.eye(6), y, 0.01), rtol=1e-9, atol=1e-9)


def test_missing_cells_equal_the_dense_solve_of_what_is_there():
    x, theta, y, coupling = _problem()
    k_x, k_theta = gaussian(x, x, 0.2), gaussian(theta, theta, 0.4)
    observed = RNG.random(y.shape[:2]) > 0.25
    ridge = np.where(np.arange(12)[:, None] < 6, 0.003, 0.005) * np.ones(y.shape[:2])
    ours = solve_observed(y, observed, k_x, k_theta, coupling, ridge, tolerance=1e-12)
    rows = np.repeat(observed.ravel(), y.shape[2])
    system = np.kron(np.kron(k_x, k_theta), coupling) + np.diag(np.repeat(ridge.ravel(), y.shape[2]))
    theirs = np.zeros(y.size)
    theirs[rows] = np.linalg.solve(system[np.ix_(rows, rows)], y.ravel()[rows])
    assert np.abs(ours.ravel() - theirs).max() <= 1e-8 * np.abs(theirs).max()
    assert (ours[~observed] == 0).all()


def test_with_no_cell_missing_conjugate_gradients_say_the_same():
    x, theta, y, coupling = _problem()
    settings = Settings(0.2, 0.4, 1e-4)
    whole = fit_exact(x, theta, y, settings, coupling)
    same = fit_exact(x, theta, y, settings, coupling, observed=np.ones(y.shape[:2], bool))
    assert np.allclose(whole.weights, same.weights, atol=1e-7 * np.abs(whole.weights).max())


def test_what_is_not_observed_does_not_matter():
    x, theta, y, _ = _problem()
    observed = RNG.random(y.shape[:2]) > 0.3
    poisoned = np.where(observed[..., None], y, np.nan)
    one = fit_exact(x, theta, y, Settings(0.2, 0.4, 1e-4), observed=observed)
    other = fit_exact(x, theta, poisoned, Settings(0.2, 0.4, 1e-4), observed=observed)
    assert np.array_equal(one.weights, other.weights)


def test_a_small_ridge_passes_through_the_targets_and_a_path_agrees_with_the_grid():
    x, theta, y, coupling = _problem(k=6)
    fitted = fit_exact(x, theta, y, Settings(0.3, 2.0, 1e-12, residual=True), coupling)
    assert np.abs(fitted(x, theta) - y).max() < 1e-3
    places = theta[np.arange(12) % 7]
    along = fitted.along(x, places)
    assert np.allclose(along, fitted(x, places)[np.arange(12), np.arange(12)])


def test_a_large_ridge_leaves_the_face_alone_in_the_residual_form():
    x, theta, y, _ = _problem()
    fitted = fit_exact(x, theta, y, Settings(0.3, 1.0, 1e6, residual=True))
    assert np.abs(fitted(x, theta) - x[:, None]).max() < 1e-6


def test_all_inputs_as_anchors_are_the_exact_fit():
    x, theta, y, coupling = _problem(n=40)
    settings = Settings(0.3, 1.0, 1e-3)
    exact = fit_exact(x, theta, y, settings, coupling)
    chunks = lambda: ((x[i : i + 16], y[i : i + 16]) for i in range(0, 40, 16))  # noqa: E731
    spanned = fit_features(chunks, theta, Kernels(x, 0.3), settings, coupling)
    new = RNG.standard_normal((5, 6))
    assert np.allclose(spanned(new, theta), exact(new, theta), atol=1e-6)


def test_random_features_come_to_the_kernel_and_the_fit():
    x, theta, y, _ = _problem(n=80, k=3, d=3)
    cosines = random_features(3, 4000, 0.3)
    assert isinstance(cosines, Cosines)
    assert np.abs(cosines(x) @ cosines(x).T - gaussian(x, x, 0.3)).max() < 0.12
    settings = Settings(0.3, 1.0, 1e-2)
    near = fit_features(lambda: [(x, y)], theta, cosines, settings)(x, theta)
    exact = fit_exact(x, theta, y, settings)(x, theta)
    assert np.abs(near - exact).mean() < 0.1 * np.abs(exact).mean()


def test_anchors_are_some_of_many():
    x = RNG.standard_normal((300, 4))
    assert len(some_anchors(x, 20, 0.5).anchors) == 20
    assert some_anchors(x, 400, 0.5).anchors is x


def test_scattered_places_equal_the_grid_where_they_are_one():
    x, theta, y, _ = _problem()
    settings = Settings(0.2, 0.7, 1e-4, residual=True)
    grid = fit_exact(x, theta, y, settings)
    who, where = np.divmod(np.arange(12 * 7), 7)
    scattered = fit_scattered(x[who], theta[where], y[who, where], settings)
    assert np.allclose(scattered(x[who], theta[where]), grid(x, theta)[who, where], atol=1e-6)


def test_folds_share_no_person_and_the_choice_is_the_plain_fit_s():
    x, theta, y, _ = _problem(n=20, d=6)
    persons = np.arange(20) // 2
    for train, test in identity_folds(persons, 5):
        assert not set(persons[train]) & set(persons[test])
    start = Settings(0.2, 0.4, 1e-3, residual=True)
    trials = choose(x, theta, y, persons, start, {"ridge": (1e-4, 1e-2), "gamma_theta": (0.4, 1.0)}, folds=5)
    assert len(trials) == 4 and trials[0].error == min(t.error for t in trials)
    found = [
        half_square(fit_exact(x[a], theta, y[a], trials[0].settings)(x[b], theta) - y[b])
        for a, b in identity_folds(persons, 5)
    ]
    assert trials[0].error == pytest.approx(np.mean(found), rel=1e-9)


def test_learnt_coupling_is_positive_with_trace_one_a_coordinate():
    coupling = output_coupling(RNG.standard_normal((50, 7, 5)) * np.arange(1, 6), share=0.9)
    assert np.trace(coupling) == pytest.approx(5.0) and Spectrum.of(coupling).values.min() > 0


def test_refusals():
    x, theta, y, _ = _problem()
    with pytest.raises(ValueError, match="semi-definite"):
        fit_exact(x, theta, y, Settings(), coupling=-np.eye(6))
    with pytest.raises(ValueError, match="symmetric"):
        fit_exact(x, theta, y, Settings(), coupling=np.triu(np.ones((6, 6))))
    with pytest.raises(ValueError, match="positive"):
        fit_exact(x, theta, y, Settings(ridge=0.0))
    with pytest.raises(ValueError, match="alike"):
        fit_exact(x, theta, y[..., :3], Settings(residual=True))
    with pytest.raises(ValueError, match="nothing"):
        fit_features(lambda: [], theta, Kernels(x, 1.0), Settings())
