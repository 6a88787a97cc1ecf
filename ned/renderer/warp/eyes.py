"""Eyes that an edit opens further: the iris stays as large as it was, and comes out from under the lid.

An eyeball stands still, so what a raised lid uncovers was not to be seen. Stretching what was seen makes the iris an
egg. An iris is round, so the hidden top of it is shown by its visible bottom, mirrored at the line through its centre
that is parallel to the corners of the eye; so is the white beside it. The lid keeps its shadow.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float

from ned.geometry.landmarks import LANDMARKS
from ned.renderer.warp.layer_kernels import mirror_share
from ned.renderer.warp.layers import LEFT_EYE, RIGHT_EYE, ROWS, Hole

IRISES = ((RIGHT_EYE, LANDMARKS.right_iris[0]), (LEFT_EYE, LANDMARKS.left_iris[0]))
"""The eyes, and the landmark in the centre of the iris of each."""
_SHADOWED = 0.22
"""Share of the source's opening, under its upper lid, that lies in the shadow of lid and lashes."""
_LEAST_RAISE, _FULL_RAISE = 0.01, 0.08
"""Of the upper lid, as shares of the source's opening: from where on the mirrored content is shown, and all of it."""
_VISIBLE = 0.92
"""Share of the source's opening, from the upper lid, where mirrored content is to be had."""
_SEAM = 0.08
"""Share of the opened eye, under its upper lid, over which a part of what follows the lid is left."""
_SHADOW, _SHADOW_DEPTH = 0.35, 0.3
"""How far into the opened eye the shadow of its upper lid reaches, as a share of the opening, and its strength."""


def centre_and_normal(
    hole: Hole, iris: int, source: Float[np.ndarray, "vertices axes"]
) -> tuple[Float[np.ndarray, "2"], Float[np.ndarray, "2"]]:
    """Of the line that an eye is mirrored at: a point of it in pixels, and its unit normal, which points down."""
    across = (source[hole.upper[-1], :2] - source[hole.upper[0], :2]).astype(np.float64)
    normal = np.array([-across[1], across[0]], np.float64) / max(float(np.linalg.norm(across)), 1e-6)
    return source[iris, :2].astype(np.float64), normal if normal[1] >= 0 else -normal


def uncovered(
    source_upper: Float[np.ndarray, "n 2"],
    source_lower: Float[np.ndarray, "n 2"],
    wanted: Float[np.ndarray, "r n 2"],
    centre: Float[np.ndarray, "2"],
    normal: Float[np.ndarray, "2"],
    rows: Float[np.ndarray, "r"] = ROWS,
) -> Float[np.ndarray, "r n"]:
    """How much of the content of each point of an opened eye is to be mirrored, 0 to 1.

    Args:
        source_upper, source_lower: contours of the lids in pixels before the edit, from corner to corner.
        wanted: points between the lids after it, rows from the upper lid to the lower one.
        centre, normal: of the line that is mirrored at.
        rows: how far each row of `wanted` is from the upper lid to the lower one.
    """
    limits = _SHADOWED, _LEAST_RAISE, _FULL_RAISE, _VISIBLE, _SEAM
    out = np.empty(wanted.shape[:2], np.float32)
    mirror_share(source_upper, source_lower, wanted, centre, normal, rows, limits, out)
    return out


def shadow_of_lid(rows: Float[np.ndarray, "r"] = ROWS) -> Float[np.ndarray, "r"]:
    """What is left of the light on each row of an eye under its upper lid."""
    return (1.0 - _SHADOW_DEPTH * np.clip(1.0 - rows / _SHADOW, 0.0, 1.0)).astype(np.float32)


def mirrored_eye(
    image: Float[np.ndarray, "h w 3"],
    centre: Float[np.ndarray, "2"],
    normal: Float[np.ndarray, "2"],
    box: tuple[int, int, int, int],
) -> Float[np.ndarray, "bh bw 3"]:
    """The image mirrored at a line, cut to `box` (x0, y0, x1, y1)."""
    x0, y0, x1, y1 = box
    turn = np.eye(2) - 2.0 * np.outer(normal, normal)
    shift = 2.0 * (centre @ normal) * normal + turn @ [x0, y0]
    matrix = np.c_[turn, shift]  # from pixels of the box to pixels of the image
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image, matrix, (x1 - x0, y1 - y0), flags=flags, borderMode=cv2.BORDER_REPLICATE)
