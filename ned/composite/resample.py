"""Pixels taken from between pixels, and kept as sharp as they were: compiled passes over images of `h w 3`, float32.

The tests hold OpenCV and numpy against them.
"""

# `no_type_check` keeps the tests' shape checker off: the compiler refuses what it makes of a function.

from __future__ import annotations

from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

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


@intrinsic
@no_type_check
def _weighted(context, image, first, row, down, across):  # pragma: no cover - compiled
    """Red, green and blue of 4×4 pixels of an image, its values in a row, from `first` on, `row` values from line to
    line, by the weights of the lines and of the columns. A pixel and the value after it are one vector of four: that
    takes half the time of one value after another, which is what the compiler makes by itself."""
    wide, four = ir.IntType(64), ir.VectorType(ir.FloatType(), 4)

    def code(context, builder, signature, values):
        def spread(weights, k):
            weight = builder.extract_value(weights, k)
            out = ir.Constant(four, ir.Undefined)
            for n in range(4):
                out = builder.insert_element(out, weight, ir.Constant(ir.IntType(32), n))
            return out

        image, at, row, down, across = values
        data = context.make_array(signature.args[0])(context, builder, image).data
        columns, total = [spread(across, k) for k in range(4)], None
        for m in range(4):
            line = None
            for n in range(4):
                place = builder.gep(data, [builder.add(at, ir.Constant(wide, 3 * n))])
                pixel = builder.load(builder.bitcast(place, four.as_pointer()), align=4)
                term = builder.fmul(pixel, columns[n], flags=["fast"])
                line = term if line is None else builder.fadd(line, term, flags=["fast"])
            line = builder.fmul(line, spread(down, m), flags=["fast"])
            total = line if total is None else builder.fadd(total, line, flags=["fast"])
            at = builder.add(at, row)
        three = [builder.extract_element(total, ir.Constant(ir.IntType(32), k)) for k in range(3)]
        return context.make_tuple(builder, signature.return_type, three)

    return types.UniTuple(types.float32, 3)(image, first, row, down, across), code


@numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
@no_type_check
def _sample(image, height, width, source_xy, cubic, out):  # pragma: no cover - compiled
    # unsigned indices: others are asked each time whether they count from the end
    one, two, row = np.uint64(1), np.uint64(2), np.uint64(3 * width)
    half, steps = np.float32(0.5), np.float32(STEPS)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            x, y = source_xy[i, j, 0], source_xy[i, j, 1]
            across, down = int(np.floor(x * steps + half)), int(np.floor(y * steps + half))
            left, top = across // STEPS - 1, down // STEPS - 1
            p, q = np.uint64(across % STEPS), np.uint64(down % STEPS)
            last = top + 4 == height and left + 4 == width  # after which there is no value any more
            if left < 0 or top < 0 or left + 4 > width or top + 4 > height or last:
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
                rows = cubic[q, 0], cubic[q, 1], cubic[q, 2], cubic[q, 3]
                columns = cubic[p, 0], cubic[p, 1], cubic[p, 2], cubic[p, 3]
                out[i, j, 0], out[i, j, 1], out[i, j, 2] = _weighted(image, first, row, rows, columns)


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
