"""Motion that is smooth over the skin: the mesh refined, and the field over it that bends least.

Vertices of a face mesh are a centimetre and more apart. A displacement that is linear in each triangle breaks at every
edge and peaks at single vertices, the corners of the mouth most of all; seen as an image, the whole mesh shows. So
the triangles are divided once, and the field f over the finer mesh is the one that minimises

    ∫ w (f − f₀)² + ℓ⁴ ∫ (Δf)² + ∫ b |∂f|²,

f₀ the displacement of the coarse mesh, w large at lips and lids, which must be met, and b the stiffness of the brows
across their own direction: hair moves as a band, the skin above and below it gives way. The Laplacian Δ is that of
cotangents (Pinkall and Polthier, 1993), with natural conditions at the mouth and the eyes, which are holes; the
outermost ring stands still. The answer is linear in f₀, so it is one matrix a face model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float, Int
from scipy import sparse
from scipy.sparse.linalg import splu

from ned.renderer.warp.layers import LEFT_EYE, RIGHT_EYE
from ned.renderer.warp.lips import LOWER, UPPER
from ned.renderer.warp.mesh import OVAL, SkinMesh, build_skin_mesh
from ned.renderer.warp.mesh_kernels import refine

LENGTH_CM = 0.7
"""ℓ, over which the field is free to bend on plain skin."""

HELD_LIPS, HELD_LIDS = 10.0, 150.0
"""w at lips and at lids against 1 elsewhere. The corners of the mouth may give way a little; a raised brow must not
open the eye."""

BROW_HALF_WIDTH_CM = 0.75
"""Hair reaches so far from the middle of the tracked brow."""

BROW_STIFFNESS = 8.0

_STILL = 1e4
_BROWS = (
    ((70, 63, 105, 66, 107), (46, 53, 52, 65, 55)),
    ((300, 293, 334, 296, 336), (276, 283, 282, 295, 285)),
)
"""Upper and lower edge of the actor's right and left brow, from the outer end to the inner."""
_REACH = 0.25  # of the distance between two points of a brow, by which hair goes beyond the last of them
_ALONG = 0.06  # share of a brow's length up to which an edge counts as running across it


@dataclass(frozen=True, eq=False)
class SmoothSkin:
    """The finer mesh of a `SkinMesh`; its first vertices are the coarse ones."""

    triangles: Int[np.ndarray, "t 3"]
    between: sparse.csr_matrix
    """(fine, coarse): every vertex as the mean of the coarse ones that it lies between."""
    smooth: Float[np.ndarray, "fine coarse"]
    """Displacements of the coarse mesh to the smooth field at every fine vertex."""

    def contour(self, vertices: Sequence[int]) -> tuple[int, ...]:
        """Fine vertices along a line of neighbouring coarse ones: they and the middles between them."""
        return tuple(_contour(self, tuple(vertices)))

    def refine(self, values: Float[np.ndarray, "coarse c"]) -> Float[np.ndarray, "fine c"]:
        """Values of the coarse vertices at the fine ones, linear between them."""
        out = np.empty((len(self.smooth), values.shape[1]), np.float32)
        refine(np.ascontiguousarray(values, np.float32), self.ends, out)
        return out

    @cached_property
    def ends(self) -> Int[np.ndarray, "middles 2"]:
        """The two coarse vertices of every middle."""
        return self.between.indices[self.smooth.shape[1] :].reshape(-1, 2).astype(np.int64)

    def motion(self, coarse: Float[np.ndarray, "coarse c"]) -> Float[np.ndarray, "fine c"]:
        """The smooth field of a displacement of the coarse vertices."""
        return np.ascontiguousarray(combine(self._by_coarse, np.ascontiguousarray(coarse, np.float32)).T)

    @cached_property
    def _by_coarse(self) -> Float[np.ndarray, "coarse fine"]:
        return np.ascontiguousarray(self.smooth.T)


@numba.njit(cache=True, nogil=True, fastmath=True)
@no_type_check  # the tests' shape checker would wrap it, and the compiler refuse the wrapper
def combine(rows, weights):  # pragma: no cover - compiled
    """`weights.T @ rows` for three columns of weights: a third of the time that libraries take for a matrix so narrow,
    and rows of no weight are not read."""
    out = np.zeros((3, rows.shape[1]), np.float32)
    for k in range(rows.shape[0]):
        a, b, c = weights[k, 0], weights[k, 1], weights[k, 2]
        if a != 0 or b != 0 or c != 0:
            for j in range(rows.shape[1]):
                value = rows[k, j]
                out[0, j] += a * value
                out[1, j] += b * value
                out[2, j] += c * value
    return out


def build_smooth_skin(triangles: Int[np.ndarray, "t 3"], mean: Float[np.ndarray, "v 3"]) -> SmoothSkin:
    """For the skin of a face model with these triangles (rings are added, see `SkinMesh`) and this mean face in cm."""
    return _build(triangles.astype(np.int32).tobytes(), mean.astype(np.float64).tobytes())


@lru_cache(maxsize=16)
def _contour(skin: SmoothSkin, vertices: tuple[int, ...]) -> list[int]:
    middle_of = {(int(a), int(b)): skin.smooth.shape[1] + k for k, (a, b) in enumerate(np.sort(skin.ends, axis=1))}
    out = [vertices[0]]
    for a, b in zip(vertices[:-1], vertices[1:], strict=True):
        out += [middle_of[min(a, b), max(a, b)], b]
    return out


@lru_cache(maxsize=2)
def _build(triangle_bytes: bytes, mean_bytes: bytes) -> SmoothSkin:
    mean = np.frombuffer(mean_bytes, np.float64).reshape(-1, 3)
    mesh = build_skin_mesh(np.frombuffer(triangle_bytes, np.int32).reshape(-1, 3), len(mean))
    coarse = mesh.with_rings(mean.astype(np.float32), mean.astype(np.float32))[0].astype(np.float64)
    between, fine = divide(mesh.triangles, mesh.num_vertices)
    places = between @ coarse
    stiffness, area = cotangent_laplacian(places, fine)
    weights, still = _weights(mesh, between)
    bending = stiffness @ sparse.diags(1.0 / area) @ stiffness * LENGTH_CM**4
    system = bending + sparse.diags(area * (weights + still)) + _brow_bands(places, fine, coarse)
    used = np.unique(fine)  # irises belong to no triangle
    wanted = (sparse.diags(area * weights) @ between).tocsr()[used]
    smooth = np.zeros((len(places), mesh.num_vertices), np.float32)
    smooth[used] = splu(system.tocsc()[used][:, used]).solve(wanted.toarray())
    return SmoothSkin(fine, between, smooth)


def divide(triangles: Int[np.ndarray, "t 3"], count: int) -> tuple[sparse.csr_matrix, Int[np.ndarray, "t4 3"]]:
    """Every triangle as four: the matrix from `count` vertices to those and the middles of all edges, and the
    triangles. They turn as before."""
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    unique, which = np.unique(edges, axis=0, return_inverse=True)
    ab, bc, ca = count + which.reshape(3, -1)
    a, b, c = triangles.T
    parts = [np.stack(corners, 1) for corners in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    rows = np.repeat(np.arange(len(unique)), 2)
    middles = sparse.csr_matrix((np.full(2 * len(unique), 0.5), (rows, unique.ravel())), (len(unique), count))
    return sparse.vstack([sparse.eye(count), middles]).tocsr(), np.concatenate(parts).astype(np.int32)


def cotangent_laplacian(
    vertices: Float[np.ndarray, "v 3"], triangles: Int[np.ndarray, "t 3"]
) -> tuple[sparse.csr_matrix, Float[np.ndarray, "v"]]:
    """Stiffness matrix (positive) and the area that belongs to each vertex. Slivers are bounded."""
    rows, columns, values = [], [], []
    area = np.zeros(len(vertices))
    for k in range(3):
        i, j, opposite = (triangles[:, (k + m) % 3] for m in range(3))
        a, b = vertices[i] - vertices[opposite], vertices[j] - vertices[opposite]
        twice = np.linalg.norm(np.cross(a, b), axis=1)
        cotangent = np.clip(0.5 * (a * b).sum(1) / np.maximum(twice, 1e-9), 0.02, 10.0)
        rows += [i, j]
        columns += [j, i]
        values += [cotangent, cotangent]
        np.add.at(area, i, twice / 6.0)
    at = np.concatenate(rows), np.concatenate(columns)
    adjacency = sparse.coo_matrix((np.concatenate(values), at), (len(vertices),) * 2).tocsr()
    return sparse.diags(np.asarray(adjacency.sum(1)).ravel()) - adjacency, np.maximum(area, 1e-6)


def _weights(mesh: SkinMesh, between: sparse.csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """How closely each fine vertex is to follow the coarse mesh, and how firmly it is to stand still."""
    lips, lids, outermost = np.zeros((3, mesh.num_vertices))
    lips[np.concatenate([UPPER.ravel(), LOWER.ravel()])] = 1.0
    lids[[*LEFT_EYE.upper, *LEFT_EYE.lower, *RIGHT_EYE.upper, *RIGHT_EYE.lower]] = 1.0
    outermost[-len(OVAL) :] = 1.0
    on_lips, on_lids = (np.clip((between @ part - 0.6) / 0.4, 0.0, 1.0) for part in (lips, lids))
    return 1.0 + HELD_LIPS * on_lips + HELD_LIDS * on_lids, np.where(between @ outermost > 0.45, _STILL, 0.0)


def _brow_bands(
    places: Float[np.ndarray, "fine 3"], triangles: Int[np.ndarray, "t 3"], coarse: Float[np.ndarray, "coarse 3"]
) -> sparse.csr_matrix:
    """Springs along the edges that run across a brow."""
    edges = np.unique(
        np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1), axis=0
    )
    total = sparse.csr_matrix((len(places),) * 2)
    for upper, lower in _BROWS:
        line = (coarse[list(upper), :2] + coarse[list(lower), :2]) / 2
        line[0] += _REACH * (line[0] - line[1])
        line[-1] += _REACH * (line[-1] - line[-2])
        distance, along = to_line(places[:, :2], line)
        i, j = edges[(distance < BROW_HALF_WIDTH_CM)[edges].all(1)].T
        spring = BROW_STIFFNESS * np.exp(-(((along[i] - along[j]) / _ALONG) ** 2))
        at = np.concatenate([i, j, i, j]), np.concatenate([i, j, j, i])
        total = total + sparse.coo_matrix((np.concatenate([spring, spring, -spring, -spring]), at), total.shape).tocsr()
    return total


def to_line(
    points: Float[np.ndarray, "n 2"], line: Float[np.ndarray, "m 2"] | Sequence
) -> tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n"]]:
    """Distance of points to a polyline, and where along it (0 to 1, every piece alike) its nearest point lies."""
    nearest, along = np.full(len(points), np.inf), np.zeros(len(points))
    pieces = len(line) - 1
    for k in range(pieces):
        step = line[k + 1] - line[k]
        share = np.clip((points - line[k]) @ step / (step @ step), 0.0, 1.0)
        distance = np.linalg.norm(points - line[k] - share[:, None] * step, axis=1)
        nearer = distance < nearest
        nearest[nearer], along[nearer] = distance[nearer], (k + share[nearer]) / pieces
    return nearest, along
