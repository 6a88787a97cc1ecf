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
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

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


@dataclass(frozen=True)
class Described:
    """Descriptors of an original and its edit where a face was seen."""

    looks: Int[np.ndarray, "n"]
    """Which of the looks at every `EVERY_S` it were; those without a face have no row."""
    before: Float[np.ndarray, "n k"]
    after: Float[np.ndarray, "n k"]


def distances(seen: Described) -> tuple[float, float]:
    """Mean distance of edited to original, and of originals a second apart; NaN where none are."""
    row, second = {int(look): k for k, look in enumerate(seen.looks)}, round(1 / EVERY_S)
    pairs = [(k, row[look + second]) for look, k in row.items() if look + second in row]
    speech = [float(np.linalg.norm(seen.before[a] - seen.before[b])) for a, b in pairs]
    edit = float(np.linalg.norm(seen.after - seen.before, axis=1).mean()) if row else float("nan")
    return edit, float(np.mean(speech)) if speech else float("nan")


def describe(recogniser: Recogniser, original: Path, edited: Path) -> Described:
    """Frames at every `EVERY_S` of both, where the original shows a face, whose points serve the edited one too.
    UserError where the two are not frame for frame as large and as many."""
    step = max(1, round(EVERY_S * float(probe(original).frame_rate)))
    looks, before, after = [], [], []
    others = read_frames(edited)
    for one in read_frames(original):
        other = next(others, None)
        if other is None:
            raise UserError("has fewer frames than its original", path=edited, remedy="name the edit of this original")
        if one.index % step:
            continue
        rgb, changed = (np.ascontiguousarray(frame.rgb()) for frame in (one, other))
        if rgb.shape != changed.shape:
            raise UserError("is not as large as its original", path=edited, remedy="name the edit of this original")
        if (shape := recogniser.shape(rgb)) is not None:
            looks.append(one.index // step)
            before.append(recogniser.describe(rgb, shape))
            after.append(recogniser.describe(changed, shape))
    if next(others, None) is not None:
        raise UserError("has more frames than its original", path=edited, remedy="name the edit of this original")
    return Described(np.array(looks, int), np.array(before), np.array(after))


def ratio(seen: Described, original: Path) -> tuple[float, float, float]:
    """`distances` and their ratio. UserError where there is none: no face a second apart, or one that does not move."""
    edit, speech = distances(seen)
    if not speech > 0:
        cause = "is a still image" if speech == 0 else "shows no face a second apart"
        raise UserError(cause, path=original, remedy="name a longer clip of a face")
    return edit, speech, edit / speech


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="ORIGINAL EDITED")
    given = parser.parse_args(arguments)
    if len(given.files) % 2:
        parser.error("give pairs: ORIGINAL EDITED")
    ratios = []
    try:
        recogniser = Recogniser()
        for original, edited in zip(given.files[::2], given.files[1::2], strict=True):
            edit, speech, more = ratio(describe(recogniser, original, edited), original)
            ratios.append(more)
            print(f"{edited.name:50s} edit {edit:.3f}  a second of speech {speech:.3f}  ratio {more:.2f}")
    except NedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"median {np.median(ratios):.2f}, worst {max(ratios):.2f}, of {len(ratios)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
