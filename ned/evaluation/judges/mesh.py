"""MediaPipe's landmark networks as judges."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from ned.analysis.mediapipe_graphs import silenced_stderr


class FaceMesh:
    """The plain face mesh, which follows the largest face of a video. Hold one for each video, use with `with`."""

    def __init__(self, still: bool = False) -> None:
        os.environ.setdefault("GLOG_minloglevel", "3")
        with silenced_stderr():
            from mediapipe.python.solutions.face_mesh import FaceMesh as Mesh

            self._mesh = Mesh(static_image_mode=still, max_num_faces=1, refine_landmarks=False,
                              min_detection_confidence=0.5)  # fmt: skip
            # What starts in other threads must have written before stderr is given back.
            self._mesh.process(np.zeros((64, 64, 3), np.uint8))
        self._met = False

    def __call__(self, rgb: UInt8[np.ndarray, "h w 3"]) -> Float[np.ndarray, "468 2"] | None:
        """The points in pixels; None where no face is found."""
        with nullcontext() if self._met else silenced_stderr():  # at the first face it builds a network, which writes
            found = self._mesh.process(rgb).multi_face_landmarks
        if not found:
            return None
        self._met = True
        height, width = rgb.shape[:2]
        return np.array([(p.x * width, p.y * height) for p in found[0].landmark], np.float32)

    def __enter__(self) -> FaceMesh:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._mesh.close()


class Landmarks(NamedTuple):
    """What MediaPipe's face landmarker says of one face."""

    points: Float[np.ndarray, "478 2"]
    """Pixels."""
    coefficients: Float[np.ndarray, "52"]
    """In the order of `FaceLandmarker.names`."""


class FaceLandmarker:
    """MediaPipe's face landmarker with its 52 ARKit coefficients, image by image; the file is a model's."""

    def __init__(self, path: Path) -> None:
        os.environ.setdefault("GLOG_minloglevel", "3")
        with silenced_stderr():
            import mediapipe
            from mediapipe.tasks.python import BaseOptions, vision

            options = vision.FaceLandmarkerOptions(
                base_options=BaseOptions(model_asset_buffer=path.read_bytes()),
                output_face_blendshapes=True,
                num_faces=1,
            )
            self._net = vision.FaceLandmarker.create_from_options(options)
            self._image, self._format = mediapipe.Image, mediapipe.ImageFormat.SRGB
            self._net.detect(self._image(image_format=self._format, data=np.zeros((64, 64, 3), np.uint8)))
        self.names: tuple[str, ...] = ()

    def __call__(self, rgb: UInt8[np.ndarray, "h w 3"]) -> Landmarks | None:
        """None where no face is found."""
        with nullcontext() if self.names else silenced_stderr():
            found = self._net.detect(self._image(image_format=self._format, data=rgb))
        if not found.face_landmarks:
            return None
        height, width = rgb.shape[:2]
        points = np.array([(p.x * width, p.y * height) for p in found.face_landmarks[0]], np.float32)
        self.names = tuple(c.category_name for c in found.face_blendshapes[0])
        return Landmarks(points, np.array([c.score for c in found.face_blendshapes[0]]))

    def __enter__(self) -> FaceLandmarker:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._net.close()
