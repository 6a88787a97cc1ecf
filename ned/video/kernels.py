"""Compiled loops of `Frame`. The tests hold a plain numpy twin of each.

Chroma lies where MPEG-2, H.264 and H.265 put it by default: on every second luma column, half-way between
two rows where rows are subsampled (and on the first of the rows and columns that it stands for where the
factor is one). Samples are scaled by the caller: `numbers` = luma offset, luma scale, chroma middle,
chroma scale, then the weights of red and blue.
"""

# `no_type_check` keeps the tests' shape checker off: the compiler refuses what it makes of a function.

from typing import no_type_check

import numba
import numpy as np

_SAMPLES = (numba.types.uint8[:, :], numba.types.uint16[:, :])
_NUMBERS = numba.types.UniTuple(numba.float32, 6)
_IMAGE = numba.float32[:, :, ::1]
_INT = numba.int64


@numba.njit(
    [numba.void(s, s, s, _INT, _INT, _INT, _INT, _NUMBERS, _IMAGE) for s in _SAMPLES],
    cache=True,
    nogil=True,
    fastmath=True,
)
@no_type_check
def rgb_of_yuv(luma, blue, red, x0, y0, shift_x, shift_y, numbers, out):  # pragma: no cover - compiled
    """RGB in [0, 1] of the rectangle at (x0, y0) of the size of `out`, chroma interpolated linearly."""
    offset, scale, middle, chroma_scale, kr, kb = numbers
    zero, one, two = np.float32(0), np.float32(1), np.float32(2)
    kg = one - kr - kb
    r_v, b_u = two * (one - kr), two * (one - kb)
    g_v, g_u = kr * r_v / kg, kb * b_u / kg
    rows, columns = blue.shape
    across, down = np.float32(1 << shift_x), np.float32(1 << shift_y)
    chroma = np.empty((2, columns), np.float32)
    for i in range(out.shape[0]):
        y = y0 + i
        # rows are co-sited in the middle of the lines that they stand for
        v = (np.float32(y) + np.float32(0.5)) / down - np.float32(0.5)
        v = min(max(v, zero), np.float32(rows - 1))
        r0 = int(v)
        r1 = min(r0 + 1, rows - 1)
        wy = v - np.float32(r0)
        first = min(x0 >> shift_x, columns - 1)
        last = min(((x0 + out.shape[1] - 1) >> shift_x) + 1, columns - 1)
        for c in range(first, last + 1):
            chroma[0, c] = (one - wy) * blue[r0, c] + wy * blue[r1, c]
            chroma[1, c] = (one - wy) * red[r0, c] + wy * red[r1, c]
        for j in range(out.shape[1]):
            x = x0 + j
            c0 = min(x >> shift_x, columns - 1)
            c1 = min(c0 + 1, columns - 1)
            wx = np.float32(x - (c0 << shift_x)) / across
            u = ((one - wx) * chroma[0, c0] + wx * chroma[0, c1] - middle) * chroma_scale
            w = ((one - wx) * chroma[1, c0] + wx * chroma[1, c1] - middle) * chroma_scale
            level = (np.float32(luma[y, x]) - offset) * scale
            out[i, j, 0] = min(max(level + r_v * w, zero), one)
            out[i, j, 1] = min(max(level - g_u * u - g_v * w, zero), one)
            out[i, j, 2] = min(max(level + b_u * u, zero), one)


@numba.njit(
    [numba.void(_IMAGE, s, s, s, _INT, _INT, _INT, _INT, _NUMBERS, numba.float32) for s in _SAMPLES],
    cache=True,
    nogil=True,
)
@no_type_check
def add_rgb_to_yuv(delta, luma, blue, red, x0, y0, shift_x, shift_y, numbers, top):  # pragma: no cover - compiled
    """Add an RGB difference at (x0, y0), in place: to the luma sample by sample, to the chroma as its mean over
    the samples of the image that a chroma sample stands for."""
    _, scale, _, chroma_scale, kr, kb = numbers
    zero, one, half = np.float32(0), np.float32(1), np.float32(0.5)
    kg = one - kr - kb
    height, width = luma.shape
    h, w = delta.shape[0], delta.shape[1]
    y_factor = one / scale
    b_factor, r_factor = half / (one - kb) / chroma_scale, half / (one - kr) / chroma_scale
    first = x0 >> shift_x
    count = ((x0 + w - 1) >> shift_x) + 1 - first
    sums = np.empty((2, count), np.float32)
    for row in range(y0 >> shift_y, ((y0 + h - 1) >> shift_y) + 1):
        ya, yb = row << shift_y, min((row + 1) << shift_y, height)
        sums[:] = zero
        for y in range(max(ya, y0), min(yb, y0 + h)):
            for j in range(w):  # apart from the chroma, so that many are done at once; 0 changes nothing
                level = kr * delta[y - y0, j, 0] + kg * delta[y - y0, j, 1] + kb * delta[y - y0, j, 2]
                value = np.floor(np.float32(luma[y, x0 + j]) + level * y_factor + half)
                luma[y, x0 + j] = min(max(value, zero), top)
            for j in range(w):
                level = kr * delta[y - y0, j, 0] + kg * delta[y - y0, j, 1] + kb * delta[y - y0, j, 2]
                at = ((x0 + j) >> shift_x) - first
                sums[0, at] += delta[y - y0, j, 2] - level
                sums[1, at] += delta[y - y0, j, 0] - level
        for at in range(count):
            column = first + at
            if sums[0, at] != 0 or sums[1, at] != 0:
                xa, xb = column << shift_x, min((column + 1) << shift_x, width)
                share = one / np.float32((yb - ya) * (xb - xa))
                value = np.floor(np.float32(blue[row, column]) + sums[0, at] * share * b_factor + half)
                blue[row, column] = min(max(value, zero), top)
                value = np.floor(np.float32(red[row, column]) + sums[1, at] * share * r_factor + half)
                red[row, column] = min(max(value, zero), top)
