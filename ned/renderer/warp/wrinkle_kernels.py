"""Compiled loop of `ned.renderer.warp.wrinkles`."""

# `no_type_check` keeps the tests' shape checker off: the compiler refuses what it makes of a function.

from typing import no_type_check

import numba
import numpy as np


@numba.njit(cache=True, nogil=True, fastmath=True)
@no_type_check
def shade(textures, boxes, shading, depths, out):  # pragma: no cover - compiled
    """To the first channel of `out` the sum of all `textures` times `shading`, to the second how far their sum times
    `depths` lies below 0. Each texture is 0 outside its box (rows from and to, columns from and to)."""
    for k in range(textures.shape[0]):
        light, depth = shading[k], depths[k]
        if light == 0 and depth == 0:
            continue
        for i in range(boxes[k, 0], boxes[k, 1]):
            for j in range(boxes[k, 2], boxes[k, 3]):
                out[i, j, 0] += light * textures[k, i, j]
                out[i, j, 1] -= depth * textures[k, i, j]
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j, 1] = max(out[i, j, 1], np.float32(0))
