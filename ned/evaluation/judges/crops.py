"""How a face is cut out for a network."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from ned.evaluation.face import LEFT_EYE, MOUTH_LEFT, MOUTH_RIGHT, NOSE_TIP, RIGHT_EYE

ARCFACE_112 = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)
"""Where eyes, nose and corners of the mouth (left to right in the image) are on 112 pixels for networks in the manner
of ArcFace."""


def box_crop(
    rgb: UInt8[np.ndarray, "h w 3"], points: Float[np.ndarray, "points 2"], size: int, margin: float
) -> UInt8[np.ndarray, "size size 3"]:
    """The upright square around the points, `margin` times their larger extent, scaled to `size`; black outside.

    Between pixels it is linear; nothing is averaged where the face becomes smaller.
    """
    low, high = points.min(0), points.max(0)
    middle = (low + high) / 2
    scale = size / ((high - low).max() * margin)
    to_crop = np.float32([[scale, 0, size / 2 - middle[0] * scale], [0, scale, size / 2 - middle[1] * scale]])
    return cv2.warpAffine(rgb, to_crop, (size, size), flags=cv2.INTER_LINEAR)


def five_points(points: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, "5 2"]:
    """Middles of both eyes, tip of the nose, corners of the mouth, from left to right in the image."""
    eyes = [points[list(RIGHT_EYE)].mean(0), points[list(LEFT_EYE)].mean(0)]
    return np.stack([*eyes, points[NOSE_TIP], points[MOUTH_RIGHT], points[MOUTH_LEFT]]).astype(np.float32)


def aligned_crop(
    rgb: UInt8[np.ndarray, "h w 3"], points: Float[np.ndarray, "points 2"]
) -> UInt8[np.ndarray, "112 112 3"]:
    """112 pixels, turned and scaled so that the five points come to lie as `ARCFACE_112` says (least squares)."""
    return cv2.warpAffine(rgb, similarity(five_points(points), ARCFACE_112), (112, 112), flags=cv2.INTER_LINEAR)


def similarity(source: Float[np.ndarray, "n 2"], target: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "2 3"]:
    """The rotation, scale and shift that take `source` nearest to `target`."""
    x, y = source.astype(np.float64).T
    ones, zeros = np.ones_like(x), np.zeros_like(x)
    rows = np.concatenate([np.stack([x, -y, ones, zeros], 1), np.stack([y, x, zeros, ones], 1)])
    a, b, dx, dy = np.linalg.lstsq(rows, target.astype(np.float64).T.reshape(-1), rcond=None)[0]
    return np.array([[a, -b, dx], [b, a, dy]])
