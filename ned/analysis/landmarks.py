"""From a frame and a region to 478 landmarks in the frame's pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from ned.analysis.mediapipe_graphs import CROP_PX, LandmarkNet
from ned.geometry.landmarks import LANDMARKS, NUM_SURFACE

RIGHT_EYE_OUTER, LEFT_EYE_OUTER = LANDMARKS.outer_eye_corners
RIGHT_CHEEK, LEFT_CHEEK = LANDMARKS.sides
ROI_MARGIN = 1.5
"""The network was trained on squares this much larger than the face."""


@dataclass(frozen=True)
class Roi:
    """A square on the frame: centre px, side px, angle rad (clockwise, of the eye line)."""

    x: float
    y: float
    side: float
    angle: float = 0.0

    def frame_from_crop(self) -> Float[np.ndarray, "2 3"]:
        """Similarity from crop pixels to frame pixels, both with pixel centres at integers."""
        scale = self.side / CROP_PX
        c, s = scale * math.cos(self.angle), scale * math.sin(self.angle)
        middle = (CROP_PX - 1) / 2
        return np.array([[c, -s, self.x - (c - s) * middle], [s, c, self.y - (s + c) * middle]])

    def towards(self, wanted: Roi, *, slack: float) -> Roi:
        """`wanted`, but lagging behind by up to `slack` of the side, so that noise does not move the square.

        The network answers a little differently wherever its crop lies. On a still face with noise this
        halves the jitter of crops that follow the landmarks, and costs no accuracy on a moving one.
        """

        def lag(mine: float, theirs: float, play: float) -> float:
            return theirs - min(play, max(-play, theirs - mine))

        play = slack * wanted.side
        return Roi(
            lag(self.x, wanted.x, play),
            lag(self.y, wanted.y, play),
            lag(self.side, wanted.side, 2 * play),
            lag(self.angle, wanted.angle, 4 * slack),
        )

    def near(self, other: Roi, *, share: float, angle: float) -> bool:
        """Whether `other` is this square but for a share of the side and an angle in rad."""
        tolerance = share * self.side
        moved = max(abs(self.x - other.x), abs(self.y - other.y), abs(self.side - other.side))
        return moved <= tolerance and abs(self.angle - other.angle) <= angle


def roi_of_landmarks(points: Float[np.ndarray, "points 3"]) -> Roi:
    """The upright-turned square that the network wants to see around these landmarks."""
    eyes = points[LEFT_EYE_OUTER, :2] - points[RIGHT_EYE_OUTER, :2]
    angle = math.atan2(float(eyes[1]), float(eyes[0]))
    c, s = math.cos(angle), math.sin(angle)
    turned = points[:NUM_SURFACE, :2] @ np.array([[c, -s], [s, c]], points.dtype)
    low, high = turned.min(axis=0), turned.max(axis=0)
    x, y = (low + high) / 2
    return Roi(float(c * x - s * y), float(s * x + c * y), ROI_MARGIN * float((high - low).max()), angle)


def roi_of_detection(box: Float[np.ndarray, "xyxy=4"], keypoints: Float[np.ndarray, "6 2"]) -> Roi:
    """The square around a detected face, turned by its eyes."""
    eyes = keypoints[1] - keypoints[0]
    angle = math.atan2(float(eyes[1]), float(eyes[0]))
    x, y = (box[:2] + box[2:]) / 2
    return Roi(float(x), float(y), ROI_MARGIN * float((box[2:] - box[:2]).max()), angle)


def box_of_landmarks(points: Float[np.ndarray, "points 3"]) -> Float[np.ndarray, "xyxy=4"]:
    """xyxy px of the face mesh."""
    mesh = points[:NUM_SURFACE, :2]
    return np.concatenate([mesh.min(axis=0), mesh.max(axis=0)]).astype(np.float32)


def yaw_of_landmarks(points: Float[np.ndarray, "points 3"]) -> float:
    """Turn of the head about its long axis in rad, 0 towards the camera, as the network's depth has it.

    That depth flattens strong turns: a head turned by 60° reads about 48°, a profile about 60°.
    """
    across = points[LEFT_CHEEK] - points[RIGHT_CHEEK]
    return math.atan2(float(across[2]), math.hypot(float(across[0]), float(across[1])))


def cut(rgb: UInt8[np.ndarray, "h w 3"], roi: Roi) -> UInt8[np.ndarray, "192 192 3"]:
    """The square of the frame, resampled without aliasing; black outside the frame."""
    matrix = roi.frame_from_crop()
    shrink = int(roi.side / CROP_PX)
    if shrink >= 2:
        rgb, x0, y0 = _window(rgb, roi)
        height, width = rgb.shape[0] // shrink, rgb.shape[1] // shrink
        if not height or not width:
            return np.zeros((CROP_PX, CROP_PX, 3), np.uint8)
        rgb = cv2.resize(rgb[: height * shrink, : width * shrink], (width, height), interpolation=cv2.INTER_AREA)
        # Pixel (i, j) of the shrunk image is the mean of shrink² pixels; its centre lies in their middle.
        matrix[:, 2] -= np.array([x0, y0]) + (shrink - 1) / 2
        matrix /= shrink
    return cv2.warpAffine(rgb, matrix, (CROP_PX, CROP_PX), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def _window(rgb: UInt8[np.ndarray, "h w 3"], roi: Roi) -> tuple[UInt8[np.ndarray, "a b 3"], int, int]:
    """The part of the frame that the square covers, and its upper left corner."""
    reach = roi.side / 2 * (abs(math.cos(roi.angle)) + abs(math.sin(roi.angle))) + 2
    x0, y0 = max(0, int(roi.x - reach)), max(0, int(roi.y - reach))
    return rgb[y0 : max(y0, int(roi.y + reach)), x0 : max(x0, int(roi.x + reach))], x0, y0


class Landmarker:
    """478 landmarks of the face in a region of a frame. Holds a native network: close it, or use `with`."""

    def __init__(self) -> None:
        self._net = LandmarkNet()

    def __call__(self, rgb: UInt8[np.ndarray, "h w 3"], roi: Roi) -> tuple[Float[np.ndarray, "478 3"] | None, float]:
        """Landmarks in frame pixels (z in the same scale) and presence in [0, 1]; None where there is no face."""
        points, presence = self._net(cut(rgb, roi))
        if points is None:
            return None, presence
        matrix = roi.frame_from_crop().astype(np.float32)
        out = np.empty_like(points)
        out[:, :2] = (points[:, :2] - np.float32(0.5)) @ matrix[:, :2].T + matrix[:, 2]
        out[:, 2] = points[:, 2] * np.float32(roi.side / CROP_PX)
        return out, presence

    def close(self) -> None:
        self._net.close()

    def __enter__(self) -> Landmarker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
