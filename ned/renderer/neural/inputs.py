"""What the network of candidates sees of a face, and where in the crop: the same arrays in training and in use."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float

from ned.geometry.landmarks import LANDMARKS
from ned.renderer.neural.conditioning import Conditioner
from ned.renderer.neural.memory import LIPS, Window

RIGHT_EYE, LEFT_EYE = LANDMARKS.right_eye.all, LANDMARKS.left_eye.all


def part_of_crop(image: np.ndarray, window: Window | None) -> np.ndarray:
    """Rows and columns of a crop; all without a window."""
    if window is None:
        return image
    x, y, width, height = window
    return image[y : y + height, x : x + width]


def seen_images(candidates: list[tuple[np.ndarray, np.ndarray]]) -> Float[np.ndarray, "4 5 h w"]:
    """Images and displacements, as of `warp_views`, as the network sees them."""
    out = np.empty((len(candidates), 5, *candidates[0][0].shape[:2]), np.float32)
    for into, (image, displacement) in zip(out, candidates, strict=True):
        into[:3], into[3:] = image.transpose(2, 0, 1), displacement.transpose(2, 0, 1)
    return out


def shown_geometry(
    face: Float[np.ndarray, "v 3"],
    coefficients: Float[np.ndarray, "width"],
    conditioner: Conditioner,
    window: Window | None = None,
    own: bool = False,
) -> Float[np.ndarray, "12 h w"]:
    """A wanted face as the network sees it, in the order of `ned.renderer.neural.conditioning`; `own`: the first
    candidate is the wanted frame itself."""
    shown = conditioner(face, coefficients)
    flag = np.full_like(shown.mask, own)
    parts = (shown.nmfc, shown.shape, shown.eyes, *(part[..., None] for part in (shown.mask, shown.mouth, flag)))
    return np.concatenate([part_of_crop(part, window).transpose(2, 0, 1) for part in parts]).astype(np.float32)


def part_mask(face: Float[np.ndarray, "v 3"], size: int, crop: int) -> Float[np.ndarray, "s s"]:
    """1 at the mouth and the eyes with some skin around them, soft; `crop` is the side of the whole crop."""
    return region_mask([face[LIPS], face[RIGHT_EYE], face[LEFT_EYE]], size, crop)


def region_mask(regions: list[Float[np.ndarray, "_ 3"]], size: int, crop: int) -> Float[np.ndarray, "s s"]:
    """1 in the hulls of some points and a little around them, soft; sides as of `part_mask`."""
    out = np.zeros((size, size), np.uint8)
    for points in regions:
        hull = cv2.convexHull(np.round(points[:, :2] * 16).astype(np.int32))
        cv2.fillConvexPoly(out, hull, 255, cv2.LINE_AA, 4)
    reach = max(3, crop // 24) | 1
    out = cv2.dilate(out, np.ones((reach, reach), np.uint8))
    return cv2.GaussianBlur(out.astype(np.float32) / 255.0, (reach, reach), 0)
