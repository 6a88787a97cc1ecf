"""Multi-band blending of a rendered face into its frame (Burt and Adelson, 1983).

Blending is linear, so it is done on the *difference* to the frame: where the renderer changed nothing
the difference is zero in every band and the frame comes through untouched.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float

from ned.composite.kernels import add_band

LEVELS = 4


def blend_difference(
    difference: Float[np.ndarray, "h w 3"], mask: Float[np.ndarray, "h w"], levels: int = LEVELS
) -> Float[np.ndarray, "h w 3"]:
    """What to add to the frame: `difference` under `mask`, fine bands cut sharply, coarse ones softly.

    Args:
        difference: rendered face minus frame, any unit.
        mask: 1 where the rendered face is wanted, 0 where the frame is.
        levels: bands of the Laplacian pyramid; fewer are used where the image is small.
    """
    levels = max(0, min(levels, int(np.log2(max(1, min(mask.shape) // 8)))))
    bands, masks = [difference], [mask]
    for _ in range(levels):
        bands.append(cv2.pyrDown(bands[-1]))
        masks.append(cv2.pyrDown(masks[-1]))
    blended = bands[-1] * masks[-1][..., None]
    for fine, coarse, weight in zip(bands[-2::-1], bands[:0:-1], masks[-2::-1], strict=True):
        out = fine.copy()
        add_band(blended, coarse, weight, out)
        blended = out
    return blended


def soft_mask(
    source_outline: Float[np.ndarray, "n 2"], target_outline: Float[np.ndarray, "n 2"], size: tuple[int, int],
    erosion: float = 0.04,
) -> Float[np.ndarray, "h w"]:
    """The union of both outlines' hulls, eroded and softened by `erosion` of the face's width.

    The union: a lowered jaw of the edited face is not cut off by the source's outline, and the source's
    own jaw does not shine through where the edited one is higher.
    """
    mask = np.zeros(size, np.uint8)
    for outline in (source_outline, target_outline):
        cv2.fillConvexPoly(mask, cv2.convexHull(np.round(outline * 16).astype(np.int32)), 255, cv2.LINE_AA, 4)
    width = max(3, int(round(erosion * float(np.ptp(source_outline[:, 0])))) | 1)
    mask = cv2.erode(mask, np.ones((width, width), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return cv2.GaussianBlur(mask.astype(np.float32) / 255.0, (2 * width + 1, 2 * width + 1), 0)
