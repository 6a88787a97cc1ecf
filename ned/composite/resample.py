"""Pixels taken from between pixels, and kept as sharp as they were: compiled passes over images of `h w 3`, float32.

The tests hold OpenCV and numpy against them.
"""

# `no_type_check` keeps the tests' shape checker off: the compiler refuses what it makes of a function.

from __future__ import annotations

from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float

STEPS = 32
"""Places between two pixels that are told apart, as OpenCV does it; what moves less than half a step stays as it is."""


def _cubic_weights() -> Float[np.ndarray, "steps 4"]:
    """Of four pixels, for each place between the middle two: Keys (1981), a = −3/4, which is OpenCV's."""
    a, x = -0.75, np.arange(STEPS) / STEPS
    near = lambda d: ((a + 2) * d - (a + 3)) * d * d + 1  # noqa: E731
    outer = ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a
    weights = np.stack([outer, near(x), near(1 - x)], 1)
    return np.concatenate([weights, 1 - weights.sum(1, keepdims=True)], 1).astype(np.float32)


_CUBIC = _cubic_weights()


def sample(image: Float[np.ndarray, "h w 3"], source_xy: Float[np.ndarray, "m n 2"]) -> Float[np.ndarray, "m n 3"]:
    """`image` at `source_xy`, by cubic polynomials; at its border it goes on as it ends."""
    out = np.empty((*source_xy.shape[:2], 3), np.float32)
    _sample(np.ascontiguousarray(image).reshape(-1), image.shape[0], image.shape[1], source_xy, _CUBIC, out)
    return out


@numba.njit(inline="always")
@no_type_check
def _down(image, first, second, third, fourth, k, weights):  # pragma: no cover - compiled
    """Four values below each other, by their weights."""
    return (
        weights[0] * image[first + k] + weights[1] * image[second + k]
        + weights[2] * image[third + k] + weights[3] * image[fourth + k]
    )  # fmt: skip


@numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
@no_type_check
def _sample(image, height, width, source_xy, cubic, out):  # pragma: no cover - compiled
    # unsigned indices: others are asked each time whether they count from the end
    one, two, row = np.uint64(1), np.uint64(2), np.uint64(3 * width)
    half, steps = np.float32(0.5), np.float32(STEPS)
    line = np.empty(12, np.float32)  # four pixels of three values, which lie side by side and are worked on so
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            x, y = source_xy[i, j, 0], source_xy[i, j, 1]
            across, down = int(np.floor(x * steps + half)), int(np.floor(y * steps + half))
            left, top = across // STEPS - 1, down // STEPS - 1
            p, q = np.uint64(across % STEPS), np.uint64(down % STEPS)
            if left < 0 or top < 0 or left + 4 > width or top + 4 > height:
                red, green, blue = np.float32(0), np.float32(0), np.float32(0)
                for m in range(4):
                    for n in range(4):
                        weight = cubic[q, m] * cubic[p, n]
                        at = 3 * (min(max(top + m, 0), height - 1) * width + min(max(left + n, 0), width - 1))
                        red += weight * image[at]
                        green += weight * image[at + 1]
                        blue += weight * image[at + 2]
                out[i, j, 0], out[i, j, 1], out[i, j, 2] = red, green, blue
            elif p == 0 and q == 0:
                at = np.uint64(3 * ((top + 1) * width + left + 1))
                out[i, j, 0], out[i, j, 1], out[i, j, 2] = image[at], image[at + one], image[at + two]
            else:
                first = np.uint64(3 * (top * width + left))
                second = first + row
                third = second + row
                fourth = third + row
                weights = cubic[q, 0], cubic[q, 1], cubic[q, 2], cubic[q, 3]
                for k in range(12):
                    n = np.uint64(k)
                    line[k] = _down(image, first, second, third, fourth, n, weights)
                a, b, c, d = cubic[p, 0], cubic[p, 1], cubic[p, 2], cubic[p, 3]
                out[i, j, 0] = a * line[0] + b * line[3] + c * line[6] + d * line[9]
                out[i, j, 1] = a * line[1] + b * line[4] + c * line[7] + d * line[10]
                out[i, j, 2] = a * line[2] + b * line[5] + c * line[8] + d * line[11]


@numba.njit(cache=True, nogil=True, fastmath=True)
@no_type_check
def finish(taken, image, source_xy, amount, gain, out):  # pragma: no cover - compiled
    """What is finer than the mean of 3×3 pixels of `taken` is raised by `amount` where `source_xy` is not the pixel
    itself, in full from a quarter of a pixel on; then `gain`, and [0, 1]. `out` is what that differs from `image`."""
    zero, one, four, ninth = np.float32(0), np.float32(1), np.float32(4), np.float32(1) / np.float32(9)
    height, width = gain.shape
    column = np.empty((width + 2, 3), np.float32)
    for i in range(height):
        above, below = max(i - 1, 0), min(i + 1, height - 1)
        for j in range(width):
            for k in range(3):
                column[j + 1, k] = taken[above, j, k] + taken[i, j, k] + taken[below, j, k]
        for k in range(3):
            column[0, k], column[width + 1, k] = column[1, k], column[width, k]
        for j in range(width):
            off = abs(source_xy[i, j, 0] - np.float32(j)) + abs(source_xy[i, j, 1] - np.float32(i))
            share, level = amount * min(four * off, one), gain[i, j]
            for k in range(3):
                value = taken[i, j, k]
                smooth = (column[j, k] + column[j + 1, k] + column[j + 2, k]) * ninth
                value = min(max((value + share * (value - smooth)) * level, zero), one)
                out[i, j, k] = value - image[i, j, k]


@numba.njit(cache=True, nogil=True, fastmath=True)
@no_type_check
def finish_added(warped, added, amount, out):  # pragma: no cover - compiled
    """`out`, in place, gets the first three channels of `added`, and what in `warped` with them is finer than the mean
    of 3×3 pixels, times `amount` and the fourth channel."""
    ninth = np.float32(1) / np.float32(9)
    height, width = added.shape[:2]
    column = np.empty((width + 2, 3), np.float32)
    for i in range(height):
        first, last = width, -1
        for j in range(width):
            if added[i, j, 0] != 0 or added[i, j, 1] != 0 or added[i, j, 2] != 0 or added[i, j, 3] != 0:
                first, last = min(first, j), j
        if last < 0:
            continue
        above, below = max(i - 1, 0), min(i + 1, height - 1)
        start, stop = max(first - 1, 0), min(last + 2, width)
        for j in range(start, stop):
            for k in range(3):
                column[j + 1, k] = (
                    warped[above, j, k] + added[above, j, k] + warped[i, j, k] + added[i, j, k]
                    + warped[below, j, k] + added[below, j, k]
                )  # fmt: skip
        for k in range(3):
            if start == 0:
                column[0, k] = column[1, k]
            if stop == width:
                column[width + 1, k] = column[width, k]
        for j in range(first, last + 1):
            share = amount * added[i, j, 3]
            for k in range(3):
                smooth = (column[j, k] + column[j + 1, k] + column[j + 2, k]) * ninth
                out[i, j, k] += added[i, j, k] + share * (warped[i, j, k] + added[i, j, k] - smooth)
