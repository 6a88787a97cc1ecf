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
