"""Compiled loops over the vertices of a face: rings, lips, the finer mesh. The tests hold plain twins.

Each does at once what took numpy tens of calls, of a few microseconds each, for every face of every frame.
"""

# `no_type_check` keeps the tests' shape checker off: the compiler refuses what it makes of a function.

from typing import no_type_check

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
@no_type_check
def add_rings(face, target, oval, rings, sources, targets):  # pragma: no cover - compiled
    """To `sources` and `targets` both faces, then rings around the outline; `rings`: radius and share of each."""
    count, corners = face.shape[0], oval.shape[0]
    centre = np.zeros(3, np.float32)
    for m in range(3):
        for v in range(count):
            sources[v, m], targets[v, m] = face[v, m], target[v, m]
        for n in range(corners):
            centre[m] += face[oval[n], m]
        centre[m] /= np.float32(corners)
    for ring in range(rings.shape[0]):
        for n in range(corners):
            at = count + ring * corners + n
            for m in range(3):
                radius = rings[ring, 0] if m < 2 else np.float32(1)
                place = face[oval[n], m]
                sources[at, m] = centre[m] + (place - centre[m]) * radius
                targets[at, m] = sources[at, m] + (target[oval[n], m] - place) * rings[ring, 1]


@numba.njit(cache=True, nogil=True)
@no_type_check
def refine(values, ends, out):  # pragma: no cover - compiled
    """Values of the coarse vertices, then those of the middles between the vertices `ends`."""
    coarse, half = values.shape[0], np.float32(0.5)
    for v in range(coarse):
        for m in range(values.shape[1]):
            out[v, m] = values[v, m]
    for k in range(ends.shape[0]):
        for m in range(values.shape[1]):
            out[coarse + k, m] = half * (values[ends[k, 0], m] + values[ends[k, 1], m])


@numba.njit(cache=True, nogil=True)
@no_type_check
def _even(source, out, ring):  # pragma: no cover - compiled
    """Motion along a lip without steps; the corners keep theirs."""
    last, quarter, half = ring.shape[0] - 1, np.float32(0.25), np.float32(0.5)
    motion, smooth = np.empty((last + 1, 3), np.float32), np.empty((last + 1, 3), np.float32)
    for n in range(last + 1):
        for m in range(3):
            motion[n, m] = out[ring[n], m] - source[ring[n], m]
    for _ in range(2):
        for m in range(3):
            smooth[0, m], smooth[last, m] = motion[0, m], motion[last, m]
            for n in range(1, last):
                smooth[n, m] = quarter * motion[n - 1, m] + half * motion[n, m] + quarter * motion[n + 1, m]
        motion[:] = smooth
    for n in range(last + 1):
        for m in range(3):
            out[ring[n], m] = source[ring[n], m] + motion[n, m]


@numba.njit(cache=True, nogil=True)
@no_type_check
def set_lips(source, out, opening, chin, root, upper, lower, shares, lens, shut):  # pragma: no cover - compiled
    """See `ned.renderer.warp.lips.fit_lips`: `out` is the target, changed in place."""
    zero, one, half, least = np.float32(0), np.float32(1), np.float32(0.5), np.float32(1e-6)
    columns = upper.shape[1]
    down = source[chin] - source[root]
    length = np.sqrt(down[0] * down[0] + down[1] * down[1] + down[2] * down[2])
    down = down / max(length, least)
    height = np.empty(columns, np.float32)
    for n in range(columns):
        apart = zero
        for m in range(3):
            apart += (source[lower[0, n], m] - source[upper[0, n], m]) * down[m]
        height[n] = max(apart, zero)
    middle = height[columns // 2]
    trust = min(one, middle / (shut * length))
    for ring in range(upper.shape[0]):
        _even(source, out, upper[ring])
    for ring in range(lower.shape[0]):
        _even(source, out, lower[ring])
    for n in range(1, columns - 1):
        # the shape of the opening: the source's own where it is open, a lens where it is shut
        shape = trust * height[n] / max(middle, least) + (one - trust) * lens[n]
        for m in range(3):
            wanted = source[lower[0, n], m] - source[upper[0, n], m] + (opening - middle) * shape * down[m]
            missing = wanted - (out[lower[0, n], m] - out[upper[0, n], m])
            for ring in range(upper.shape[0]):
                out[upper[ring, n], m] -= half * shares[ring] * missing
                out[lower[ring, n], m] += half * shares[ring] * missing


@numba.njit(cache=True, nogil=True)
@no_type_check
def draw_skin(source, target, uv, shade, oval, ends, vertices, attributes):  # pragma: no cover - compiled
    """The finer skin as it is drawn: where it is, how far its content is, surface coordinates and shade of the coarse
    vertices (rings have those of the outline, and no shade), linear between them."""
    half, face = np.float32(0.5), uv.shape[0]
    coarse = vertices.shape[0] - ends.shape[0]
    for v in range(vertices.shape[0]):
        for m in range(3):
            vertices[v, m] = target[v, m]
        attributes[v, 0], attributes[v, 1] = source[v, 0] - target[v, 0], source[v, 1] - target[v, 1]
        attributes[v, 5] = 0
    for v in range(coarse):
        at = v if v < face else oval[(v - face) % oval.shape[0]]
        attributes[v, 2], attributes[v, 3] = uv[at, 0], uv[at, 1]
        attributes[v, 4] = shade[v] if v < face else np.float32(0)
    for k in range(ends.shape[0]):
        for m in range(2, 5):
            attributes[coarse + k, m] = half * (attributes[ends[k, 0], m] + attributes[ends[k, 1], m])
