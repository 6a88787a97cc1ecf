"""Compiled loops of `ned.analysis.skin`. The tests hold a plain numpy twin of each."""

# `no_type_check` keeps the tests' shape checker off: the compiler refuses what it makes of a function.

from typing import no_type_check

import numba
import numpy as np

_ROUNDS = 4


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
