"""A real face, pasted at known places and sizes."""

from __future__ import annotations

import cv2
import numpy as np
from skimage.data import astronaut

FACE = (171.0, 66.0, 277.0, 172.0)
"""Box of the face in scikit-image's portrait, xyxy px."""
FACE_WIDTH = FACE[2] - FACE[0]
FACE_CENTRE = np.array([224.0, 119.0])


def portrait(*, mirrored: bool = False) -> np.ndarray:
    """The portrait, or someone like her: mirrored, with other colours of hair, skin and clothes, broader."""
    image = astronaut()[:300, 80:380]
    if not mirrored:
        return np.ascontiguousarray(image)
    return np.ascontiguousarray(np.clip(image[:, ::-1, ::-1] * np.array([0.6, 0.55, 0.9]), 0, 255).astype(np.uint8))


def place(canvas: np.ndarray, x: float, y: float, face_px: float, *, mirrored: bool = False) -> np.ndarray:
    """Paste the portrait so that the face's middle is at (x, y) and the face `face_px` wide."""
    image = portrait(mirrored=mirrored)
    scale = face_px / FACE_WIDTH
    cx = 300 - 1 - (FACE_CENTRE[0] - 80) if mirrored else FACE_CENTRE[0] - 80
    small = image if scale >= 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    rest = scale * image.shape[1] / small.shape[1]
    matrix = np.array([[rest, 0, x - cx * scale], [0, rest, y - FACE_CENTRE[1] * scale]])
    size = canvas.shape[1], canvas.shape[0]
    return cv2.warpAffine(
        small, matrix, size, dst=canvas.copy(), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT
    )


def backdrop(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A soft wall without a face."""
    coarse = np.random.default_rng(seed).integers(60, 150, (6, 8, 3)).astype(np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
