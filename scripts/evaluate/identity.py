"""Does a face recogniser still know the person? How far an edit moves a face, against how far a second of speech does.

    pip install dlib-bin face-recognition-models
    python scripts/evaluate/identity.py ORIGINAL EDITED [ORIGINAL EDITED …]

Descriptors are dlib's: 128 numbers of a ResNet trained by metric learning (D. King, *High quality face recognition with
deep metric learning*, 2017), for which .6 parts two people. For every pair: the mean distance of edited to original
frames, that of frames of the original a second apart, and their ratio. The two packages serve this measurement alone:
some of the recogniser's training images allow no other use.
"""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ned.errors import NedError, UserError
from ned.video import read_frames
from ned.video.probe import probe

EVERY_S = 0.5
"""Seconds between the frames that are compared."""


class Recogniser:
    """Descriptors of the largest face of an image."""

    def __init__(self) -> None:
        try:
            import dlib
        except ImportError as error:
            raise UserError("dlib is missing", remedy="pip install dlib-bin face-recognition-models") from error
        # found without an import: the package itself needs a module that setuptools no longer brings
        models = find_spec("face_recognition_models")
        if models is None or models.origin is None:
            raise UserError("face_recognition_models is missing", remedy="pip install face-recognition-models")
        folder = Path(models.origin).parent / "models"
        self._detect = dlib.get_frontal_face_detector()
        self._points = dlib.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat"))
        self._net = dlib.face_recognition_model_v1(str(folder / "dlib_face_recognition_resnet_model_v1.dat"))

    def shape(self, rgb: np.ndarray):
        """The five points of the largest face, or None."""
        boxes = self._detect(rgb, 0) or self._detect(rgb, 1)
        return self._points(rgb, max(boxes, key=lambda box: box.area())) if boxes else None

    def describe(self, rgb: np.ndarray, shape) -> Float[np.ndarray, "128"]:
        """The descriptor of a face at these points."""
        return np.array(self._net.compute_face_descriptor(rgb, shape))


def ratio(before: Float[np.ndarray, "n 128"], after: Float[np.ndarray, "n 128"], second: int) -> tuple[float, float]:
    """Mean distance of edited to original, and of originals `second` rows apart."""
    edit = float(np.linalg.norm(after - before, axis=1).mean())
    speech = float(np.linalg.norm(before[second:] - before[:-second], axis=1).mean())
    return edit, speech


def descriptors(recogniser: Recogniser, original: Path, edited: Path) -> tuple[np.ndarray, np.ndarray]:
    """Of frames at every `EVERY_S` of both, where the original shows a face, whose points serve the edited one too."""
    step = max(1, round(EVERY_S * float(probe(original).frame_rate)))
    before, after = [], []
    for one, other in zip(read_frames(original, None, None), read_frames(edited, None, None), strict=True):
        if one.index % step:
            continue
        rgb = np.ascontiguousarray(one.rgb())
        if (shape := recogniser.shape(rgb)) is not None:
            before.append(recogniser.describe(rgb, shape))
            after.append(recogniser.describe(np.ascontiguousarray(other.rgb()), shape))
    if len(before) <= round(1 / EVERY_S):
        raise UserError("shows no face for longer than a second", path=original, remedy="name a longer clip of a face")
    return np.array(before), np.array(after)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="ORIGINAL EDITED")
    given = parser.parse_args()
    if len(given.files) % 2:
        parser.error("give pairs: ORIGINAL EDITED")
    ratios = []
    try:
        recogniser = Recogniser()
        for original, edited in zip(given.files[::2], given.files[1::2], strict=True):
            edit, speech = ratio(*descriptors(recogniser, original, edited), round(1 / EVERY_S))
            ratios.append(edit / speech)
            print(f"{edited.name:50s} edit {edit:.3f}  a second of speech {speech:.3f}  ratio {edit / speech:.2f}")
    except NedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"median {np.median(ratios):.2f}, worst {max(ratios):.2f}, of {len(ratios)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
