"""Which pixels are face: BiSeNet (Yu et al., 2018) with the nineteen classes of CelebAMask-HQ."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from ned.errors import ProcessingError, UserError
from ned.evaluation.judges.networks import imagenet_planes
from ned.evaluation.judges.onnx import OnnxNet

SIDE, CLASSES = 512, 19
FACE = (1, 2, 3, 4, 5, 10, 11, 12, 13)
"""Of the classes: skin, brows, eyes, nose, mouth and lips; not glasses (6), ears (7 to 9), neck, clothes, hair, hat."""
MARGIN = 1.9
"""Size of what it sees in extents of the landmarks: portraits with hair and neck are what it was trained on."""


class BiSeNet:
    """See `ParsingJudge`. UserError where the file is no such network."""

    name = "bisenet"

    def __init__(self, path: Path) -> None:
        self._net = OnnxNet(path)
        try:
            self._classes(np.zeros((SIDE, SIDE, 3), np.uint8))
        except ProcessingError as error:
            raise UserError(error.cause, path=path, remedy=error.remedy) from error

    def face(
        self, rgb: UInt8[np.ndarray, "h w 3"], points: Float[np.ndarray, "points 2"]
    ) -> Bool[np.ndarray, "h w"]:
        """Pixels of the face that these landmarks belong to, in the whole image."""
        low, high = points.min(0), points.max(0)
        middle, scale = (low + high) / 2, SIDE / max(float((high - low).max()) * MARGIN, 1.0)
        to_crop = np.array([[scale, 0, SIDE / 2 - middle[0] * scale], [0, scale, SIDE / 2 - middle[1] * scale]])
        classes = self._classes(cv2.warpAffine(rgb, to_crop, (SIDE, SIDE), flags=cv2.INTER_LINEAR))
        face = np.isin(classes, FACE).astype(np.uint8)
        back = cv2.warpAffine(face, to_crop, rgb.shape[1::-1], flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
        return back.view(bool)

    def _classes(self, crop: UInt8[np.ndarray, "512 512 3"]) -> Float[np.ndarray, "512 512"]:
        found = self._net(imagenet_planes(crop))[0]
        if found.shape != (1, CLASSES, SIDE, SIDE):
            raise ProcessingError(f"its network gives {found.shape}, not {(1, CLASSES, SIDE, SIDE)}",
                                  path=self._net.path, remedy="it is another model than its name says")  # fmt: skip
        return found[0].argmax(0).astype(np.float32)
