"""A person in a single image, to be found again in a video."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ned.analysis.appearance import Appearance, appearance_of
from ned.analysis.detection import Detector
from ned.analysis.landmarks import Landmarker, roi_of_landmarks
from ned.errors import UserError

MAX_PIXELS = 100_000_000
_SIDE_PX = 1600


def appearance_in(path: Path) -> Appearance:
    """The embedding of the person with the largest face in an image. Raises UserError where there is none."""
    rgb = read_image(path)
    detector = Detector()
    try:
        with Landmarker() as landmarker:
            found = [landmarker(rgb, detection.roi) for detection in detector.everywhere(rgb)]
            sure = [points for points, presence in found if points is not None and presence > 0.5]
            if not sure:
                raise UserError("no face was found in this image", path=path, remedy="give one that shows the face")
            largest = max(sure, key=lambda points: float(np.ptp(points[:, 0])))
            points, _ = landmarker(rgb, roi_of_landmarks(largest))
            return appearance_of(rgb, largest if points is None else points)
    finally:
        detector.close()


def read_image(path: Path) -> np.ndarray:
    """RGB of 8 bits, no side longer than 1600 pixels. Raises UserError where it cannot be read."""
    try:
        with Image.open(path) as image:
            if image.width * image.height > MAX_PIXELS:
                raise UserError("the image is too large", path=path, remedy="give one of up to 100 megapixels")
            rgb = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError("is no image that can be read", path=path, remedy="give a .jpg or .png") from error
    shrink = _SIDE_PX / max(rgb.shape[:2])
    if shrink < 1:
        rgb = cv2.resize(rgb, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(rgb)
