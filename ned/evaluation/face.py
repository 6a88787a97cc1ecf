"""What MediaPipe's 468 points say of a face: openings, outline, and eight measures of expression."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float

OUTLINE = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149,
           150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)  # fmt: skip
"""The face's oval, in order."""

FOREHEAD, CHIN = 10, 152
UPPER_LIP, LOWER_LIP = 13, 14
MOUTH_RIGHT, MOUTH_LEFT = 61, 291
RIGHT_LIDS, LEFT_LIDS = (159, 145), (386, 374)
RIGHT_EYE, LEFT_EYE = (33, 133), (362, 263)
"""Corners; "right" is the actor's own."""
NOSE_TIP = 1

MEASURES = (
    "brow_inner", "brow_outer", "brow_slope", "brow_gap", "mouth_width", "corner_drop", "lid_opening", "lip_opening",
)  # fmt: skip

Points = Float[np.ndarray, "points 2"]


def lip_gap(points: Points) -> float:
    """Gap of the inner lips in pixels."""
    return _distance(points, UPPER_LIP, LOWER_LIP)


def lid_gap(points: Points) -> float:
    """Gaps of both eyes' lids together in pixels."""
    return _distance(points, *RIGHT_LIDS) + _distance(points, *LEFT_LIDS)


def face_height(points: Points) -> float:
    """From the top of the forehead to the chin in pixels."""
    return _distance(points, FOREHEAD, CHIN)


def hull(points: Points, grow: float) -> np.ndarray:
    """The convex hull of the face's outline, enlarged about its middle: OpenCV's polygon of whole pixels."""
    outline = points[list(OUTLINE)]
    middle = outline.mean(0)
    return cv2.convexHull(((outline - middle) * grow + middle).astype(np.int32))


def hull_mask(shape: tuple[int, int], points: Points, grow: float) -> Bool[np.ndarray, "h w"]:
    """Pixels inside `hull` in an image of this height and width."""
    mask = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(mask, hull(points, grow), 1)
    return mask.view(bool)


def measure_faces(points: Float[np.ndarray, "faces points 2"]) -> Float[np.ndarray, "faces 8"]:
    """`MEASURES` in units of the distance of the eyes' middles, along and across the line between them.

    Heights of the inner and outer ends of the brows over the eyes; outer minus inner; gap between the brows; width of
    the mouth; how far its corners hang under its middle; mean opening of the lids; opening of the inner lips. NaN for
    a face whose points are not finite.
    """
    p = np.asarray(points, np.float64)
    left, right = p[:, list(LEFT_EYE)].mean(1), p[:, list(RIGHT_EYE)].mean(1)
    between = np.linalg.norm(left - right, axis=1)
    across = (left - right) / between[:, None]
    down = np.stack([-across[:, 1], across[:, 0]], 1)
    at = (p - ((left + right) / 2)[:, None]) / between[:, None, None]
    x, y = np.einsum("fpc,fc->fp", at, across), np.einsum("fpc,fc->fp", at, down)
    inner, outer = -y[:, [55, 107, 285, 336]].mean(1), -y[:, [70, 46, 300, 276]].mean(1)
    corners, middle = y[:, [MOUTH_RIGHT, MOUTH_LEFT]].mean(1), y[:, [UPPER_LIP, LOWER_LIP]].mean(1)
    lids = (y[:, 145] - y[:, 159] + y[:, 374] - y[:, 386]) / 2
    return np.stack(
        [inner, outer, outer - inner, x[:, 285] - x[:, 55], x[:, MOUTH_LEFT] - x[:, MOUTH_RIGHT], corners - middle,
         lids, y[:, LOWER_LIP] - y[:, UPPER_LIP]], 1,
    )  # fmt: skip


def _distance(points: Points, a: int, b: int) -> float:
    return float(np.linalg.norm(points[a] - points[b]))
