"""Triangle rasterisation of per-vertex attributes, with a depth buffer.

`rasterize` is the fast kernel; `rasterize_reference` its slow, readable twin for the tests.
"""

from __future__ import annotations

from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float, Int

_EDGE_TOLERANCE = 1e-4  # barycentric slack that closes the cracks between neighbouring triangles


@numba.njit(inline="always")
@no_type_check
def _inside(weight, slope, first, last):  # pragma: no cover - compiled
    """Steps from `first` to `last` at which a weight that grows by `slope` may be positive: one too many, never
    one too few."""
    if slope > np.float32(1e-6):
        first = max(first, int(-weight / slope) - 2)
    elif slope < np.float32(-1e-6):
        last = min(last, int(-weight / slope) + 2)
    return first, last


@numba.njit(cache=True, nogil=True)
@no_type_check  # the tests' shape checker would wrap it, and the compiler refuse the wrapper
def _fill(vertices, depth, attributes, triangles, image, buffer):  # pragma: no cover - compiled
    height, width, channels = image.shape
    for t in range(triangles.shape[0]):
        i, j, k = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        xi, yi = vertices[i, 0], vertices[i, 1]
        xj, yj = vertices[j, 0], vertices[j, 1]
        xk, yk = vertices[k, 0], vertices[k, 1]
        area = (xj - xi) * (yk - yi) - (xk - xi) * (yj - yi)
        if area <= 1e-6:  # turned away or degenerate
            continue
        x_min = max(int(np.ceil(min(xi, xj, xk) - 1e-3)), 0)
        x_max = min(int(np.floor(max(xi, xj, xk) + 1e-3)), width - 1)
        y_min = max(int(np.ceil(min(yi, yj, yk) - 1e-3)), 0)
        y_max = min(int(np.floor(max(yi, yj, yk) + 1e-3)), height - 1)
        inverse = np.float32(1.0) / area
        slope_a, slope_b = (yj - yk) * inverse, (yk - yi) * inverse
        slope_c = -slope_a - slope_b
        for y in range(y_min, y_max + 1):
            # weights change evenly along a row, so that most of the pixels outside need not be asked
            a = ((xj - x_min) * (yk - y) - (xk - x_min) * (yj - y)) * inverse
            b = ((xk - x_min) * (yi - y) - (xi - x_min) * (yk - y)) * inverse
            first, last = _inside(a, slope_a, 0, x_max - x_min)
            first, last = _inside(b, slope_b, first, last)
            first, last = _inside(np.float32(1.0) - a - b, slope_c, first, last)
            for x in range(x_min + first, x_min + last + 1):
                a = ((xj - x) * (yk - y) - (xk - x) * (yj - y)) * inverse
                b = ((xk - x) * (yi - y) - (xi - x) * (yk - y)) * inverse
                c = np.float32(1.0) - a - b
                if a < -_EDGE_TOLERANCE or b < -_EDGE_TOLERANCE or c < -_EDGE_TOLERANCE:
                    continue
                z = a * depth[i] + b * depth[j] + c * depth[k]
                if z >= buffer[y, x]:
                    continue
                buffer[y, x] = z
                for m in range(channels):
                    image[y, x, m] = a * attributes[i, m] + b * attributes[j, m] + c * attributes[k, m]


def rasterize(
    vertices: Float[np.ndarray, "v 2"],
    depth: Float[np.ndarray, "v"],
    attributes: Float[np.ndarray, "v c"],
    triangles: Int[np.ndarray, "t 3"],
    image: Float[np.ndarray, "h w c"],
    buffer: Float[np.ndarray, "h w"],
) -> None:
    """Draws `attributes` of the triangles into `image`, in place, where nearer than `buffer`.

    Args:
        vertices: pixels, y down; the centre of the top left pixel is (0, 0).
        depth: smaller is nearer.
        triangles: only those that turn clockwise on the screen (y down) are drawn.
        image, buffer: float32, updated; start with `buffer` at infinity.
    """
    _fill(
        np.ascontiguousarray(vertices, np.float32), np.ascontiguousarray(depth, np.float32),
        np.ascontiguousarray(attributes, np.float32), triangles, image, buffer,
    )  # fmt: skip


def rasterize_reference(vertices, depth, attributes, triangles, image, buffer) -> None:
    """What `rasterize` does, one pixel at a time, by solving for the barycentric coordinates."""
    height, width = buffer.shape
    for t in triangles:
        corners = np.vstack([vertices[t].T.astype(np.float64), np.ones(3)])
        if np.linalg.det(corners) <= 1e-6:
            continue
        inverse = np.linalg.inv(corners)
        for y in range(height):
            for x in range(width):
                weights = inverse @ (x, y, 1.0)
                if (weights < -_EDGE_TOLERANCE).any():
                    continue
                z = weights @ depth[t]
                if z < buffer[y, x]:
                    buffer[y, x] = z
                    image[y, x] = weights @ attributes[t]
