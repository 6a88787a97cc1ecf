"""Kernel Inception distance (Bińkowski et al., Demystifying MMD GANs, 2018): unbiased at any number of images."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float


class Kid(NamedTuple):
    """A distance and how well it is known."""

    value: float
    standard_error: float
    """Of the value, were it measured on other samples of the two; NaN where one side is taken whole."""


def squared_mmd(a: Float[np.ndarray, "n features"], b: Float[np.ndarray, "m features"]) -> float:
    """Unbiased squared maximum mean discrepancy with the kernel (x·y / features + 1)³.

    About 0 for one distribution, so it may be negative. ValueError for fewer than two samples.
    """
    if min(len(a), len(b)) < 2:
        raise ValueError(f"needs two samples or more a side, got {len(a)} and {len(b)}")
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (x @ y.T / x.shape[1] + 1) ** 3

    def within(x: np.ndarray) -> float:
        k = kernel(x, x)
        return float((k.sum() - np.trace(k)) / (len(x) * (len(x) - 1)))

    return within(a) + within(b) - 2 * float(kernel(a, b).mean())


def kid(
    a: Float[np.ndarray, "n features"],
    b: Float[np.ndarray, "m features"],
    subset: int = 1000,
    subsets: int = 50,
    seed: int = 0,
) -> Kid:
    """Mean of `squared_mmd` over random subsets without replacement, of at most `subset` samples a side.

    The standard error is the jackknife's that leaves out all but a subset (Shao and Wu 1989): subsets share samples, so
    that their own mean is known ever better with their number, and the distance is not.
    """
    whole = min(len(a), len(b))
    size = min(subset, whole)
    if size == len(a) == len(b):
        return Kid(squared_mmd(a, b), float("nan"))
    rng = np.random.default_rng(seed)
    found = [
        squared_mmd(a[rng.choice(len(a), size, replace=False)], b[rng.choice(len(b), size, replace=False)])
        for _ in range(subsets)
    ]
    if size == whole:
        return Kid(float(np.mean(found)), float("nan"))
    jackknife = size / (whole - size)
    return Kid(float(np.mean(found)), float(np.std(found, ddof=1) * np.sqrt(jackknife + 1 / subsets)))
