"""The estimator h(x)(θ): fitted exactly, or with features where inputs are many.

All fits end in one form, h(x)(θ) = [x +] φ(x) · B · k_Θ(Θ, θ): φ are kernels with all inputs (exact) or with some
(Nyström), or random cosines (Rahimi and Recht, 2007). The ridge of the objective, (1/n) Σ (1/|S_i|) Σ ½‖·‖² + λ/2 ‖h‖²,
is λ·n·|S_i| in each cell: n persons with all m² pairs, or with m from one input, make it λ·N·m.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from ned.manipulator.vitl.solve import Spectrum, solve, solve_observed, solve_once

EXACT_INPUTS = 10_000
"""Inputs beyond which features are used: a decomposition takes N² memory and N³ time."""

CHUNK = 4096

StyleKernel = Callable[[Float[np.ndarray, "n p"], Float[np.ndarray, "m p"]], Float[np.ndarray, "n m"]]
"""k_Θ of all pairs of places."""


@dataclass(frozen=True)
class Settings:
    """Hyper-parameters. The defaults are the paper's, for landmarks in the unit square."""

    gamma_x: float = 0.07
    """Of k_X = exp(−γ‖x − x'‖²)."""
    gamma_theta: float = 0.4
    ridge: float = 2e-5
    """λ."""
    residual: bool = False
    """Whether h(x)(θ) = x + g(x)(θ), and g is learnt; else h is."""


def gaussian(
    one: Float[np.ndarray, "n k"], other: Float[np.ndarray, "m k"], gamma: float
) -> Float[np.ndarray, "n m"]:
    """exp(−γ‖a − b‖²) of all pairs."""
    squares = lambda x: np.einsum("nk,nk->n", x, x)  # noqa: E731
    out = one @ other.T  # in place from here on: the matrix may be large
    out *= -2.0
    out += squares(one)[:, None]
    out += squares(other)
    np.maximum(out, 0.0, out=out)
    if one is other:
        out[np.diag_indices(len(one))] = 0.0
    out *= -gamma
    return np.exp(out, out=out)


@dataclass(frozen=True)
class Cosines:
    """Random features of a Gaussian kernel: √(2/D)·cos(x·frequencies + phases)."""

    frequencies: Float[np.ndarray, "k features"]
    phases: Float[np.ndarray, "features"]

    def __call__(self, x: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n features"]:
        return np.sqrt(2.0 / len(self.phases)) * np.cos(x @ self.frequencies + self.phases)


@dataclass(frozen=True)
class Kernels:
    """Kernels with anchors, the features of exact and Nyström fits."""

    anchors: Float[np.ndarray, "features kept"]
    gamma: float
    columns: tuple[int, ...] | None = None
    """Which numbers of a face the kernel looks at, for example not at its gaze; None is all."""

    def __call__(self, x: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n features"]:
        return gaussian(x if self.columns is None else x[:, list(self.columns)], self.anchors, self.gamma)


@dataclass(frozen=True)
class Transfer:
    """A fitted h."""

    features: Kernels | Cosines
    styles: Float[np.ndarray, "styles p"]
    weights: Float[np.ndarray, "features styles outputs"]
    settings: Settings
    style_kernel: StyleKernel | None = None
    """None is the Gaussian of the settings."""

    def near(self, theta: Float[np.ndarray, "m p"]) -> Float[np.ndarray, "m styles"]:
        """k_Θ of places and the styles."""
        return kernel_of(self.style_kernel, self.settings)(theta, self.styles)

    def __call__(
        self, x: Float[np.ndarray, "n k"], theta: Float[np.ndarray, "m p"]
    ) -> Float[np.ndarray, "n m outputs"]:
        """Every face at every place."""
        mixed = np.einsum("fjd,mj->fmd", self.weights, self.near(theta), optimize=True)
        f, m, d = mixed.shape
        out = np.empty((len(x), m, d))
        for start in range(0, len(x), CHUNK):
            part = slice(start, start + CHUNK)
            out[part] = (self.features(x[part]) @ mixed.reshape(f, m * d)).reshape(-1, m, d)
        return out + x[:, None] if self.settings.residual else out

    def along(
        self, x: Float[np.ndarray, "n k"], theta: Float[np.ndarray, "n p"]
    ) -> Float[np.ndarray, "n outputs"]:
        """Each face at its own place, as along a path in time."""
        out = np.empty((len(x), self.weights.shape[2]))
        for start in range(0, len(x), CHUNK):
            part = slice(start, start + CHUNK)
            seen = np.tensordot(self.features(x[part]), self.weights, 1)
            out[part] = np.einsum("njd,nj->nd", seen, self.near(theta[part]))
        return out + x if self.settings.residual else out


def kernel_of(given: StyleKernel | None, settings: Settings) -> StyleKernel:
    """The one that is given, else the Gaussian of the settings."""
    return given or (lambda one, other: gaussian(one, other, settings.gamma_theta))


def fit_exact(
    x: Float[np.ndarray, "n k"],
    theta: Float[np.ndarray, "m p"],
    y: Float[np.ndarray, "n m outputs"],
    settings: Settings,
    coupling: Float[np.ndarray, "outputs outputs"] | None = None,
    observed: Bool[np.ndarray, "n m"] | None = None,
    pairs: Float[np.ndarray, "n m"] | None = None,
) -> Transfer:
    """Fit on a grid: face `x[i]` at place `theta[j]` is `y[i, j]`.

    Args:
        coupling: A, symmetric and positive semi-definite; None is the identity.
        observed: which cells have a target; None is all.
        pairs: n·|S_i| of each cell's person, where it is not N·m, the number of cells.
    Raises ValueError where shapes or A do not fit, or settings are not positive.
    """
    _check(x, y, settings)
    k_x, k_theta = gaussian(x, x, settings.gamma_x), gaussian(theta, theta, settings.gamma_theta)
    targets = y - x[:, None] if settings.residual else y
    if observed is None and pairs is None:
        ridge = settings.ridge * targets.shape[0] * targets.shape[1]
        if coupling is None:
            found = solve_once(targets, k_x, Spectrum.of(k_theta), ridge)
        else:
            found = solve(targets, Spectrum.of(k_x), Spectrum.of(k_theta), Spectrum.of(coupling), ridge)
    else:
        seen = np.ones(targets.shape[:2], bool) if observed is None else observed
        count = np.full(seen.shape, float(seen.sum())) if pairs is None else pairs
        targets = np.where(seen[..., None], targets, 0.0)  # what is not observed may hold anything
        found = solve_observed(targets, seen, k_x, k_theta, coupling, settings.ridge * count)
    weights = found if coupling is None else found @ coupling
    return Transfer(Kernels(x, settings.gamma_x), theta, weights, settings)


def fit_features(
    chunks: Callable[[], Iterable[tuple[Float[np.ndarray, "_ k"], Float[np.ndarray, "_ m outputs"]]]],
    theta: Float[np.ndarray, "m p"],
    features: Kernels | Cosines,
    settings: Settings,
    coupling: Float[np.ndarray, "outputs outputs"] | None = None,
    style_kernel: StyleKernel | None = None,
) -> Transfer:
    """Fit in the span of `features`: memory is that of one chunk and of features², however many inputs there are.

    `chunks()` gives pairs (x, y) as of `fit_exact`. Anchors of kernels are whitened on the way, so that the norm that
    λ penalises is the RKHS's.
    """
    whiten = _whitening(features)
    gram, seen, inputs = 0.0, 0.0, 0
    for x, y in chunks():
        _check(x, y, settings)
        phi = features(x) @ whiten
        targets = y - x[:, None] if settings.residual else y
        gram = gram + phi.T @ phi
        seen = seen + (phi.T @ targets.reshape(len(x), -1)).reshape(phi.shape[1], *targets.shape[1:])
        inputs += len(x)
    if not inputs:
        raise ValueError("there is nothing to learn from")
    outputs = None if coupling is None else Spectrum.of(coupling)
    k_theta = kernel_of(style_kernel, settings)(theta, theta)
    found = solve(seen, Spectrum.of(gram), Spectrum.of(k_theta), outputs, settings.ridge * inputs * len(theta))
    weights = np.tensordot(whiten, found if coupling is None else found @ coupling, 1)
    return Transfer(features, theta, weights, settings, style_kernel)


def random_features(width: int, count: int, gamma: float, seed: int = 0) -> Cosines:
    """`count` random cosines of a Gaussian kernel on `width` numbers."""
    from sklearn.kernel_approximation import RBFSampler

    made = RBFSampler(gamma=gamma, n_components=count, random_state=seed).fit(np.zeros((1, width)))
    return Cosines(made.random_weights_, made.random_offset_)


def some_anchors(
    x: Float[np.ndarray, "n k"], count: int, gamma: float, seed: int = 0, columns: tuple[int, ...] | None = None
) -> Kernels:
    """Kernels with `count` anchors, spread over the inputs by k-means; all inputs where there are no more."""
    from sklearn.cluster import MiniBatchKMeans

    seen = x if columns is None else x[:, list(columns)]
    if count >= len(x):
        return Kernels(seen, gamma, columns)
    means = MiniBatchKMeans(count, random_state=seed, n_init=1, batch_size=1024, max_iter=50).fit(seen)
    return Kernels(means.cluster_centers_.astype(x.dtype), gamma, columns)


def output_coupling(y: Float[np.ndarray, "n m outputs"], share: float = 1.0) -> Float[np.ndarray, "outputs outputs"]:
    """A learnt from outputs: their covariance with trace 1 a coordinate, mixed with the identity by 1 − `share`."""
    flat = y.reshape(-1, y.shape[-1])
    covariance = np.cov(flat, rowvar=False, bias=True)
    covariance = covariance * (len(covariance) / max(float(np.trace(covariance)), 1e-300))
    return share * covariance + (1.0 - share) * np.eye(len(covariance))


def fit_scattered(
    x: Float[np.ndarray, "n k"],
    theta: Float[np.ndarray, "n p"],
    y: Float[np.ndarray, "n outputs"],
    settings: Settings,
    features: int = 500,
    seed: int = 0,
) -> Callable[[Float[np.ndarray, "q k"], Float[np.ndarray, "q p"]], Float[np.ndarray, "q outputs"]]:
    """Fit where every sample has a place of its own, as in AffectNet, instead of a grid of them.

    Two Gaussian kernels multiply to one on [√γ_x·x; √γ_θ·θ], so this is plain kernel ridge regression with λ·n: exact
    up to `EXACT_INPUTS` samples, with random features beyond.
    """
    from sklearn.kernel_approximation import RBFSampler
    from sklearn.kernel_ridge import KernelRidge
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    def joined(faces: np.ndarray, places: np.ndarray) -> np.ndarray:
        return np.hstack([np.sqrt(settings.gamma_x) * faces, np.sqrt(settings.gamma_theta) * places])

    alpha = settings.ridge * len(x)
    if len(x) <= EXACT_INPUTS:
        model = KernelRidge(alpha=alpha, kernel="rbf", gamma=1.0)
    else:
        sampler = RBFSampler(gamma=1.0, n_components=features, random_state=seed)
        model = make_pipeline(sampler, Ridge(alpha, fit_intercept=False))
    model.fit(joined(x, theta), y - x if settings.residual else y)
    own = 1.0 if settings.residual else 0.0
    return lambda faces, places: model.predict(joined(faces, places)) + (own * faces if own else 0.0)


def _whitening(features: Kernels | Cosines) -> Float[np.ndarray, "features kept"]:
    """Kernels with anchors become orthonormal features of the RKHS; random cosines are so in the mean."""
    if isinstance(features, Cosines):
        return np.eye(len(features.phases))
    spectrum = Spectrum.of(gaussian(features.anchors, features.anchors, features.gamma))
    kept = spectrum.values > 1e-10 * spectrum.values.max()
    return spectrum.vectors[:, kept] / np.sqrt(spectrum.values[kept])


def _check(x: np.ndarray, y: np.ndarray, settings: Settings) -> None:
    if settings.residual and x.shape[1] != y.shape[2]:
        raise ValueError(f"a residual needs inputs and outputs alike; they have {x.shape[1]} and {y.shape[2]} numbers")
    if not min(settings.gamma_x, settings.gamma_theta, settings.ridge) > 0:
        raise ValueError("gamma_x, gamma_theta and ridge must be positive")
