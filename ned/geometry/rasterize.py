"""Triangle rasterisation of per-vertex attributes, with a depth buffer.

`rasterize` is the fast kernel; `rasterize_reference` its slow, readable twin for the tests.
"""

from __future__ import annotations

from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float, Int

EDGE_TOLERANCE = 1e-4  # barycentric slack that closes the cracks between neighbouring triangles

_SHORT = 6  # pixels; in shorter rows it costs more to find the ends than to ask every pixel


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
    # an attribute at a corner, and what it gains from there to the other two: what is even stays so to the last digit
    gains = np.empty((3, channels), np.float32)
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
        if x_min > x_max or y_min > y_max:
            continue
        for m in range(channels):
            gains[0, m], gains[1, m] = attributes[i, m], attributes[j, m] - attributes[i, m]
            gains[2, m] = attributes[k, m] - attributes[i, m]
        inverse = np.float32(1.0) / area
        slope_a, slope_b = (yj - yk) * inverse, (yk - yi) * inverse
        slope_c = -slope_a - slope_b
        for row in range(y_min, y_max + 1):
            y, left = np.float64(row), np.float64(x_min)  # so that what is even stays so to the last digit
            a_left = ((xj - left) * (yk - y) - (xk - left) * (yj - y)) * inverse
            b_left = ((xk - left) * (yi - y) - (xi - left) * (yk - y)) * inverse
            first, last = 0, x_max - x_min
            if last > _SHORT:  # weights change evenly along a row, so that most pixels outside need not be asked
                first, last = _inside(a_left, slope_a, first, last)
                first, last = _inside(b_left, slope_b, first, last)
                first, last = _inside(1.0 - a_left - b_left, slope_c, first, last)
            for x in range(x_min + first, x_min + last + 1):
                a = a_left + slope_a * (x - x_min)
                b = b_left + slope_b * (x - x_min)
                c = 1.0 - a - b
                if a < -EDGE_TOLERANCE or b < -EDGE_TOLERANCE or c < -EDGE_TOLERANCE:
                    continue
                z = depth[i] + b * (depth[j] - depth[i]) + c * (depth[k] - depth[i])  # flat to the last digit
                if z >= buffer[row, x]:
                    continue
                buffer[row, x] = z
                p, q = np.float32(b), np.float32(c)
                for m in range(channels):
                    image[row, x, m] = gains[0, m] + p * gains[1, m] + q * gains[2, m]


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
                if (weights < -EDGE_TOLERANCE).any():
                    continue
                z = weights @ depth[t]
                if z < buffer[y, x]:
                    buffer[y, x] = z
                    image[y, x] = weights @ attributes[t]
