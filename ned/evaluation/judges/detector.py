"""YuNet (Wu et al., YuNet: A Tiny Millisecond-level Face Detector, 2023), as OpenCV runs it."""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from ned.analysis.mediapipe_graphs import silenced_stderr
from ned.errors import UserError
from ned.evaluation.judges.protocol import FoundFaces

LONGEST_PX = 640
"""To which larger images are brought: faces of some 10 to 300 pixels are what it was trained on."""
SURE = 0.6
"""Confidence from which a face counts as found."""


class Yunet:
    """See `FaceDetector`. UserError where the file is no such network."""

    name = "yunet"

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()  # OpenCV's object holds the size of its image; each video has a thread
        try:
            with silenced_stderr():
                self._net = cv2.FaceDetectorYN.create(str(path), "", (LONGEST_PX, LONGEST_PX), SURE)
                self.faces(np.zeros((64, 64, 3), np.uint8))
        except cv2.error as error:
            cause = f"is no YuNet ({' '.join(str(error).split())[-100:]})"
            raise UserError(cause, path=path, remedy="fetch it again") from error

    def faces(self, rgb: UInt8[np.ndarray, "h w 3"]) -> FoundFaces:
        """Of an image of any size."""
        height, width = rgb.shape[:2]
        shrink = min(1.0, LONGEST_PX / max(height, width))
        size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
        small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) if shrink < 1 else rgb
        with self._lock:
            self._net.setInputSize(size)
            _, found = self._net.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
        rows = np.zeros((0, 15), np.float32) if found is None else found[np.argsort(-found[:, 14], kind="stable")]
        places = rows[:, :14] / np.tile(np.float32(size) / np.float32([width, height]), 7)
        boxes = np.concatenate([places[:, :2], places[:, :2] + places[:, 2:4]], 1)
        return FoundFaces(boxes, places[:, 4:].reshape(-1, 5, 2), rows[:, 14])
