"""The aligned crop in which the neural renderer works: a similarity lays every face over the mean one.

As in Neural Emotion Director (supplement, section B), but by the points that expression hardly moves, so that a crop
does not shrink when a mouth opens; the tracked landmarks are smoothed over time already.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from ned.face_model import load_face_model
from ned.geometry.landmarks import LANDMARKS

FACE_SHARE, TOP_SHARE = 0.78, 0.07
"""Height of the mean face, and the room above it, in crops; below there is room for a lowered jaw."""


def align(face: Float[np.ndarray, "vertices 3"], size: int) -> Float[np.ndarray, "2 3"]:
    """`crop_from_frame`: the similarity from a face's pixels to a crop of `size` pixels (weighted Procrustes)."""
    stable, weights, template = _template()
    points = face[stable, :2].astype(np.float64)
    middle, wanted = weights @ points, weights @ template
    x, y = points - middle, size * (template - wanted)
    spread = weights @ (x**2).sum(1)
    a = weights @ (x * y).sum(1) / spread
    b = weights @ (x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0]) / spread
    turn = np.array([[a, -b], [b, a]])
    return np.c_[turn, size * wanted - turn @ middle].astype(np.float32)


@lru_cache(maxsize=1)
def _template() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stable vertices, their weights (1 in sum) and where they lie in a crop of size 1."""
    model = load_face_model()
    top, anchors = model.mean[LANDMARKS.forehead, 1], model.topology.anchors
    height = model.mean[LANDMARKS.chin, 1] - top
    scale = FACE_SHARE / height
    places = model.mean[:, :2] * scale + (0.5, TOP_SHARE - scale * top)
    weights = model.topology.anchor_weights / model.topology.anchor_weights.sum()
    return anchors, weights.astype(np.float64), places[anchors].astype(np.float64)


def to_crop(face: Float[np.ndarray, "vertices 3"], crop_from_frame: Float[np.ndarray, "2 3"]) -> np.ndarray:
    """A face in pixels of the crop, depth in the same scale."""
    scale = float(np.hypot(*crop_from_frame[:, 0]))
    flat = face[:, :2] @ crop_from_frame[:, :2].T + crop_from_frame[:, 2]
    return np.c_[flat, face[:, 2] * scale].astype(np.float32)


def cut(
    image: UInt8[np.ndarray, "h w 3"] | Float[np.ndarray, "h w 3"],
    crop_from_frame: Float[np.ndarray, "2 3"],
    size: int,
) -> np.ndarray:
    """The crop, of the image's type; what is beyond the image repeats its edge. Large faces are first made smaller,
    so that nothing aliases."""
    scale = float(np.hypot(*crop_from_frame[:, 0]))
    matrix = crop_from_frame.astype(np.float64)
    if scale < 0.6:
        x0, y0, x1, y1 = _reach(matrix, size, image.shape[:2])
        if x1 - x0 >= 2 and y1 - y0 >= 2:
            part = image[y0:y1, x0:x1]
            width, height = (max(2, round(2 * scale * n)) for n in (x1 - x0, y1 - y0))
            image = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
            # pixel centres: x_part = (x_small + .5) * ratio - .5
            ratio = np.array([(x1 - x0) / width, (y1 - y0) / height])
            offset = 0.5 * ratio - 0.5 + (x0, y0)
            matrix = np.c_[matrix[:, :2] * ratio, matrix[:, :2] @ offset + matrix[:, 2]]
    return cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _reach(matrix: np.ndarray, size: int, shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """Box of the image that the crop shows."""
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]], np.float64)
    back = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    x0, y0 = np.maximum(np.floor(back.min(0)).astype(int) - 2, 0)
    x1, y1 = np.minimum(np.ceil(back.max(0)).astype(int) + 3, shape[::-1])
    return int(x0), int(y0), int(x1), int(y1)


def paste_back(
    crop: Float[np.ndarray, "s s c"], crop_from_frame: Float[np.ndarray, "2 3"], size: tuple[int, int]
) -> Float[np.ndarray, "h w c"]:
    """A crop's content, zero at its edges, at its place in an image of `size` (height, width); zero around it."""
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    out = cv2.warpAffine(
        crop, crop_from_frame.astype(np.float64), size[::-1], flags=flags, borderMode=cv2.BORDER_CONSTANT
    )
    return out.reshape(*size, crop.shape[2])
