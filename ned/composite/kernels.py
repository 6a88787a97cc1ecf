"""Compiled passes over images: each does in one reading of the pixels what took numpy several.

The tests hold a plain numpy twin of each. Arrays of `h w 3` are contiguous float32.
"""

# `no_type_check` keeps the tests' shape checker off: the compiler refuses what it makes of a function.

from typing import no_type_check

import numba
import numpy as np


@numba.njit(cache=True, nogil=True, fastmath=True)
@no_type_check
def add_band(blended, coarse, weight, out):  # pragma: no cover - compiled
    """One level of a pyramid put together, `out` being its fine image, in place: `out` goes to itself times `weight`
    plus what is coarser, which is `blended` instead of `coarse`.

    Both are enlarged as OpenCV's `pyrUp` does. Most of an image, where the weight is 1 and both are alike, is left as
    it is.
    """
    height, width = weight.shape
    rows, columns = coarse.shape[0], coarse.shape[1]
    six, eighth, half, nearly = np.float32(6), np.float32(0.125), np.float32(0.5), np.float32(1 - 1e-6)
    below, above = np.empty((columns + 2, 3), np.float32), np.empty((columns + 2, 3), np.float32)
    quiet = np.empty(columns + 2, np.bool_)
    for y in range(height):
        i = y // 2
        after = min(i + 1, rows - 1)
        before = i - 1 if i > 0 else min(1, rows - 1)
        for j in range(columns):
            most = np.float32(0)
            for k in range(3):
                if y % 2:
                    low = half * (coarse[i, j, k] + coarse[after, j, k])
                    high = half * (blended[i, j, k] + blended[after, j, k])
                else:
                    low = eighth * (coarse[before, j, k] + six * coarse[i, j, k] + coarse[after, j, k])
                    high = eighth * (blended[before, j, k] + six * blended[i, j, k] + blended[after, j, k])
                below[j + 1, k], above[j + 1, k] = low, high
                most = max(most, abs(high - low))
            quiet[j + 1] = most < np.float32(1e-7)
        first, last = min(2, columns), columns
        for k in range(3):
            below[0, k], above[0, k] = below[first, k], above[first, k]
            below[columns + 1, k], above[columns + 1, k] = below[last, k], above[last, k]
        quiet[0], quiet[columns + 1] = quiet[first], quiet[last]
        for j in range(1, columns + 1):
            still = quiet[j - 1] and quiet[j] and quiet[j + 1]
            for x in range(2 * (j - 1), min(2 * j, width)):
                share = weight[y, x]
                if still and share > nearly:
                    continue
                for k in range(3):
                    if x % 2:
                        low, high = half * (below[j, k] + below[j + 1, k]), half * (above[j, k] + above[j + 1, k])
                    else:
                        low = eighth * (below[j - 1, k] + six * below[j, k] + below[j + 1, k])
                        high = eighth * (above[j - 1, k] + six * above[j, k] + above[j + 1, k])
                    out[y, x, k] = high + (out[y, x, k] - low) * share


@numba.njit(cache=True, nogil=True)
@no_type_check
def mix(out, other, share):  # pragma: no cover - compiled
    """`out` goes to `other` by the pixel's `share`, in place."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            if share[i, j] != 0:
                for k in range(3):
                    out[i, j, k] += share[i, j] * (other[i, j, k] - out[i, j, k])


@numba.njit(cache=True, nogil=True)
@no_type_check
def fade(out, cover):  # pragma: no cover - compiled
    """`out` is taken back where the pixel is covered (1: all of it), in place."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            if cover[i, j] != 0:
                rest = np.float32(1) - cover[i, j]
                for k in range(3):
                    out[i, j, k] *= rest


@numba.njit(cache=True, nogil=True)
@no_type_check
def hold_still(source_xy, low, distance, give, slide):  # pragma: no cover - compiled
    """Where each pixel of a region at `low` (x, y) comes from is moved towards the pixel itself: all but the share
    `distance / (slide · motion)` of its motion, which is at least `give`. In place."""
    least, one = np.float32(1e-6), np.float32(1)
    for i in range(source_xy.shape[0]):
        y = np.float32(low[1] + i)
        for j in range(source_xy.shape[1]):
            x = np.float32(low[0] + j)
            dx, dy = source_xy[i, j, 0] - x, source_xy[i, j, 1] - y
            length = np.sqrt(dx * dx + dy * dy)
            share = min(max(distance[i, j] / max(slide * length, least), give), one)
            source_xy[i, j, 0], source_xy[i, j, 1] = x + dx * share, y + dy * share
