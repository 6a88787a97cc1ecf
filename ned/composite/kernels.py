"""Compiled passes over images: each does in one reading of the pixels what took numpy several.

The tests hold a plain numpy twin of each. Arrays of `h w 3` are contiguous float32.
"""

# `no_type_check` keeps the tests' shape checker off: the compiler refuses what it makes of a function.

from typing import no_type_check

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
@no_type_check
def add_band(out, fine, smooth, weight):  # pragma: no cover - compiled
    """`out += (fine − smooth) · weight`, in place; `weight` is of the pixels."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            share = weight[i, j]
            for k in range(3):
                out[i, j, k] += (fine[i, j, k] - smooth[i, j, k]) * share


@numba.njit(cache=True, nogil=True)
@no_type_check
def sharpen(out, smooth, source_xy, amount, gain):  # pragma: no cover - compiled
    """What is finer than `smooth` is raised by `amount` where `source_xy` is not the pixel itself, in full from a
    quarter of a pixel on; then `gain`, and [0, 1]. In place."""
    zero, one, four = np.float32(0), np.float32(1), np.float32(4)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            off = abs(source_xy[i, j, 0] - np.float32(j)) + abs(source_xy[i, j, 1] - np.float32(i))
            share, level = amount * min(four * off, one), gain[i, j]
            for k in range(3):
                value = out[i, j, k]
                out[i, j, k] = min(max((value + share * (value - smooth[i, j, k])) * level, zero), one)


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


@numba.njit(cache=True, nogil=True)
@no_type_check
def stand_still(image, rest):  # pragma: no cover - compiled
    """The first two channels say of each pixel that it comes from where it is; the others are `rest`. In place."""
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            image[i, j, 0], image[i, j, 1] = np.float32(j), np.float32(i)
            for k in range(len(rest)):
                image[i, j, k + 2] = rest[k]
