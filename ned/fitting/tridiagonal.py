"""Systems of many frames that are joined to their neighbours."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.linalg import cho_factor, cho_solve


def solve_joined(
    system: Float[np.ndarray, "frames width width"],
    right: Float[np.ndarray, "frames width"],
    at: Float[np.ndarray, "frames width"],
    coupling: Float[np.ndarray, "width"],
    link: Float[np.ndarray, "frames_minus_1"],
) -> Float[np.ndarray, "frames width"]:
    """The step d that minimises Σ d'Hd/2 − g'd + Σ link_f/2 coupling·((x+d)_f − (x+d)_{f−1})², by block elimination.

    `system` (H, positive definite) is used as scratch; `at` is x, where the step begins.
    """
    frames, width = right.shape
    right = right.astype(np.float64, copy=True)
    diagonal = np.arange(width)
    for f, strength in enumerate(link):
        bond = strength * coupling
        system[f, diagonal, diagonal] += bond
        system[f + 1, diagonal, diagonal] += bond
        pull = bond * (at[f + 1] - at[f])
        right[f] += pull
        right[f + 1] -= pull
    factors = [cho_factor(system[0], lower=True, check_finite=False)]
    for f in range(1, frames):
        bond = link[f - 1] * coupling
        if link[f - 1]:
            before = cho_solve(factors[-1], np.concatenate([np.diag(bond), right[f - 1][:, None]], 1),
                               check_finite=False)  # fmt: skip
            system[f] -= bond[:, None] * before[:, :-1]
            right[f] += bond * before[:, -1]
        factors.append(cho_factor(system[f], lower=True, check_finite=False))
    out = np.empty_like(right)
    out[-1] = cho_solve(factors[-1], right[-1], check_finite=False)
    for f in range(frames - 2, -1, -1):
        out[f] = cho_solve(factors[f], right[f] + link[f] * coupling * out[f + 1], check_finite=False)
    return out
