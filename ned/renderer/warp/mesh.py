"""The mesh that is drawn: the face model's skin, held in the image by two outer rings.

The inner ring lets the skin around the face give way (neck under a lowered jaw, hair line); the outer
one does not move, so that the background stays where it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float, Int

from ned.geometry.landmarks import LANDMARKS
from ned.renderer.warp.lips import LOWER, UPPER
from ned.renderer.warp.mesh_kernels import add_rings

OVAL = LANDMARKS.oval
"""Landmarks of the face's outline, clockwise on the screen from the top of the forehead."""

RINGS = ((1.07, 0.7), (1.15, 0.3), (1.26, 0.0))
"""Distance of each ring from the centre, in oval radii, and its share of the oval's motion."""

_OVAL, _RINGS = np.array(OVAL), np.array(RINGS, np.float32)

MIN_AREA_SHARE = 0.18
"""A triangle squeezed below this share of its area counts as folded."""

LEADER = np.float32(0.06)
"""How far a folded vertex that moves more than its neighbours gives way to them in one round."""

SLIVER_SHARE = 1e-5
"""Triangles below this share of the squared width of the mesh cannot be seen."""


@dataclass(frozen=True)
class SkinMesh:
    """Triangles over the face model's vertices followed by the ring vertices."""

    num_vertices: int
    triangles: Int[np.ndarray, "t 3"]
    guarded: Int[np.ndarray, "g 3"]
    """Those that must not fold: all but the flesh of the lips, which `ned.renderer.warp.lips` keeps in order."""
    neighbours: Int[np.ndarray, "e 2"]

    def with_rings(
        self, source: Float[np.ndarray, "v 3"], target: Float[np.ndarray, "v 3"]
    ) -> tuple[Float[np.ndarray, "drawn 3"], Float[np.ndarray, "drawn 3"]]:
        """Source and target positions in pixels with the ring vertices appended."""
        sources, targets = np.empty((2, len(source) + len(RINGS) * len(OVAL), 3), np.float32)
        add_rings(source, target, _OVAL, _RINGS, sources, targets)
        return sources, targets


@lru_cache(maxsize=4)
def _ring_triangles(num_vertices: int) -> np.ndarray:
    n = len(OVAL)
    loops = [np.array(OVAL)] + [num_vertices + k * n + np.arange(n) for k in range(len(RINGS))]
    out = []
    for inner, outer in zip(loops[:-1], loops[1:], strict=True):
        a, b, c, d = inner, np.roll(inner, -1), np.roll(outer, -1), outer
        out += [np.stack([a, d, b], 1), np.stack([b, d, c], 1)]
    return np.concatenate(out)


def build_skin_mesh(triangles: Int[np.ndarray, "t 3"], num_vertices: int) -> SkinMesh:
    """Adds the rings to the face model's `triangles` (clockwise on the screen for a frontal face)."""
    everything = np.concatenate([triangles, _ring_triangles(num_vertices)]).astype(np.int32)
    edges = np.concatenate([everything[:, [0, 1]], everything[:, [1, 2]], everything[:, [2, 0]]])
    neighbours = np.unique(np.sort(edges, axis=1), axis=0).astype(np.int32)
    guarded = everything[~np.isin(everything, np.concatenate([UPPER, LOWER])).all(axis=1)]
    return SkinMesh(num_vertices + len(RINGS) * len(OVAL), everything, guarded, neighbours)


@numba.njit(cache=True, nogil=True)
@no_type_check  # the tests' shape checker would wrap it, and the compiler refuse the wrapper
def _unfold(source, target, triangles, neighbours, min_share, min_area, rounds):  # pragma: no cover - compiled
    n, channels = source.shape
    motion = target - source
    total = np.zeros_like(motion)
    count = np.zeros(n, np.float32)
    bad = np.zeros(n, np.bool_)
    for turn in range(rounds):
        bad[:] = False
        found = False
        for t in range(triangles.shape[0]):
            i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            ax, ay = source[j, 0] - source[i, 0], source[j, 1] - source[i, 1]
            bx, by = source[k, 0] - source[i, 0], source[k, 1] - source[i, 1]
            before = ax * by - bx * ay
            if before <= min_area:  # a sliver, or turned away already
                continue
            ax, ay = ax + motion[j, 0] - motion[i, 0], ay + motion[j, 1] - motion[i, 1]
            bx, by = bx + motion[k, 0] - motion[i, 0], by + motion[k, 1] - motion[i, 1]
            if ax * by - bx * ay < min_share * before:
                bad[i] = bad[j] = bad[k] = True
                found = True
        if not found:
            break
        # the folded vertices and their neighbours move more alike; if that is not enough, less
        total[:] = 0.0
        count[:] = 0.0
        for e in range(neighbours.shape[0]):
            i, j = neighbours[e, 0], neighbours[e, 1]
            if bad[i] or bad[j]:
                for m in range(channels):
                    total[i, m] += motion[j, m]
                    total[j, m] += motion[i, m]
                count[i] += 1.0
                count[j] += 1.0
        keep = np.float32(1.0) if turn < rounds // 2 else np.float32(0.85)
        for v in range(n):
            if count[v] > 0:
                own, around = np.float32(0.0), np.float32(0.0)
                for m in range(channels):
                    own += motion[v, m] ** 2
                    around += (total[v, m] / count[v]) ** 2
                # what moves less follows what moves more, so that a corner of the mouth takes its cheek along
                follow = np.float32(0.5) if own < around else LEADER
                blend = follow if bad[v] else np.float32(0.4) * follow
                shrink = keep if bad[v] else np.float32(1.0)
                for m in range(channels):
                    motion[v, m] = shrink * ((1 - blend) * motion[v, m] + blend * total[v, m] / count[v])
    return source + motion


def unfold(
    mesh: SkinMesh, source: Float[np.ndarray, "drawn 3"], target: Float[np.ndarray, "drawn 3"], rounds: int = 32
) -> Float[np.ndarray, "drawn 3"]:
    """`target` without folds: where a triangle would flip or collapse, its vertices and their neighbours
    are moved more alike, and if that does not open it, less. Slivers too small to be seen are left."""
    size = float(np.ptp(source[:, 0]))
    return _unfold(
        source, target, mesh.guarded, mesh.neighbours,
        np.float32(MIN_AREA_SHARE), np.float32(SLIVER_SHARE * size * size), rounds,
    )  # fmt: skip
