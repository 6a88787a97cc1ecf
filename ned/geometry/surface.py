"""Nearest points on a triangle mesh, and one mesh laid smoothly onto another.

The registration is non-rigid ICP in its plainest form (Amberg et al. 2007, with a thin plate in place of local
affinities): in turns, each point looks for the nearest point of the surface that faces the same way, and the
displacement that is smoothest for its closeness is solved for, ever less smooth. Anchors are pairs known for certain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import coo_matrix, diags
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

STIFFNESS = (50.0, 20.0, 8.0, 3.0, 1.0, 0.5, 0.3)
"""Of the thin plate in each turn, against closeness."""
ANCHOR_WEIGHT = 40.0
MIN_FACING = 0.5
"""Cosine between normals from which on a point may be matched."""


@dataclass(frozen=True, eq=False)
class Nearest:
    """Where on a mesh points come to lie."""

    triangles: Int[np.ndarray, "points"]
    weights: Float[np.ndarray, "points 3"]
    positions: Float[np.ndarray, "points 3"]


@numba.njit(cache=True, nogil=True)
@no_type_check  # the tests' shape checker would wrap it, and the compiler refuse the wrapper
def _closest(points, vertices, triangles, candidates):  # pragma: no cover - compiled
    """Ericson's nearest point on a triangle (Real-Time Collision Detection, 5.1.5), the best of some triangles."""
    count = len(points)
    best, weights = np.zeros(count, np.int64), np.zeros((count, 3))
    for n in range(count):
        least = np.inf
        p = points[n]
        for t in candidates[n]:
            a, b, c = vertices[triangles[t, 0]], vertices[triangles[t, 1]], vertices[triangles[t, 2]]
            ab, ac, ap = b - a, c - a, p - a
            d1, d2 = (ab * ap).sum(), (ac * ap).sum()
            bp, cp = p - b, p - c
            d3, d4 = (ab * bp).sum(), (ac * bp).sum()
            d5, d6 = (ab * cp).sum(), (ac * cp).sum()
            va, vb, vc = d3 * d6 - d5 * d4, d5 * d2 - d1 * d6, d1 * d4 - d3 * d2
            u, v, w = 1.0, 0.0, 0.0
            if d1 <= 0 and d2 <= 0:
                pass
            elif d3 >= 0 and d4 <= d3:
                u, v = 0.0, 1.0
            elif d6 >= 0 and d5 <= d6:
                u, w = 0.0, 1.0
            elif vc <= 0 and d1 >= 0 and d3 <= 0:
                v = d1 / max(d1 - d3, 1e-300)
                u = 1.0 - v
            elif vb <= 0 and d2 >= 0 and d6 <= 0:
                w = d2 / max(d2 - d6, 1e-300)
                u = 1.0 - w
            elif va <= 0 and d4 - d3 >= 0 and d5 - d6 >= 0:
                w = (d4 - d3) / max((d4 - d3) + (d5 - d6), 1e-300)
                u, v = 0.0, 1.0 - w
            else:
                total = max(va + vb + vc, 1e-300)
                v, w = vb / total, vc / total
                u = 1.0 - v - w
            distance = ((u * a + v * b + w * c - p) ** 2).sum()
            if distance < least:
                least = distance
                best[n] = t
                weights[n, 0], weights[n, 1], weights[n, 2] = u, v, w
    return best, weights


class Surface:
    """A triangle mesh to find nearest points on."""

    def __init__(self, vertices: Float[np.ndarray, "v 3"], triangles: Int[np.ndarray, "t 3"]) -> None:
        self.vertices, self.triangles = np.asarray(vertices, np.float64), np.asarray(triangles, np.int64)
        corners = self.vertices[self.triangles]
        self._middles = cKDTree(corners.mean(1))
        cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        self.normals = cross / np.maximum(np.linalg.norm(cross, axis=1, keepdims=True), 1e-300)

    def nearest(
        self,
        points: Float[np.ndarray, "points 3"],
        facing: Float[np.ndarray, "points 3"] | None = None,
        candidates: int = 40,
    ) -> Nearest:
        """The nearest point for each, among the triangles whose middles are nearest; those that face the same way
        as `facing` (unit vectors), where there is one, come first."""
        points = np.asarray(points, np.float64)
        count = min(candidates, len(self.triangles))
        near = self._middles.query(points, k=count)[1].reshape(len(points), count)
        if facing is not None:
            wrong = np.einsum("nkc,nc->nk", self.normals[near], facing) < MIN_FACING
            first = (~wrong).argmax(1)  # a wrong one is replaced by the nearest right one; all stay if none is right
            near = np.where(wrong & ~wrong.all(1)[:, None], near[np.arange(len(near)), first][:, None], near)
        chosen, weights = _closest(points, self.vertices, self.triangles, near)
        at = (self.vertices[self.triangles[chosen]] * weights[..., None]).sum(1)
        return Nearest(chosen, weights, at)


def similarity(
    source: Float[np.ndarray, "points 3"], target: Float[np.ndarray, "points 3"]
) -> tuple[float, Float[np.ndarray, "3 3"], Float[np.ndarray, "3"]]:
    """Scale, rotation and shift with target = scale * rotation @ source + shift, by least squares (Umeyama 1991)."""
    a, b = source - source.mean(0), target - target.mean(0)
    u, s, vt = np.linalg.svd(b.T @ a)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = u * sign @ vt
    scale = float((s * sign).sum() / (a * a).sum())
    return scale, rotation, target.mean(0) - scale * rotation @ source.mean(0)


def point_normals(points: Float[np.ndarray, "points 3"], triangles: Int[np.ndarray, "t 3"]) -> np.ndarray:
    """Unit normals of a mesh's vertices, on the side from which its triangles turn counter-clockwise."""
    corners = points[triangles]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    out = np.zeros_like(points)
    np.add.at(out, triangles, cross[:, None])
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)


def register(
    points: Float[np.ndarray, "points 3"],
    triangles: Int[np.ndarray, "t 3"],
    surface: Surface,
    anchors: tuple[Int[np.ndarray, "anchors"], Float[np.ndarray, "anchors 3"]],
    mirror: Int[np.ndarray, "points"] | None = None,
    stiffness: Sequence[float] = STIFFNESS,
) -> Nearest:
    """Where the vertices of a mesh lie on another one.

    Args:
        points, triangles: the mesh that is laid on, roughly in place, counter-clockwise from outside; cm.
        surface: what it is laid on, turning the same way.
        anchors: vertices whose place is known, and where.
        mirror: each vertex' partner on the other side; displacements are made alike (x mirrored).
    """
    points = np.asarray(points, np.float64)
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    edges = np.unique(np.sort(edges, 1), axis=0)
    count = len(points)
    joined = coo_matrix((np.ones(len(edges)), edges.T), (count, count)).tocsr()
    joined = joined + joined.T
    laplacian = diags(np.asarray(joined.sum(1)).ravel()) - joined
    plate = (laplacian.T @ laplacian).tocsc()
    which, where = anchors
    fixed = np.zeros(count)
    fixed[which] = ANCHOR_WEIGHT
    pull = np.zeros((count, 3))
    pull[which] = ANCHOR_WEIGHT * (where - points[which])
    moved = points.copy()
    for k, stiff in enumerate((1e3, *stiffness)):
        near = surface.nearest(moved, point_normals(moved, triangles))
        close = np.zeros(count) if k == 0 else _trust(moved, near, surface, triangles)
        system = stiff * plate + diags(close + fixed + 1e-6)
        change = splu(system.tocsc()).solve(pull + close[:, None] * (near.positions - points))
        if mirror is not None:
            change = 0.5 * (change + change[mirror] * [-1.0, 1.0, 1.0])
        moved = points + change
    return surface.nearest(moved, point_normals(moved, triangles))


def _trust(moved: np.ndarray, near: Nearest, surface: Surface, triangles: np.ndarray) -> np.ndarray:
    """1 for matches that face the same way and are near, less for others."""
    facing = (point_normals(moved, triangles) * surface.normals[near.triangles]).sum(1)
    gap = np.linalg.norm(near.positions - moved, axis=1)
    scale = max(float(np.median(gap)), 0.05)
    return np.clip((facing - MIN_FACING) / (1 - MIN_FACING), 0, 1) / (1 + (gap / (3 * scale)) ** 2)
