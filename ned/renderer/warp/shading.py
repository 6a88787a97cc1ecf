"""Low-frequency re-shading: skin that turns towards the light gets lighter, skin that turns away darker."""

from __future__ import annotations

from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float, Int

LIMIT = 0.16
"""Largest relative change of luminance."""

_STEADINESS = 0.9  # share of the previous frames' light that is kept


@numba.njit(cache=True, nogil=True)
@no_type_check  # the tests' shape checker would wrap it, and the compiler refuse the wrapper
def _normals(vertices, triangles):  # pragma: no cover - compiled
    out = np.zeros_like(vertices)
    for t in range(triangles.shape[0]):
        i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, az = vertices[j, 0] - vertices[i, 0], vertices[j, 1] - vertices[i, 1], vertices[j, 2] - vertices[i, 2]
        bx, by, bz = vertices[k, 0] - vertices[i, 0], vertices[k, 1] - vertices[i, 1], vertices[k, 2] - vertices[i, 2]
        # clockwise on a screen with y down and z away: this cross product points to the camera's side as −z
        nx, ny, nz = -(ay * bz - az * by), -(az * bx - ax * bz), -(ax * by - ay * bx)
        for v in (i, j, k):
            out[v, 0] += nx
            out[v, 1] += ny
            out[v, 2] += nz
    for v in range(out.shape[0]):
        length = np.sqrt(out[v, 0] ** 2 + out[v, 1] ** 2 + out[v, 2] ** 2)
        if length > 1e-9:
            out[v] /= length
    return out


def vertex_normals(vertices: Float[np.ndarray, "v 3"], triangles: Int[np.ndarray, "t 3"]) -> Float[np.ndarray, "v 3"]:
    """Unit normals, area-weighted, pointing out of the face: (0, 0, −1) for one that looks at the camera."""
    return _normals(np.ascontiguousarray(vertices, np.float32), triangles)


class Light:
    """Ambient plus one distant light, fitted to the face's own luminance frame by frame, kept steady."""

    def __init__(self, triangles: Int[np.ndarray, "t 3"], skin: Int[np.ndarray, "s"]) -> None:
        self._triangles, self._skin = triangles, skin
        self._light: np.ndarray | None = None

    def ratio(
        self,
        luminance: Float[np.ndarray, "h w"],
        source: Float[np.ndarray, "v 3"],
        target: Float[np.ndarray, "v 3"],
    ) -> Float[np.ndarray, "v"]:
        """Relative change of luminance of every vertex, within ±`LIMIT`.

        `luminance` is the source region's; `source`, `target` are its vertices in pixels, with depth.
        """
        before, after = vertex_normals(source, self._triangles), vertex_normals(target, self._triangles)
        x = np.clip(source[self._skin, 0].astype(np.int32), 0, luminance.shape[1] - 1)
        y = np.clip(source[self._skin, 1].astype(np.int32), 0, luminance.shape[0] - 1)
        design = np.concatenate([np.ones((len(self._skin), 1), np.float32), before[self._skin]], 1)
        gram = design.T @ design + 0.02 * len(self._skin) * np.diag([0.0, 1.0, 1.0, 1.0])
        light = np.linalg.solve(gram, design.T @ luminance[y, x])
        self._light = light if self._light is None else _STEADINESS * self._light + (1 - _STEADINESS) * light
        ambient, direction = self._light[0], self._light[1:]
        shade_before = np.maximum(ambient + before @ direction, 0.05)
        shade_after = np.maximum(ambient + after @ direction, 0.05)
        return np.clip(shade_after / shade_before - 1.0, -LIMIT, LIMIT).astype(np.float32)
