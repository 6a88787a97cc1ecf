"""λ and the widths of both kernels by cross-validation over persons, every decomposition used for all that follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from jaxtyping import Float, Int

from ned.manipulator.vitl.regression import Settings, gaussian
from ned.manipulator.vitl.solve import Spectrum

PAPER_GRID = {
    "gamma_x": tuple(10.0 ** np.linspace(-1.6, -0.5, 6)),
    "gamma_theta": tuple(10.0 ** np.linspace(-1.5, 0.0, 6)),
    "ridge": tuple(10.0 ** np.linspace(-6.0, -3.0, 7)),
}
"""The paper's ranges."""


@dataclass(frozen=True)
class Trial:
    """What one choice gave on persons held out."""

    settings: Settings
    error: float
    """Mean over folds of ½·Σ over outputs, averaged over samples and places: the paper's measure."""
    spread: float
    """Standard deviation over folds."""


def identity_folds(
    persons: Int[np.ndarray, "n"], folds: int = 10
) -> Iterator[tuple[Int[np.ndarray, "_"], Int[np.ndarray, "_"]]]:
    """Rows to train and to test on; no person is in both. ValueError for fewer persons than folds."""
    from sklearn.model_selection import GroupKFold

    yield from GroupKFold(folds).split(persons, groups=persons)


def half_square(difference: Float[np.ndarray, "*samples outputs"]) -> float:
    """The paper's "MSE": ½·Σ over outputs, averaged over all else."""
    return float(0.5 * (difference**2).sum(-1).mean())


def choose(
    x: Float[np.ndarray, "n k"],
    theta: Float[np.ndarray, "m p"],
    y: Float[np.ndarray, "n m outputs"],
    persons: Int[np.ndarray, "n"],
    start: Settings,
    grid: dict[str, Sequence[float]],
    folds: int = 10,
) -> list[Trial]:
    """All choices of the grid (gamma_x, gamma_theta, ridge; what is left out is as in `start`), the best first.

    K_X is decomposed once a fold and width; widths over places and λ then cost a product of matrices.
    """
    values = {name: tuple(grid.get(name, (getattr(start, name),))) for name in PAPER_GRID}
    targets = y - x[:, None] if start.residual else y
    styles = {g: Spectrum.of(gaussian(theta, theta, g)) for g in values["gamma_theta"]}
    errors: dict[tuple[float, float, float], list[float]] = {key: [] for key in product(*values.values())}
    for train, test in identity_folds(persons, folds):
        n, m, d = targets[train].shape
        for gamma_x in values["gamma_x"]:
            inputs = Spectrum.of(gaussian(x[train], x[train], gamma_x))
            turned = (inputs.vectors.T @ targets[train].reshape(n, m * d)).reshape(n, m, d)
            reach = gaussian(x[test], x[train], gamma_x) @ inputs.vectors
            for gamma_theta, ridge in product(values["gamma_theta"], values["ridge"]):
                w = styles[gamma_theta]
                scale = inputs.values[:, None] * w.values
                shrunk = np.einsum("njd,jk->nkd", turned, w.vectors, optimize=True)
                shrunk = shrunk * (w.values / (scale + ridge * n * m))[..., None]
                drawn = np.einsum("nkd,jk->njd", shrunk, w.vectors, optimize=True)
                found = (reach @ drawn.reshape(n, m * d)).reshape(-1, m, d)
                errors[gamma_x, gamma_theta, ridge].append(half_square(found - targets[test]))
    trials = [
        Trial(
            replace(start, gamma_x=gx, gamma_theta=gt, ridge=ridge), float(np.mean(found)), float(np.std(found))
        )
        for (gx, gt, ridge), found in errors.items()
    ]
    return sorted(trials, key=lambda trial: trial.error)
