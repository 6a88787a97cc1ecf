"""Times vITL's solvers: diagonalised against dense, and random features on many samples.

    python scripts/bench/vitl.py [--samples 100000]

The joint problem is that of KDEF: 882 inputs (63 people, two sittings, seven emotions), seven places, 136 coordinates.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from ned.manipulator.vitl.regression import Settings, fit_exact, fit_features, gaussian, random_features

WIDTH, PLACES = 136, 7


def problem(inputs: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    faces = rng.standard_normal((inputs, WIDTH)), rng.standard_normal((inputs, PLACES, WIDTH))
    return faces[0], rng.uniform(-1, 1, (PLACES, 2)), faces[1]


def timed(what, repeat: int = 1) -> tuple[float, object]:
    """Processor seconds, the least of some runs."""
    least = float("inf")
    for _ in range(repeat):
        began = time.process_time()
        out = what()
        least = min(least, time.process_time() - began)
    return least, out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--inputs", type=int, default=882)
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--features", type=int, default=500)
    given = parser.parse_args()
    settings = Settings()
    x, theta, y = problem(given.inputs, 0)
    fast, ours = timed(lambda: fit_exact(x, theta, y, settings), repeat=3)
    print(f"diagonalised, N = {given.inputs}: {fast:.2f} s", flush=True)

    def dense():
        system = np.kron(gaussian(x, x, settings.gamma_x), gaussian(theta, theta, settings.gamma_theta))
        system[np.diag_indices_from(system)] += settings.ridge * given.inputs * PLACES
        return np.linalg.solve(system, y.reshape(-1, WIDTH)).reshape(y.shape)

    slow, theirs = timed(dense)
    apart = np.abs(ours.weights - theirs).max() / np.abs(theirs).max()
    print(f"dense: {slow:.2f} s, {slow / fast:.0f} times as long; coefficients differ by {apart:.1e}", flush=True)
    people = given.samples // PLACES
    part = 512

    def chunks():
        for start in range(0, people, part):
            a, _, b = problem(min(part, people - start), start)
            yield a, b

    features = random_features(WIDTH, given.features, settings.gamma_x)
    took, _ = timed(lambda: fit_features(chunks, theta, features, settings))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{people * PLACES} samples, {given.features} random features: {took:.1f} s; peak memory {peak:.2f} GiB")


if __name__ == "__main__":
    main()
