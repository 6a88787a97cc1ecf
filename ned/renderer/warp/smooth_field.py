"""What breaks are left in a displacement are evened out in the image, at a resolution that is fine enough for it.

`soften` is the fast version; `soften_reference` its slow, readable twin for the tests.
"""

from __future__ import annotations

from typing import no_type_check

import cv2
import numba
import numpy as np
from jaxtyping import Bool, Float

_SIGMA_PX = 2.5
"""Standard deviation of the blur at the resolution at which it is done."""

_NEAR, _FAR = 0.55, 0.95
"""Share of skin around a pixel from which on it begins to be evened out, and at which it wholly is."""


@numba.njit(cache=True, nogil=True)
@no_type_check  # the tests' shape checker would wrap it, and the compiler refuse the wrapper
def _reduce(source_xy, shade, skin, block, out):  # pragma: no cover - compiled
    """Means over blocks: displacement and shade times skin, and skin."""
    height, width = skin.shape
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            dx, dy, light, count = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
            top, left = min(i * block, height - 1), min(j * block, width - 1)
            bottom, right = min(top + block, height), min(left + block, width)
            for y in range(top, bottom):
                for x in range(left, right):
                    if skin[y, x]:
                        dx += source_xy[y, x, 0] - np.float32(x)
                        dy += source_xy[y, x, 1] - np.float32(y)
                        light += shade[y, x]
                        count += np.float32(1)
            share = np.float32(1) / np.float32((bottom - top) * (right - left))
            out[i, j, 0], out[i, j, 1] = dx * share, dy * share
            out[i, j, 2], out[i, j, 3] = light * share, count * share


@numba.njit(cache=True, nogil=True)
@no_type_check
def _spread(small, block, near, far, skin, source_xy, shade):  # pragma: no cover - compiled
    """Takes the blurred values, bilinearly, by the share of skin around each pixel."""
    one = np.float32(1)
    step = one / np.float32(block)
    rows, columns = small.shape[0] - 1, small.shape[1] - 1
    value = np.empty(4, np.float32)
    for y in range(skin.shape[0]):
        v = min(max((np.float32(y) + np.float32(0.5)) * step - np.float32(0.5), np.float32(0)), np.float32(rows))
        i = min(int(v), max(rows - 1, 0))
        below = min(i + 1, rows)
        q = v - np.float32(i)
        for x in range(skin.shape[1]):
            if not skin[y, x]:
                continue
            u = min(max((np.float32(x) + np.float32(0.5)) * step - np.float32(0.5), np.float32(0)), np.float32(columns))
            j = min(int(u), max(columns - 1, 0))
            beside = min(j + 1, columns)
            p = u - np.float32(j)
            for k in range(4):
                value[k] = (one - q) * ((one - p) * small[i, j, k] + p * small[i, beside, k]) + q * (
                    (one - p) * small[below, j, k] + p * small[below, beside, k]
                )
            share = min(max((value[3] - near) / (far - near), np.float32(0)), one)
            if share > 0:
                share = share * share * (np.float32(3) - share - share)
                inverse = one / value[3]
                source_xy[y, x, 0] += share * (np.float32(x) + value[0] * inverse - source_xy[y, x, 0])
                source_xy[y, x, 1] += share * (np.float32(y) + value[1] * inverse - source_xy[y, x, 1])
                shade[y, x] += share * (value[2] * inverse - shade[y, x])


def soften(
    source_xy: Float[np.ndarray, "h w 2"], shade: Float[np.ndarray, "h w"], skin: Bool[np.ndarray, "h w"], sigma: float
) -> None:
    """Blurs the displacement `source_xy` − pixel, and `shade`, over skin by `sigma` pixels, in place.

    Next to what is not `skin` (mouth and eyes) nothing changes, so that lips and lids stay where they are.
    """
    block = max(1, int(sigma / _SIGMA_PX))
    height, width = skin.shape
    small = np.empty((-(-height // block), -(-width // block), 4), np.float32)
    _reduce(source_xy, shade, skin, block, small)
    small = cv2.GaussianBlur(small, (0, 0), sigma / block, borderType=cv2.BORDER_REPLICATE)
    _spread(small, block, np.float32(_NEAR), np.float32(_FAR), skin, source_xy, shade)


def soften_reference(source_xy, shade, skin, sigma) -> tuple[np.ndarray, np.ndarray]:
    """What `soften` does, at full resolution and without kernels."""
    grid = np.indices(skin.shape, np.float32)[::-1].transpose(1, 2, 0)
    mask = skin.astype(np.float32)
    values = np.dstack([(source_xy - grid) * mask[..., None], shade * mask, mask])
    blurred = cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    around = blurred[..., 3]
    share = np.clip((around - _NEAR) / (_FAR - _NEAR), 0.0, 1.0)
    share = share * share * (3 - 2 * share) * mask
    blurred = blurred[..., :3] / np.maximum(around, 1e-3)[..., None]
    moved = source_xy + share[..., None] * (grid + blurred[..., :2] - source_xy)
    return moved, shade + share * (blurred[..., 2] - shade)
