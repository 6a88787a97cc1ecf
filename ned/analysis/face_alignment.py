"""68 landmarks by the package face-alignment (Bulat and Tzimiropoulos, 2017): a second source beside MediaPipe.

The package and its networks are optional; it fetches them itself, from its author's own site, where they are first
used. Each face is looked at in several boxes, a little shifted, and the answers averaged, as Neural Emotion Director
does before Procrustes alignment: a single detection jitters with its box.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from ned.errors import UserError

SHIFTS = ((0.0, 0.0), (0.02, 0.0), (-0.02, 0.0), (0.0, 0.02), (0.0, -0.02))
"""Of the box, as shares of its side."""
MARGIN = 0.1
"""The package's own detector gives boxes that are so much larger than one around the landmarks."""


class Landmarker68:
    """68 points of faces whose boxes are known.

    Raises UserError where the package is not installed, or its networks cannot be had.
    """

    def __init__(self, depth: bool = False, network: Any = None) -> None:
        """`depth`: three axes, with the networks that see around a turned head; `network` has the interface of
        `face_alignment.FaceAlignment`."""
        self._depth = depth
        self._network = network or _load(depth)

    def __call__(
        self, rgb: UInt8[np.ndarray, "h w 3"], box: Float[np.ndarray, "4"]
    ) -> Float[np.ndarray, "68 axes"] | None:
        """Pixels (depth alike) of the face in a box, xyxy, around its landmarks; None where none is seen."""
        side = box[2:] - box[:2]
        wide = np.array([*(box[:2] - MARGIN * side), *(box[2:] + MARGIN * side)])
        boxes = [[*(wide + np.tile(np.array(shift) * side, 2)), 1.0] for shift in SHIFTS]
        found = self._network.get_landmarks_from_image(rgb, detected_faces=boxes)
        if not found:
            return None
        points = np.mean([np.asarray(points, np.float64) for points in found], 0)
        if points.shape[0] != 68 or not np.isfinite(points).all():
            return None
        return points[:, : 3 if self._depth else 2]

    def track(
        self, images: Iterable[UInt8[np.ndarray, "_ _ 3"]], boxes: Float[np.ndarray, "frames 4"]
    ) -> Float[np.ndarray, "frames 68 axes"]:
        """Of a track, frame by frame; a frame in which nothing is seen is filled from the frames beside it. UserError
        where it sees a face in less than half of them."""
        seen = [self(image, box) for image, box in zip(images, boxes, strict=False)]
        known = np.array([k for k, points in enumerate(seen) if points is not None])
        if len(seen) != len(boxes) or 2 * len(known) < len(boxes):
            raise UserError(f"face-alignment sees a face in {len(known)} of {len(boxes)} frames",
                            remedy="use --landmarks mediapipe")  # fmt: skip
        flat = np.stack([seen[k] for k in known]).reshape(len(known), -1)
        at = np.arange(len(boxes))
        filled = np.stack([np.interp(at, known, column) for column in flat.T], 1)
        return filled.reshape(len(boxes), 68, -1)


def _load(depth: bool) -> Any:
    try:
        import face_alignment
        import torch
    except ImportError as error:
        remedy = "pip install --no-deps face-alignment tqdm"
        raise UserError("face-alignment is not installed", remedy=remedy) from error
    kind = face_alignment.LandmarksType.THREE_D if depth else face_alignment.LandmarksType.TWO_D
    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return face_alignment.FaceAlignment(kind, device=device, compile=False, max_batch_size=len(SHIFTS))
    except (OSError, RuntimeError) as error:  # no connection, or a file cut short
        cause = " ".join(str(error).split())[:80]
        raise UserError(
            f"the networks of face-alignment cannot be had ({cause})",
            remedy="connect once, or put its files into torch's folder hub/checkpoints",
        ) from error
