"""Least squares with bounds for many frames that share one matrix, joined in time."""

from __future__ import annotations

from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float


@numba.njit(cache=True, nogil=True, fastmath=True)
@no_type_check  # the tests' shape checker would wrap it, and the compiler refuse the wrapper
def _sweep(hessian, gradient, coupling, link, lower, upper, x, sweeps):  # pragma: no cover - compiled
    frames, width = x.shape
    for sweep in range(sweeps):
        change = 0.0
        for step in range(frames):
            f = step if sweep % 2 == 0 else frames - 1 - step
            before = link[f]
            after = link[f + 1]
            for k in range(width):
                if upper[k] <= lower[k]:
                    x[f, k] = lower[k]
                    continue
                total = gradient[f, k]
                for m in range(width):
                    total -= hessian[k, m] * x[f, m]
                total += hessian[k, k] * x[f, k]
                weight = hessian[k, k]
                if before > 0:
                    total += before * coupling[k] * x[f - 1, k]
                    weight += before * coupling[k]
                if after > 0:
                    total += after * coupling[k] * x[f + 1, k]
                    weight += after * coupling[k]
                value = min(max(total / weight, lower[k]), upper[k])
                change = max(change, abs(value - x[f, k]))
                x[f, k] = value
        if change < 1e-4:
            break


def solve_bounded(
    hessian: Float[np.ndarray, "width width"],
    gradient: Float[np.ndarray, "frames width"],
    start: Float[np.ndarray, "frames width"],
    lower: Float[np.ndarray, "width"],
    upper: Float[np.ndarray, "width"],
    coupling: Float[np.ndarray, "width"] | None = None,
    link: Float[np.ndarray, "frames_minus_1"] | None = None,
    sweeps: int = 60,
) -> Float[np.ndarray, "frames width"]:
    """Minimises sum_f x'Hx / 2 - g'x + link_f coupling (x_f - x_{f-1})^2 / 2 within bounds.

    `link` (frames - 1) joins neighbouring frames, 0 where time jumps. Coordinate descent from
    `start`, forwards and backwards in time by turns, until nothing moves by more than 1e-4.
    """
    frames, width = start.shape
    x = np.clip(start, lower, upper).astype(np.float64)
    joined = np.zeros(frames + 1)
    if link is not None:
        joined[1:-1] = link
    stiffness = np.zeros(width) if coupling is None else coupling.astype(np.float64)
    bounds = lower.astype(np.float64), upper.astype(np.float64)
    _sweep(hessian.astype(np.float64), gradient.astype(np.float64), stiffness, joined, *bounds, x, sweeps)
    return x
