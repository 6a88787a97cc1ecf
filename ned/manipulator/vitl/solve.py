"""The linear system of vITL, (K_X ⊗ K_Θ)·C·A + ridge·C = Y, without ever building it.

With K_X = U s Uᵀ, K_Θ = W t Wᵀ and A = V a Vᵀ the system is diagonal: c̃_ijl = ỹ_ijl / (s_i t_j a_l + ridge). The
decompositions do not know the ridge, so a sweep over it costs two products each. For m² pairs of each of n persons
(joint) or m (single) the ridge is λ·N·m with N the number of inputs; see `ned.manipulator.vitl.regression`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.linalg import cho_factor, cho_solve, eigh

Cells = Float[np.ndarray, "inputs styles outputs"]


@dataclass(frozen=True)
class Spectrum:
    """A symmetric positive semi-definite matrix as `vectors · diag(values) · vectorsᵀ`."""

    values: Float[np.ndarray, "n"]
    vectors: Float[np.ndarray, "n n"]

    @classmethod
    def of(cls, matrix: Float[np.ndarray, "n n"]) -> Spectrum:
        """Decompose; values below zero are rounding and become zero. ValueError where it is not symmetric or is
        clearly not positive semi-definite."""
        if not np.allclose(matrix, matrix.T, rtol=0, atol=1e-8 * max(1.0, float(np.abs(matrix).max()))):
            raise ValueError("the matrix is not symmetric")
        values, vectors = eigh(matrix, driver="evd")
        if len(values) and values[0] < -1e-6 * max(abs(values[-1]), 1e-300):
            raise ValueError(f"the matrix is not positive semi-definite (eigenvalue {values[0]:.2g})")
        return cls(np.maximum(values, 0.0), vectors)


def rotated(cells: Cells, inputs: Spectrum, styles: Spectrum, outputs: Spectrum | None = None) -> Cells:
    """`cells` in the coordinates of the three spectra; `outputs` None stands for the identity."""
    n, m, d = cells.shape
    out = (inputs.vectors.T @ cells.reshape(n, m * d)).reshape(n, m, d)
    out = np.einsum("njd,jk->nkd", out, styles.vectors, optimize=True)
    return out if outputs is None else out @ outputs.vectors


def unrotated(cells: Cells, inputs: Spectrum, styles: Spectrum, outputs: Spectrum | None = None) -> Cells:
    """The inverse of `rotated`."""
    out = cells if outputs is None else cells @ outputs.vectors.T
    out = np.einsum("nkd,jk->njd", out, styles.vectors, optimize=True)
    n, m, d = out.shape
    return (inputs.vectors @ out.reshape(n, m * d)).reshape(n, m, d)


def scales(inputs: Spectrum, styles: Spectrum, outputs: Spectrum | None = None) -> Cells:
    """The system's eigenvalues s_i t_j a_l, without the ridge; their last axis is 1 for the identity."""
    a = np.ones(1) if outputs is None else outputs.values
    return inputs.values[:, None, None] * styles.values[:, None] * a


def solve(
    targets: Cells, inputs: Spectrum, styles: Spectrum, outputs: Spectrum | None, ridge: float
) -> Cells:
    """C of (K_X ⊗ K_Θ)·C·A + ridge·C = Y. ValueError unless the ridge is positive."""
    if not ridge > 0:
        raise ValueError(f"the ridge is {ridge:g}; it must be positive")
    found = rotated(targets, inputs, styles, outputs) / (scales(inputs, styles, outputs) + ridge)
    return unrotated(found, inputs, styles, outputs)


def solve_once(
    targets: Cells, kernel_inputs: Float[np.ndarray, "inputs inputs"], styles: Spectrum, ridge: float
) -> Cells:
    """`solve` with A the identity and for one ridge only: m systems of N unknowns, (t_j K_X + ridge)·c̃_j = ỹ_j, are
    faster than the spectrum of K_X. ValueError unless the ridge is positive."""
    if not ridge > 0:
        raise ValueError(f"the ridge is {ridge:g}; it must be positive")
    turned = np.ascontiguousarray(np.einsum("njd,jk->knd", targets, styles.vectors, optimize=True))
    diagonal = np.diag_indices(len(kernel_inputs))
    for k, t in enumerate(styles.values):
        system = t * kernel_inputs
        system[diagonal] += ridge
        factor = cho_factor(system, lower=True, overwrite_a=True, check_finite=False)
        turned[k] = cho_solve(factor, turned[k], check_finite=False)
    return np.einsum("knd,jk->njd", turned, styles.vectors, optimize=True)


def solve_observed(
    targets: Cells,
    observed: Bool[np.ndarray, "inputs styles"],
    kernel_inputs: Float[np.ndarray, "inputs inputs"],
    kernel_styles: Float[np.ndarray, "styles styles"],
    coupling: Float[np.ndarray, "outputs outputs"] | None,
    ridge: Float[np.ndarray, "inputs styles"],
    tolerance: float = 1e-10,
    rounds: int = 2000,
) -> Cells:
    """C where only some cells have a target, by conjugate gradients with Kronecker products; C is 0 in the others.

    `ridge` is that of each cell, since a person with fewer pairs counts each for more. The diagonal solve of the whole
    grid, cut to what is observed, preconditions. Iterates until every output's residual is below `tolerance` of its
    target's norm; RuntimeError where that takes more than `rounds`.
    """
    inputs, styles = Spectrum.of(kernel_inputs), Spectrum.of(kernel_styles)
    outputs = None if coupling is None else Spectrum.of(coupling)
    a = np.ones(targets.shape[2]) if outputs is None else outputs.values
    mask = observed[..., None].astype(np.float64)
    turned = mask * (targets if outputs is None else targets @ outputs.vectors)
    typical = float(np.median(ridge[observed]))
    denominator = inputs.values[:, None, None] * styles.values[:, None] * a + typical

    def product(cells: Cells) -> Cells:
        n, m, d = cells.shape
        out = (kernel_inputs @ cells.reshape(n, m * d)).reshape(n, m, d)
        out = np.einsum("njd,jk->nkd", out, kernel_styles, optimize=True) * a
        return mask * out + ridge[..., None] * cells

    def precondition(cells: Cells) -> Cells:
        return mask * unrotated(rotated(cells, inputs, styles) / denominator, inputs, styles)

    def dot(one: Cells, other: Cells) -> Float[np.ndarray, "outputs"]:
        return np.einsum("njd,njd->d", one, other)

    found, left = np.zeros_like(turned), turned.copy()
    ahead = precondition(left)
    direction, slope = ahead, dot(left, ahead)
    enough = tolerance * np.sqrt(dot(turned, turned)) + 1e-300
    for _ in range(rounds):
        if (np.sqrt(dot(left, left)) <= enough).all():
            return found if outputs is None else found @ outputs.vectors.T
        moved = product(direction)
        step = slope / np.maximum(dot(direction, moved), 1e-300)
        found, left = found + step * direction, left - step * moved
        ahead = precondition(left)
        before, slope = slope, dot(left, ahead)
        direction = ahead + slope / np.maximum(before, 1e-300) * direction
    raise RuntimeError(f"conjugate gradients did not converge in {rounds} rounds")
