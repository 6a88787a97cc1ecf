"""Agreement of observers (Krippendorff, Content Analysis, 2004, chapter 11)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Number = float | int


def krippendorff_alpha(units: Sequence[Sequence[Number]], difference: Callable[[Number, Number], float]) -> float:
    """1 − observed ÷ expected disagreement; 1 for full agreement, about 0 for chance.

    `units` are the answers to each thing, of whichever observers saw it; things that fewer than two saw count
    nothing. `difference` is squared distance for numbers (`squared`) or `unequal` for names. NaN where nothing was
    seen twice, or all answers are one.
    """
    seen = [list(values) for values in units if len(values) >= 2]
    everything = np.array([v for values in seen for v in values])
    n = len(everything)
    if n == 0:
        return float("nan")
    observed = sum(
        sum(difference(a, b) for i, a in enumerate(values) for j, b in enumerate(values) if i != j) / (len(values) - 1)
        for values in seen
    )
    kinds, counts = np.unique(everything, return_counts=True)
    expected = sum(
        int(m) * int(k) * difference(a.item(), b.item())
        for a, m in zip(kinds, counts, strict=True)
        for b, k in zip(kinds, counts, strict=True)
    ) / (n - 1)
    return 1 - observed / expected if expected > 0 else float("nan")


def squared(a: Number, b: Number) -> float:
    """Difference of numbers of equal steps."""
    return float(a - b) ** 2


def unequal(a: Number, b: Number) -> float:
    """Difference of names."""
    return float(a != b)
