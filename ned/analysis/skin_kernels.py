"""Compiled loops of `ned.analysis.skin`. The tests hold a plain numpy twin of each."""

# `no_type_check` keeps the tests' shape checker off: the compiler refuses what it makes of a function.

from typing import no_type_check

import numba
import numpy as np

_ROUNDS = 4


@numba.njit(cache=True, nogil=True)
@no_type_check
def place(corners, shares, points, out):  # pragma: no cover - compiled
    """Where the cells of a map lie: `corners` "h w 3" are the points that each lies between, `shares` "h w 2" those of
    the second and the third; 0 where the first is −1."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            a, b, c = corners[i, j, 0], corners[i, j, 1], corners[i, j, 2]
            for m in range(2):
                if a < 0:
                    out[i, j, m] = 0
                else:
                    first = points[a, m]
                    second, third = points[b, m] - first, points[c, m] - first
                    out[i, j, m] = first + shares[i, j, 0] * second + shares[i, j, 1] * third


@numba.njit(cache=True, nogil=True)
@no_type_check
def departure(sample, logarithms, middle, judged, off):  # pragma: no cover - compiled
    """How far a look is from the usual one, in the logarithm of light; 0 where it is not judged. How many are."""
    count = 0
    for i in range(off.shape[0]):
        for j in range(off.shape[1]):
            count += judged[i, j]
            for m in range(3):
                off[i, j, m] = logarithms[sample[i, j, m]] - middle[i, j, m]
    return count


@numba.njit(cache=True, nogil=True)
@no_type_check
def unlikeness(off, slope, spread, judged, unlike, mean):  # pragma: no cover - compiled
    """`off` less `slope` (in place, 0 where it is not judged), its root mean square in spreads, and its mean size."""
    third = np.float32(1) / np.float32(3)
    for i in range(off.shape[0]):
        for j in range(off.shape[1]):
            square, size = np.float32(0), np.float32(0)
            for m in range(3):
                value = off[i, j, m] - slope[i, j, m] if judged[i, j] else np.float32(0)
                off[i, j, m] = value
                share = value / spread[i, j, m]
                square += share * share
                size += abs(value)
            unlike[i, j], mean[i, j] = np.sqrt(square * third), size * third


@numba.njit(cache=True, nogil=True)
@no_type_check
def areas(where):  # pragma: no cover - compiled
    """Area of the image that each cell of a map shows, signed; `where`: "h w 2", what each cell shows, in pixels.

    By central differences, at the rim by one-sided ones.
    """
    height, width = where.shape[:2]
    out = np.empty((height, width), np.float32)
    for i in range(height):
        above, below = max(i - 1, 0), min(i + 1, height - 1)
        for j in range(width):
            before, after = max(j - 1, 0), min(j + 1, width - 1)
            ax, ay = where[i, after, 0] - where[i, before, 0], where[i, after, 1] - where[i, before, 1]
            dx, dy = where[below, j, 0] - where[above, j, 0], where[below, j, 1] - where[above, j, 1]
            out[i, j] = (ax * dy - ay * dx) / np.float32((after - before) * (below - above))
    return out


@numba.njit(cache=True, nogil=True)
@no_type_check
def even_slope(off, known, spread, thin):  # pragma: no cover - compiled
    """The even slope of each channel of `off` ("side side 3") that most of the `known` cells agree on.

    Iteratively weighted least squares (Tukey's weights, at three times the mean `spread` of a cell) from the median
    on; every `thin`-th known cell takes part.
    """
    side = off.shape[0]
    values = np.empty((known.size // thin + 1, 3), np.float32)
    basis = np.ones((len(values), 3), np.float32)
    width = np.empty(len(values), np.float32)
    step, count, seen = np.float32(2.0) / np.float32(side - 1), 0, 0
    for i in range(side):
        for j in range(side):
            if known[i, j]:
                if seen % thin == 0:
                    basis[count, 1], basis[count, 2] = step * j - np.float32(1.0), step * i - np.float32(1.0)
                    width[count] = spread[i, j, 0] + spread[i, j, 1] + spread[i, j, 2]  # three times their mean
                    for k in range(3):
                        values[count, k] = off[i, j, k]
                    count += 1
                seen += 1
    weights = np.zeros((3, 3))  # coefficients of the plane, channels
    for k in range(3):
        weights[0, k] = np.median(values[:count, k]) if count else 0.0
    for _ in range(_ROUNDS):
        gram, right = 1e-3 * np.eye(3), np.zeros((3, 3))
        for n in range(count):
            far = 0.0
            for k in range(3):
                fitted = weights[0, k] + weights[1, k] * basis[n, 1] + weights[2, k] * basis[n, 2]
                far += abs(values[n, k] - fitted)
            far /= 3.0 * width[n]
            trust = max(1.0 - far * far, 0.0) ** 2 + 1e-4
            for a in range(3):
                scaled = trust * basis[n, a]
                for k in range(3):
                    gram[a, k] += scaled * basis[n, k]
                    right[a, k] += scaled * values[n, k]
        weights = np.linalg.solve(gram, right)
    out = np.empty(off.shape, np.float32)
    for i in range(side):
        for j in range(side):
            for k in range(3):
                out[i, j, k] = weights[0, k] + weights[1, k] * (step * j - 1.0) + weights[2, k] * (step * i - 1.0)
    return out
