"""Compiled loops of `ned.renderer.warp.layers` and `ned.renderer.warp.eyes`; the tests hold plain twins."""

# `no_type_check` keeps the tests' shape checker off: the compiler refuses what it makes of a function.

from typing import no_type_check

import numba
import numpy as np


@numba.njit(inline="always")
@no_type_check
def _clip(value, low, high):  # pragma: no cover - compiled
    return min(max(value, low), high)


@numba.njit(cache=True, nogil=True)
@no_type_check
def slide(upper, lower, top, bottom, upper_motion, lower_motion, rows, band, margin, out):  # pragma: no cover
    """See `layers.source_grid`: contours before the edit, then after it; `out` "r n 2"."""
    one, n = np.float32(1), upper.shape[0]
    ax, ay = upper[n - 1, 0] - upper[0, 0], upper[n - 1, 1] - upper[0, 1]
    width = max(np.sqrt(ax * ax + ay * ay), np.float32(1e-6))
    ax, ay = ax / width, ay / width
    for j in range(n):
        ux, uy = upper[j, 0], upper[j, 1]
        sx, sy = lower[j, 0] - ux, lower[j, 1] - uy
        squared = sx * sx + sy * sy
        length2 = max(squared, np.float32(0.25))
        middle = _clip(np.float32(min(j, n - 1 - j)) / np.float32(n - 1) / np.float32(0.3), np.float32(0), one)
        open_enough = _clip(np.sqrt(squared) / np.float32(3), np.float32(0), one)  # a shut hole shows nothing to slide
        reached = np.float32(-1e9)
        for i in range(rows.shape[0]):
            v = rows[i]
            # where the content would be if it kept its place, and how far down its column that is
            x = (one - v) * top[j, 0] + v * bottom[j, 0] - ((one - v) * upper_motion[0] + v * lower_motion[0])
            y = (one - v) * top[j, 1] + v * bottom[j, 1] - ((one - v) * upper_motion[1] + v * lower_motion[1])
            along = _clip(((x - ux) * sx + (y - uy) * sy) / length2, margin, one - margin)
            inside = _clip(min(v, one - v) / band, np.float32(0), one)
            reached = max(reached, v + inside * (along - v))
            # sideways the content stays where it was, less and less towards the corners
            fx, fy = (one - v) * ux + v * lower[j, 0], (one - v) * uy + v * lower[j, 1]
            sideways = ((x - fx) * ax + (y - fy) * ay) * inside * middle * open_enough
            out[i, j, 0], out[i, j, 1] = ux + reached * sx + sideways * ax, uy + reached * sy + sideways * ay


@numba.njit(cache=True, nogil=True)
@no_type_check
def _height(x, lip, order):  # pragma: no cover - compiled
    """Of a lip at `x`, linear between its points, which rise in the order `order`."""
    n = order.shape[0]
    if x <= lip[order[0], 0]:
        return lip[order[0], 1]
    for k in range(1, n):
        right = lip[order[k], 0]
        if x < right or k == n - 1:
            left = lip[order[k - 1], 0]
            share = _clip((x - left) / max(right - left, np.float32(1e-12)), np.float32(0), np.float32(1))
            return lip[order[k - 1], 1] + share * (lip[order[k], 1] - lip[order[k - 1], 1])
    return lip[order[n - 1], 1]


@numba.njit(inline="always")
@no_type_check
def _turned(points, ax, ay):  # pragma: no cover - compiled
    """Points along a direction, and across it."""
    out = np.empty((points.shape[0], 2), np.float32)
    for n in range(points.shape[0]):
        out[n, 0] = points[n, 0] * ax + points[n, 1] * ay
        out[n, 1] = points[n, 1] * ax - points[n, 0] * ay
    return out


@numba.njit(cache=True, nogil=True)
@no_type_check
def spread_mouth(upper, lower, top, bottom, rows, position, most_widening, out):  # pragma: no cover - compiled
    """See `layers.mouth_grid`: contours before the edit, then after it; `position` as of `layers.parted`."""
    one, half_of = np.float32(1), np.float32(0.5)
    n = upper.shape[0]
    ax, ay = upper[n - 1, 0] - upper[0, 0], upper[n - 1, 1] - upper[0, 1]
    width = max(np.sqrt(ax * ax + ay * ay), np.float32(1e-6))
    ax, ay = ax / width, ay / width
    su, sl, tu, tl = _turned(upper, ax, ay), _turned(lower, ax, ay), _turned(top, ax, ay), _turned(bottom, ax, ay)
    rising_up, rising_low = np.argsort(su[:, 0]), np.argsort(sl[:, 0])
    # as wide as in the source in the middle; what is gained or lost lies towards the corners, where it is dark
    middle, half = half_of * (tu[0, 0] + tu[n - 1, 0]), max(half_of * (tu[n - 1, 0] - tu[0, 0]), np.float32(1e-6))
    widening = _clip(np.float32(2) * half / width, one / most_widening, most_widening)
    centre = half_of * (su[0, 0] + su[n - 1, 0])
    for i in range(rows.shape[0]):
        v = rows[i]
        for j in range(n):
            u = _clip(((one - v) * tu[j, 0] + v * tl[j, 0] - middle) / half, -one, one)
            x = centre + half_of * width * (widening * u - (widening - one) * u * u * u)
            above, below = _height(x, su, rising_up), _height(x, sl, rising_low)
            down = above + position[i] * max(below - above, np.float32(0))
            out[i, j, 0], out[i, j, 1] = x * ax - down * ay, x * ay + down * ax


@numba.njit(cache=True, nogil=True)
@no_type_check
def mirror_share(upper, lower, wanted, centre, normal, rows, limits, out):  # pragma: no cover - compiled
    """See `eyes.uncovered`; `limits`: what lies in the lid's shadow, the least and the full raise, what is visible, the
    seam."""
    shadowed, least, full, visible_to, seam_width = limits
    one, n = 1.0, upper.shape[0]
    for j in range(n):
        ux, uy = float(upper[j, 0]), float(upper[j, 1])
        sx, sy = lower[j, 0] - ux, lower[j, 1] - uy
        length2 = max(sx * sx + sy * sy, 0.25)
        first = ((wanted[0, j, 0] - ux) * sx + (wanted[0, j, 1] - uy) * sy) / length2
        raised = _clip((-first - least) / (full - least), 0.0, one)
        corners = _clip((min(j, n - 1 - j) / (n - 1) - 0.18) / 0.15, 0.0, one)
        for i in range(rows.shape[0]):
            x, y = float(wanted[i, j, 0]), float(wanted[i, j, 1])
            along = ((x - ux) * sx + (y - uy) * sy) / length2
            off = 2.0 * ((x - centre[0]) * normal[0] + (y - centre[1]) * normal[1])
            x, y = x - off * normal[0], y - off * normal[1]
            mirrored = ((x - ux) * sx + (y - uy) * sy) / length2
            visible = _clip((visible_to - mirrored) / 0.1, 0.0, one) if mirrored > along else 0.0
            hidden = min(2.0 * _clip((shadowed - along) / shadowed, 0.0, one), one)
            out[i, j] = hidden * raised * visible * corners * _clip(0.6 + rows[i] / seam_width, 0.0, one)
