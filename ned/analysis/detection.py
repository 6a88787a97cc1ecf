"""Finding faces from 60 px up to the full frame: the detector on the whole frame and on overlapping tiles."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from ned.analysis.landmarks import Roi, roi_of_detection
from ned.analysis.mediapipe_graphs import CROP_PX, DetectionNet

TILE_PX = 720
"""A face of 60 px is 16 px of the detector's 192 there, about the least that it finds."""
OVERLAP_PX = 140

Window = tuple[int, int, int, int]
"""xyxy px of a part of the frame."""


@dataclass(frozen=True)
class Detection:
    """A face that the detector saw: box xyxy px, the square for the landmarks, score in [0, 1]."""

    box: Float[np.ndarray, "xyxy=4"]
    roi: Roi
    score: float


def windows(height: int, width: int) -> tuple[Window, ...]:
    """The whole frame first, then tiles that cover it, so that small faces are seen too."""
    side = min(height, width, TILE_PX)
    tiles = [(x, y, x + side, y + side) for y in _starts(height, side) for x in _starts(width, side)]
    whole = (0, 0, width, height)
    return (whole,) if max(height, width) < 1.25 * side else (whole, *tiles)


def _starts(length: int, side: int) -> list[int]:
    count = 1 if length <= side else 1 + math.ceil((length - side) / (side - min(OVERLAP_PX, side // 3)))
    return [round(i * (length - side) / max(1, count - 1)) for i in range(count)]


def overlap(a: Float[np.ndarray, "xyxy=4"], b: Float[np.ndarray, "xyxy=4"]) -> float:
    """Intersection over the smaller of two boxes, 0 to 1."""
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    if sides.min() <= 0:
        return 0.0
    return float(sides.prod() / min((a[2:] - a[:2]).prod(), (b[2:] - b[:2]).prod()))


def _shrunk(rgb: UInt8[np.ndarray, "h w 3"]) -> tuple[UInt8[np.ndarray, "a b 3"], int]:
    """The image by a whole factor smaller, which is fast, yet no smaller than what the detector samples."""
    shrink = max(1, max(rgb.shape[:2]) // CROP_PX)
    shrink = max(1, min(shrink, *rgb.shape[:2]))
    height, width = rgb.shape[0] // shrink, rgb.shape[1] // shrink
    part = rgb[: height * shrink, : width * shrink]
    if shrink == 1:
        return np.ascontiguousarray(part), 1
    return cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA), shrink


class Detector:
    """The face detector over windows of a frame. Holds native networks: close it."""

    def __init__(self, min_score: float = 0.6) -> None:
        self._net, self._close_net = DetectionNet(), DetectionNet(short_range=True)
        self._min_score = min_score

    def __call__(self, rgb: UInt8[np.ndarray, "h w 3"], window: Window) -> list[Detection]:
        """Faces in one window (xyxy px), boxes and squares in frame pixels.

        The full-range network looks first; where it sees none, the short-range one, which knows close-ups.
        """
        x0, y0, x1, y1 = window
        small, shrink = _shrunk(rgb[y0:y1, x0:x1])
        extent = np.array([small.shape[1] * shrink, small.shape[0] * shrink], np.float32)
        origin = np.array([x0, y0], np.float32)
        found = []
        rows = self._net(small)
        if not (rows[:, 0] >= self._min_score).any():
            rows = self._close_net(small)
        for row in rows[rows[:, 0] >= self._min_score]:
            points = row[1:].reshape(8, 2) * extent + origin - np.float32(0.5)
            found.append(
                Detection(points[:2].reshape(4), roi_of_detection(points[:2].reshape(4), points[2:]), float(row[0]))
            )
        return found

    def everywhere(self, rgb: UInt8[np.ndarray, "h w 3"]) -> list[Detection]:
        """Faces in all windows of a frame, the surest first; one face may come several times."""
        height, width = rgb.shape[:2]
        found = [d for window in windows(height, width) for d in self(rgb, window)]
        return sorted(found, key=lambda d: -d.score)

    def close(self) -> None:
        self._net.close()
        self._close_net.close()
