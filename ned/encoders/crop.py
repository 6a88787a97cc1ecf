"""Images as the encoders want them: a square around landmarks, by a similarity, 224 pixels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

SIZE = 224
DECA_SCALE, DECA_KEYPOINTS = 1.25, 1.1
"""DECA's margin, and what makes a box of 68 landmarks (brows, no forehead) one of the face."""
SMIRK_SCALE = 1.4


@dataclass(frozen=True)
class Crop:
    """Squares of the frames: pixel of the crop = (pixel of the frame − corner) · 223 / side."""

    corner: Float[np.ndarray, "frames 2"]
    side: Float[np.ndarray, "frames"]

    @property
    def scale(self) -> Float[np.ndarray, "frames"]:
        """Pixels of the crop per pixel of the frame."""
        return (SIZE - 1) / self.side

    def crop_from_frame(self, points: Float[np.ndarray, "frames n 2"]) -> Float[np.ndarray, "frames n 2"]:
        return (points - self.corner[:, None]) * self.scale[:, None, None]

    def frame_from_crop(self, points: Float[np.ndarray, "frames n 2"]) -> Float[np.ndarray, "frames n 2"]:
        return points / self.scale[:, None, None] + self.corner[:, None]

    def cut(self, index: int, image: UInt8[np.ndarray, "h w 3"]) -> Float[np.ndarray, "3 224 224"]:
        """The crop of one frame, RGB in [0, 1]; black outside of the frame."""
        scale = float(self.scale[index])
        matrix = np.array([[scale, 0, -scale * self.corner[index, 0]], [0, scale, -scale * self.corner[index, 1]]])
        if scale < 0.5:  # the warp does not average over what it leaves out
            image = cv2.GaussianBlur(image, (0, 0), 0.35 / scale)
        out = cv2.warpAffine(image, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR)
        return (out.astype(np.float32) / 255).transpose(2, 0, 1)


def deca_crop(landmarks68: Float[np.ndarray, "frames 68 2"]) -> Crop:
    """DECA's, EMOCA's and SPECTRE's square from 68 landmarks (px)."""
    return _square(landmarks68, DECA_KEYPOINTS, DECA_SCALE)


def smirk_crop(landmarks: Float[np.ndarray, "frames n 2"]) -> Crop:
    """SMIRK's square from MediaPipe's landmarks (px)."""
    return _square(landmarks, 1.0, SMIRK_SCALE)


def _square(points: np.ndarray, enlarged: float, scale: float) -> Crop:
    low, high = points.min(1), points.max(1)
    side = np.floor((high - low).sum(1) / 2 * enlarged * scale)
    return Crop(((low + high) - side[:, None]) / 2, np.maximum(side, 1.0))


def joined_crops(parts: list[Crop]) -> Crop:
    """Tracks one after another."""
    return Crop(np.concatenate([part.corner for part in parts]), np.concatenate([part.side for part in parts]))
