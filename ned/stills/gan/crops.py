"""What a network sees: the whole image, the face, or a part of it, as a square of few pixels.

Boxes come from the face mesh, enlarged by a fifth. Images in which no face is found are left out, as the paper leaves
out those that lack a part.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8

from ned.errors import UserError
from ned.files.arrays import array_errors, save_arrays
from ned.files.atomic import atomic_path
from ned.stills.gan.readers import LabelledImage

ENLARGED = 0.2
OF_PART = {
    "mouth": (61, 291, 0, 17, 37, 267, 84, 314, 164, 18),
    "eyes": (70, 105, 107, 336, 334, 300, 33, 263, 133, 362, 145, 374, 130, 359, 111, 340),
    "nose": (168, 1, 2, 98, 327, 48, 278),
    "face": tuple(range(468)),
}  # fmt: skip
"""Landmarks around each part; brows belong to the eyes."""

Box = tuple[int, int, int, int]
Finder = Callable[[UInt8[np.ndarray, "h w 3"]], Float[np.ndarray, "478 3"] | None]


@dataclass(frozen=True)
class Crops:
    """Squares of one size with their labels."""

    images: UInt8[np.ndarray, "n size size 3"]
    emotions: Int[np.ndarray, "n"]
    """Index into `ned.types.EMOTIONS`, -1 where none is said."""
    places: Float[np.ndarray, "n 2"]
    persons: Int[np.ndarray, "n"]

    def split(self, share: float, seed: int) -> tuple[Crops, Crops]:
        """Crops to train on and those of persons held out."""
        people = np.unique(self.persons)
        held = np.random.default_rng(seed).permutation(people)[: max(1, round(share * len(people)))]
        out = np.isin(self.persons, held) if len(people) > 1 else np.zeros(len(self.persons), bool)
        return self.of(~out), self.of(out)

    def of(self, rows: np.ndarray) -> Crops:
        return Crops(self.images[rows], self.emotions[rows], self.places[rows], self.persons[rows])


def part_box(points: Float[np.ndarray, "478 3"], part: str, size: tuple[int, int]) -> Box:
    """A square around a part, enlarged by a fifth, xyxy in whole pixels, moved into an image of `size` (height, width)
    as far as it fits."""
    around = points[list(OF_PART[part]), :2]
    low, high = around.min(0), around.max(0)
    half = (1.0 + ENLARGED) * float((high - low).max()) / 2
    x, y = (low + high) / 2
    side = max(2, min(round(2 * half), *size))
    x0 = int(np.clip(round(x - side / 2), 0, size[1] - side))
    y0 = int(np.clip(round(y - side / 2), 0, size[0] - side))
    return x0, y0, x0 + side, y0 + side


def middle_box(size: tuple[int, int]) -> Box:
    """The largest square in the middle of an image of `size` (height, width): its scope `image`."""
    side = min(size)
    x0, y0 = (size[1] - side) // 2, (size[0] - side) // 2
    return x0, y0, x0 + side, y0 + side


def crop_of(rgb: UInt8[np.ndarray, "h w 3"], box: Box, size: int) -> UInt8[np.ndarray, "size size 3"]:
    """A box as a square of `size` pixels."""
    x0, y0, x1, y1 = box
    how = cv2.INTER_AREA if x1 - x0 > size else cv2.INTER_LINEAR
    return cv2.resize(np.ascontiguousarray(rgb[y0:y1, x0:x1]), (size, size), interpolation=how)


def make_crops(
    images: Iterable[LabelledImage], scope: str, part: str, size: int, find: Finder, names: tuple[str, ...]
) -> Crops:
    """Crops of all images that show a face. `names`: the emotions by number. Raises UserError where none does."""
    squares, emotions, places, persons = [], [], [], []
    for image in images:
        rgb = image.load()
        points = find(rgb)
        if points is None:
            continue
        if scope == "image":
            box = middle_box(rgb.shape[:2])
        else:
            box = part_box(points, "face" if scope == "face" else part, rgb.shape[:2])
        squares.append(crop_of(rgb, box, size))
        emotions.append(names.index(image.emotion) if image.emotion in names else -1)
        places.append(image.place_or_class())
        persons.append(image.person)
    if not squares:
        raise UserError("no face was found in any of the images", remedy="give images that show one each")
    known = {name: k for k, name in enumerate(dict.fromkeys(persons))}
    return Crops(np.stack(squares), np.array(emotions), np.array(places), np.array([known[p] for p in persons]))


class MeshFinder:
    """Landmarks of the largest face of an image. Holds native networks: close it, or use `with`."""

    def __init__(self) -> None:
        from ned.analysis.detection import Detector
        from ned.analysis.landmarks import Landmarker

        self._detector, self._landmarker = Detector(min_score=0.4), Landmarker()

    def __call__(self, rgb: UInt8[np.ndarray, "h w 3"]) -> Float[np.ndarray, "478 3"] | None:
        from ned.analysis.landmarks import Roi, roi_of_landmarks

        height, width = rgb.shape[:2]
        rois = [d.roi for d in self._detector.everywhere(rgb)] if min(height, width) >= 64 else []
        rois = rois or [Roi(width / 2, height / 2, 1.3 * min(height, width))]  # an image may be a face cut tightly
        best = None
        for roi in rois:
            points, presence = self._landmarker(rgb, roi)
            if points is None or presence < 0.5:
                continue
            if best is None or np.ptp(points[:, 0]) > np.ptp(best[:, 0]):
                best = points
        if best is None:
            return None
        finer, presence = self._landmarker(rgb, roi_of_landmarks(best))
        return finer if finer is not None and presence >= 0.5 else best

    def close(self) -> None:
        self._detector.close()
        self._landmarker.close()

    def __enter__(self) -> MeshFinder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def save_crops(path: Path, crops: Crops, key: str = "") -> None:
    """Write atomically, so that a training that goes on need not look for faces again. `key`: what they were cut
    from, and how."""
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        save_arrays(
            file, pictures=crops.images, emotions=crops.emotions, places=crops.places, persons=crops.persons,
            key=np.array(key),
        )  # fmt: skip


def load_crops(path: Path, key: str = "") -> Crops:
    """Raises UserError where the file is none of `save_crops`, or of another key."""
    try:
        with array_errors(), np.load(path, allow_pickle=False) as data:
            found = str(data["key"])
            crops = Crops(*(data[name] for name in ("pictures", "emotions", "places", "persons")))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UserError("is damaged", path=path, remedy="delete it; it is made again") from error
    if found != key:
        remedy = "choose another --out, or delete it; it is made again"
        raise UserError("was cut from other data or for other settings", path=path, remedy=remedy)
    return crops
