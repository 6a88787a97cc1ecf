"""95 % confidence intervals of shares and means of answers that come in clusters: several viewers of one thing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

LEVEL = 0.95


class Estimate(NamedTuple):
    """A value and the interval that covers the true one in 95 % of studies; NaN where there are too few answers."""

    value: float
    low: float
    high: float


def clustered_share(clusters: Sequence[Sequence[bool]]) -> Estimate:
    """Share of true answers: Wilson's interval (1927), widened where answers to one thing go together.

    The design effect (variance of the mean over clusters ÷ that of as many independent answers; 1 or more) divides
    the number of answers (Korn and Graubard 1998); a t value stands for the normal one, since it is estimated from few
    clusters. Unlike an interval of mean ± error it holds near 0 and 1. Where nothing differs, or there is one cluster,
    nothing tells how far answers to one thing go together: they then count as one.
    """
    answers = [np.asarray(c, float) for c in clusters if len(c)]
    n, k = sum(map(len, answers)), len(answers)
    if not n:
        return Estimate(math.nan, math.nan, math.nan)
    share = float(np.concatenate(answers).mean())
    effect = n / k
    if k > 1 and 0 < share < 1:
        residuals = np.array([(a - share).sum() for a in answers])
        effect = max(1.0, k / (k - 1) * float((residuals**2).sum()) / (n * share * (1 - share)))
    z = float(stats.t.ppf((1 + LEVEL) / 2, k - 1)) if k > 1 else float(stats.norm.ppf((1 + LEVEL) / 2))
    effective = n / effect
    middle = (share + z * z / (2 * effective)) / (1 + z * z / effective)
    half = z / (1 + z * z / effective) * math.sqrt(share * (1 - share) / effective + (z / (2 * effective)) ** 2)
    return Estimate(share, max(0.0, middle - half), min(1.0, middle + half))


def clustered_mean(clusters: Sequence[Sequence[float]]) -> Estimate:
    """Mean of the clusters' means with Student's interval; NaN bounds for a single cluster."""
    means = np.array([np.mean(c) for c in clusters if len(c)])
    if not len(means):
        return Estimate(math.nan, math.nan, math.nan)
    if len(means) == 1:
        return Estimate(float(means[0]), math.nan, math.nan)
    half = float(stats.t.ppf((1 + LEVEL) / 2, len(means) - 1) * means.std(ddof=1) / math.sqrt(len(means)))
    return Estimate(float(means.mean()), float(means.mean()) - half, float(means.mean()) + half)
