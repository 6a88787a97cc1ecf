"""Displacement fields over the face mesh from a few controls: a constrained bi-Laplacian solve."""

from __future__ import annotations

import numpy as np
from face_model_controls import Shape
from face_model_topology import (
    ABOVE_LIP,
    BELOW_LIP,
    BRIDGE,
    BROW_LOWER,
    BROW_UPPER,
    CHIN,
    EYE_LEFT,
    EYE_RIGHT,
    FOREHEAD_TOP,
    LID_LOWER,
    LID_LOWER_FOLD,
    LID_LOWER_RING,
    LID_UPPER,
    LID_UPPER_FOLD,
    LID_UPPER_RING,
    LOWER_CHAINS,
    NUM_MESH,
    OVAL,
    UPPER_CHAINS,
)
from scipy import sparse
from scipy.sparse.linalg import splu

CONTROL_WEIGHT = 30.0
HOLD_WEIGHT = 30.0
MEMBRANE = 0.02
"""Share of the first-order energy: keeps the field from swinging over beyond its controls."""


def laplacian(mean: np.ndarray, faces: np.ndarray) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Row-normalised Laplacian of the mesh with inverse-length weights, and the weights themselves."""
    edges = np.unique(np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1), axis=0)
    weight = 1.0 / np.linalg.norm(mean[edges[:, 0]] - mean[edges[:, 1]], axis=1)
    shape = (NUM_MESH, NUM_MESH)
    adjacency = sparse.coo_matrix((weight, edges.T), shape=shape)
    adjacency = (adjacency + adjacency.T).tocsr()
    degree = np.asarray(adjacency.sum(1)).ravel()
    return sparse.eye(NUM_MESH) - sparse.diags(1 / degree) @ adjacency, adjacency


class FieldSolver:
    """Solves for the field that bends least between controls and held parts."""

    def __init__(self, mean: np.ndarray, faces: np.ndarray, mirror: np.ndarray) -> None:
        bending, adjacency = laplacian(mean[:NUM_MESH], faces)
        degree = np.asarray(adjacency.sum(1)).ravel()
        stretch = (sparse.diags(degree) - adjacency) / degree.mean()
        self.energy = (bending.T @ bending + MEMBRANE * stretch).tocsc()
        self.mirror = mirror
        self.parts = _parts(mean, mirror)

    def field(self, controls: dict[int, np.ndarray], hold: set[int]) -> np.ndarray:
        """(478, k) field with the controls met closely and the held vertices at zero; irises stay zero."""
        width = len(next(iter(controls.values())))
        weight, target = np.zeros(NUM_MESH), np.zeros((NUM_MESH, width))
        weight[list(hold)] = HOLD_WEIGHT
        for i, value in controls.items():
            weight[i], target[i] = CONTROL_WEIGHT, value
        solved = splu((self.energy + sparse.diags(weight)).tocsc()).solve(weight[:, None] * target)
        return np.concatenate([solved, np.zeros((len(self.mirror) - NUM_MESH, width))])

    def solve(self, shape: Shape) -> np.ndarray:
        """The displacement field (478, 3) of an authored shape at coefficient 1.0."""
        controls = {i: np.array(v, float) for i, v in shape.controls.items()}
        if shape.both:
            mirrored = {int(self.mirror[i]): v * [-1, 1, 1] for i, v in controls.items()}
            for i in controls.keys() & mirrored.keys():  # on the midline
                controls[i] = mirrored[i] = (controls[i] + mirrored[i]) / 2
            controls |= mirrored
        hold = set().union(*(self.parts[name] for name in shape.hold)) - controls.keys()
        return self.field(controls, hold)


def _both(mirror: np.ndarray, *left: int) -> set[int]:
    return set(left) | {int(mirror[i]) for i in left}


def _parts(mean: np.ndarray, mirror: np.ndarray) -> dict[str, set[int]]:
    """Named sets of vertices that a shape may hold still."""
    y = mean[:NUM_MESH, 1]
    above_brows = set(np.flatnonzero(y < mean[105, 1] - 0.7).tolist())
    upper = [*LID_UPPER, *LID_UPPER_RING, *LID_UPPER_FOLD]
    lower = [*LID_LOWER, *LID_LOWER_RING, *LID_LOWER_FOLD]
    corners = [263, 362, 359, 463, 446, 464, 255]
    lids_left = set(upper + lower + corners)
    lips_up = {i for chain in (*UPPER_CHAINS, ABOVE_LIP) for i in chain}
    lips_low = {i for chain in (*LOWER_CHAINS, BELOW_LIP) for i in chain}
    corner = set(UPPER_CHAINS[0][:1]) | {306, 292, 308, 287}
    both = lambda s: _both(mirror, *s)  # noqa: E731
    cheeks = [425, 280, 352, 411, 427, 330, 266, 347, 346, 345, 340, 372, 447, 454, 366, 401, 376, 433, 434, 436, 426]
    nose = [4, 1, 2, 5, 19, 94, 327, 358, 279, 331, 294, 278, 344, 440, 420, 429, 360, 363, 281, 275, 326, 328, 290,
            305]  # fmt: skip
    return {
        "oval": set(OVAL),
        "oval_upper": {i for i in OVAL if y[i] < y[58] - 0.5},
        "forehead": above_brows | {9, 8, 151},
        "forehead_top": set(FOREHEAD_TOP),
        "brows": both([*BROW_UPPER, *BROW_LOWER]),
        "brows_right": {int(mirror[i]) for i in (*BROW_UPPER, *BROW_LOWER)},
        "bridge": set(BRIDGE),
        "nose": both(nose),
        "mouth": both(lips_up | lips_low),
        "lower_lip": both(lips_low - corner),
        "lower_lip_core": both({i for chain in LOWER_CHAINS for i in chain[1:]}),
        "upper_lip_core": both({i for chain in UPPER_CHAINS for i in chain[1:]}),
        "chin": both(CHIN),
        "cheeks": both(cheeks),
        "lids": both(lids_left),
        "lids_right": {int(mirror[i]) for i in lids_left},
        "lids_upper": both([*upper, *corners]),
        "lids_upper_only": both([*LID_UPPER, *LID_UPPER_RING, *corners]),
        "lids_lower": both([*lower, *corners]),
        "lid_contours": set(EYE_LEFT) | set(EYE_RIGHT),
    }


def jaw_weights(mean: np.ndarray, faces: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """(478,) share of the jaw's motion at each vertex: chin and lower lip 1, upper lip 0, corners between."""
    solver = FieldSolver(mean, faces, mirror)
    controls = {}
    for chain, profile in (
        *[(c, (0.42, 0.66, 0.86, 0.97, 1.0, 1.0)) for c in LOWER_CHAINS],
        *[(c, (0.42, 0.2, 0.08, 0.05, 0.04, 0.04)) for c in UPPER_CHAINS],
        (BELOW_LIP, (0.4, 0.7, 0.9, 0.98, 1.0, 1.0)),
        (ABOVE_LIP, (0.4, 0.24, 0.1, 0.04, 0.02, 0.02)),
        ((152, 377, 400, 378, 379, 365, 397, 288, 361), (1, 1, 1, 0.99, 0.96, 0.88, 0.76, 0.55, 0.25)),
        ((175, 199, 200, 421, 418, 424, 428, 396, 369, 262), (1.0,) * 10),
        ((430, 394, 364, 367, 435, 434, 432), (0.9, 0.82, 0.72, 0.56, 0.42, 0.45, 0.46)),
        ((436, 426, 427, 425, 411, 416, 433, 401, 376), (0.24, 0.1, 0.2, 0.06, 0.12, 0.36, 0.34, 0.2, 0.15)),
    ):
        controls |= dict(zip(chain, profile, strict=True))
    controls |= {int(mirror[i]): w for i, w in controls.items()}
    hold = set().union(*(solver.parts[p] for p in ("oval_upper", "forehead", "brows", "bridge", "lids", "nose")))
    weights = solver.field({i: np.array([w]) for i, w in controls.items()}, hold - controls.keys())[:, 0]
    return np.clip((weights + weights[mirror]) / 2, 0.0, 1.0)
