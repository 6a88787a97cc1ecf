"""Compiled loops of `ned.renderer.warp.field`; the tests hold plain twins.

Displacements are of two resolutions: over plain skin, where they are smooth, one value for each block of pixels, and
around the holes of the mesh, mouth and eyes, one for each pixel. Channels of a drawn field, of either: displacement x
and y, surface coordinates u and v, shade, unseen.
"""

# `no_type_check` keeps the tests' shape checker off: the compiler refuses what it makes of a function.

from typing import no_type_check

import numba
import numpy as np


@numba.njit(inline="always")
@no_type_check
def _look_up(textures, u, v):  # pragma: no cover - compiled
    """Both values of the textures at surface coordinates in [0, 1], bilinear; 0 outside."""
    zero, one = np.float32(0), np.float32(1)
    last = textures.shape[0] - 1
    if u < zero or v < zero or u > one or v > one:
        return zero, zero
    x, y = u * np.float32(last), v * np.float32(last)
    j, i = int(x), int(y)
    right, below = min(j + 1, last), min(i + 1, last)
    p, q = x - np.float32(j), y - np.float32(i)
    a = (one - q) * ((one - p) * textures[i, j, 0] + p * textures[i, right, 0])
    a += q * ((one - p) * textures[below, j, 0] + p * textures[below, right, 0])
    b = (one - q) * ((one - p) * textures[i, j, 1] + p * textures[i, right, 1])
    b += q * ((one - p) * textures[below, j, 1] + p * textures[below, right, 1])
    return a, b


@numba.njit(cache=True, nogil=True)
@no_type_check
def read_blocks(drawn, textures, values, wrinkles):  # pragma: no cover - compiled
    """From a field that was drawn one pixel a block: displacement, shade and share of skin, and both textures."""
    for i in range(drawn.shape[0]):
        for j in range(drawn.shape[1]):
            values[i, j, 0], values[i, j, 1], values[i, j, 2] = drawn[i, j, 0], drawn[i, j, 1], drawn[i, j, 4]
            values[i, j, 3] = np.float32(1)
            wrinkles[i, j, 0], wrinkles[i, j, 1] = _look_up(textures, drawn[i, j, 2], drawn[i, j, 3])


@numba.njit(cache=True, nogil=True)
@no_type_check
def average_blocks(drawn, hole, textures, block, low, values, wrinkles):  # pragma: no cover - compiled
    """From a field that was drawn pixel by pixel in a box at `low` (x, y): means over blocks, of the displacement and
    the shade times skin, and of skin. Where u is `hole` there is none. In the box, u becomes 1 for skin and 0 for
    holes, v the value of the first texture."""
    zero, one = np.float32(0), np.float32(1)
    height, width = drawn.shape[:2]
    for i in range(0, height, block):
        for j in range(0, width, block):
            dx, dy, light, count, line, fold = zero, zero, zero, zero, zero, zero
            for y in range(i, min(i + block, height)):
                for x in range(j, min(j + block, width)):
                    if drawn[y, x, 2] == hole:
                        drawn[y, x, 2], drawn[y, x, 3] = zero, zero
                        continue
                    a, b = _look_up(textures, drawn[y, x, 2], drawn[y, x, 3])
                    drawn[y, x, 2], drawn[y, x, 3] = one, a
                    dx += drawn[y, x, 0]
                    dy += drawn[y, x, 1]
                    light += drawn[y, x, 4]
                    count += one
                    line += a
                    fold += b
            share = one / np.float32(min(block, height - i) * min(block, width - j))
            row, column = (low[1] + i) // block, (low[0] + j) // block
            values[row, column, 0], values[row, column, 1] = dx * share, dy * share
            values[row, column, 2], values[row, column, 3] = light * share, count * share
            wrinkles[row, column, 0], wrinkles[row, column, 1] = line * share, fold * share


@numba.njit(inline="always")
@no_type_check
def _place(x, step, last):  # pragma: no cover - compiled
    """The blocks before and after the middle of a pixel, and its share of the way between their middles."""
    half = np.float32(0.5)
    at = min(max((np.float32(x) + half) * step - half, np.float32(0)), np.float32(last))
    i = int(at)
    return i, min(i + 1, last), at - np.float32(i)


@numba.njit(cache=True, nogil=True, fastmath=True)
@no_type_check
def spread_blocks(values, wrinkles, block, source_xy, gain):  # pragma: no cover - compiled
    """Blurred values of the blocks, bilinearly, at every pixel: where its content comes from, and what its luminance is
    multiplied by."""
    one, least = np.float32(1), np.float32(1e-3)
    step = one / np.float32(block)
    rows, columns = values.shape[0], values.shape[1]
    line = np.empty((columns, 3), np.float32)
    before, after = np.empty(gain.shape[1], np.uint32), np.empty(gain.shape[1], np.uint32)
    share = np.empty(gain.shape[1], np.float32)
    for x in range(gain.shape[1]):
        before[x], after[x], share[x] = _place(x, step, columns - 1)
    for y in range(gain.shape[0]):
        i, below, q = _place(y, step, rows - 1)
        for j in range(columns):
            upper, lower = (one - q) / max(values[i, j, 3], least), q / max(values[below, j, 3], least)
            line[j, 0] = upper * values[i, j, 0] + lower * values[below, j, 0]
            line[j, 1] = upper * values[i, j, 1] + lower * values[below, j, 1]
            line[j, 2] = one + upper * values[i, j, 2] + lower * values[below, j, 2]
            line[j, 2] += (one - q) * wrinkles[i, j, 0] + q * wrinkles[below, j, 0]
        for x in range(gain.shape[1]):
            j, beside, p = before[x], after[x], share[x]
            source_xy[y, x, 0] = np.float32(x) + line[j, 0] + p * (line[beside, 0] - line[j, 0])
            source_xy[y, x, 1] = np.float32(y) + line[j, 1] + p * (line[beside, 1] - line[j, 1])
            gain[y, x] = line[j, 2] + p * (line[beside, 2] - line[j, 2])


@numba.njit(cache=True, nogil=True)
@no_type_check
def spread_box(values, drawn, block, low, near, far, source_xy, gain):  # pragma: no cover - compiled
    """The same inside a box that was drawn pixel by pixel and gone through `average_blocks`: the blurred values count
    by the share of skin around each pixel, from none at `near` to all at `far`; the rest is the pixel's own."""
    zero, one = np.float32(0), np.float32(1)
    step = one / np.float32(block)
    rows, columns = values.shape[0] - 1, values.shape[1] - 1
    value = np.empty(4, np.float32)
    for i in range(drawn.shape[0]):
        y = low[1] + i
        above, below, q = _place(y, step, rows)
        for j in range(drawn.shape[1]):
            x = low[0] + j
            dx, dy, light = drawn[i, j, 0], drawn[i, j, 1], drawn[i, j, 4]
            if drawn[i, j, 2] != zero:
                before, beside, p = _place(x, step, columns)
                for k in range(4):
                    value[k] = (one - q) * ((one - p) * values[above, before, k] + p * values[above, beside, k]) + q * (
                        (one - p) * values[below, before, k] + p * values[below, beside, k]
                    )
                share = min(max((value[3] - near) / (far - near), zero), one)
                if share > zero:
                    share = share * share * (np.float32(3) - share - share)
                    inverse = one / value[3]
                    dx += share * (value[0] * inverse - dx)
                    dy += share * (value[1] * inverse - dy)
                    light += share * (value[2] * inverse - light)
            source_xy[y, x, 0], source_xy[y, x, 1] = np.float32(x) + dx, np.float32(y) + dy
            gain[y, x] = one + light + drawn[i, j, 3]


@numba.njit(cache=True, nogil=True, fastmath=True)
@no_type_check
def add_blocks(values, block, out):  # pragma: no cover - compiled
    """Values of blocks, bilinearly, added to every pixel."""
    one = np.float32(1)
    step = one / np.float32(block)
    rows, columns = values.shape
    line = np.empty(columns, np.float32)
    for y in range(out.shape[0]):
        i, below, q = _place(y, step, rows - 1)
        largest = np.float32(0)
        for j in range(columns):
            line[j] = values[i, j] + q * (values[below, j] - values[i, j])
            largest = max(largest, abs(line[j]))
        if largest > 0:
            for x in range(out.shape[1]):
                j, beside, p = _place(x, step, columns - 1)
                out[y, x] += line[j] + p * (line[beside] - line[j])


@numba.njit(cache=True, nogil=True)
@no_type_check
def block_luma(image, block, first, out):  # pragma: no cover - compiled
    """Mean luma, by BT.709, of the blocks from `first` (row, column) on."""
    red, green, blue = np.float32(0.2126), np.float32(0.7152), np.float32(0.0722)
    height, width = image.shape[:2]
    for i in range(out.shape[0]):
        top = (first[0] + i) * block
        bottom = min(top + block, height)
        for j in range(out.shape[1]):
            left = (first[1] + j) * block
            right = min(left + block, width)
            total = np.float32(0)
            for y in range(top, bottom):
                for x in range(left, right):
                    total += red * image[y, x, 0] + green * image[y, x, 1] + blue * image[y, x, 2]
            out[i, j] = total / np.float32((bottom - top) * (right - left))
