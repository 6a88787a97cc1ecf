"""68 landmarks a face, as the paper has it: files of others, alignment, and the sets of KDEF and RaFD.

A face is 136 numbers: the points of dlib's 68, turned, scaled and moved so that the centroids of the eyes lie at
(0.35, 0.35) and (0.65, 0.35) of a square, whose side is 1. Landmarks are read from files beside the images, or are
found in the images themselves with the mesh that `ned` tracks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int

from ned.errors import UserError

POINTS = 68
LEFT_EYE_AT = (0.35, 0.35)
"""In the image, so the actor's right eye: points 36 to 41."""

OF_MESH = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389,  # jaw
    71, 63, 105, 66, 107, 336, 296, 334, 293, 301,  # brows
    168, 197, 5, 4, 75, 97, 2, 326, 305,  # nose
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,  # eyes
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87,  # lips
)  # fmt: skip
"""The vertex of MediaPipe's mesh that lies nearest to each of the 68."""

KDEF_CODES = {"AF": "fear", "AN": "angry", "DI": "disgusted", "HA": "happy", "NE": "neutral", "SA": "sad",
              "SU": "surprised"}  # fmt: skip
RAFD_WORDS = {"fearful": "fear", "angry": "angry", "disgusted": "disgusted", "happy": "happy", "neutral": "neutral",
              "sad": "sad", "surprised": "surprised"}  # fmt: skip
_KDEF = re.compile(r"([AB])([FM]\d\d)(AF|AN|DI|HA|NE|SA|SU)S", re.IGNORECASE)
_RAFD = re.compile(r"Rafd090_(\d+)_[A-Za-z]+_[A-Za-z]+_([a-z]+)_frontal", re.IGNORECASE)
_POINT_FILES = (".pts", ".csv", ".txt", ".npy")
_IMAGES = (".jpg", ".jpeg", ".png")
_MAX_BYTES = 1024**2


@dataclass(frozen=True)
class PosedFaces:
    """A set in which every person shows every emotion, or most. `faces[i, j]`: one sitting showing `emotions[j]`."""

    emotions: tuple[str, ...]
    persons: Int[np.ndarray, "sittings"]
    """The person of each sitting."""
    faces: Float[np.ndarray, "sittings emotions 136"]
    seen: Bool[np.ndarray, "sittings emotions"]


def aligned(points: Float[np.ndarray, "68 2"]) -> Float[np.ndarray, "136"]:
    """A similarity brings the eyes' centroids to their places. ValueError where the eyes coincide."""
    right, left = points[36:42].mean(0), points[42:48].mean(0)
    across = left - right
    size = float(np.hypot(*across))
    if not size > 1e-9:
        raise ValueError("the eyes coincide")
    c, s = across / size * (1.0 - 2.0 * LEFT_EYE_AT[0]) / size
    turn = np.array([[c, s], [-s, c]])
    return ((points - right) @ turn.T + LEFT_EYE_AT).ravel()


def read_points(path: Path) -> Float[np.ndarray, "68 2"]:
    """68 points of a file: .pts (300-W), .npy, or text with two numbers a line. Raises UserError for anything else."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError
        if path.suffix.lower() == ".npy":
            points = np.load(path, allow_pickle=False)
        else:
            text = path.read_text(encoding="utf-8", errors="replace")
            if path.suffix.lower() == ".pts":
                text = text[text.index("{") + 1 : text.index("}")]
            numbers = re.findall(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?", text)
            points = np.array(numbers, np.float64).reshape(-1, 2)
        if points.shape != (POINTS, 2) or not np.isfinite(points).all():
            raise ValueError
        return points.astype(np.float64)
    except (OSError, ValueError, EOFError) as error:
        raise UserError("holds no 68 landmarks", path=path, remedy="give 68 lines of x and y, or a .pts") from error


def kdef_name(stem: str) -> tuple[str, str, str] | None:
    """Person, sitting and emotion of a frontal KDEF file, such as AF01HAS; None for others."""
    found = _KDEF.fullmatch(stem)
    return found and (found[2].upper(), found[1].upper(), KDEF_CODES[found[3].upper()])


def rafd_name(stem: str) -> tuple[str, str, str] | None:
    """Person, sitting and emotion of a frontal RaFD file that looks straight on; None for others."""
    found = _RAFD.fullmatch(stem)
    emotion = RAFD_WORDS.get(found[2].lower()) if found else None
    return (found[1], "", emotion) if found and emotion else None


def read_posed(folder: Path, find: Callable[[Path], Float[np.ndarray, "68 2"] | None] | None = None) -> PosedFaces:
    """The frontal faces of KDEF or RaFD in a folder and those in it, as their publishers name them.

    Landmarks come from a file of the same name beside each image where there is one, else from `find`, which looks
    for them in an image. Raises UserError where nothing fits, or no neutral face is there.
    """
    if not folder.is_dir():
        raise UserError("no such folder", path=folder, remedy="check the path")
    found: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (*_POINT_FILES, *_IMAGES))
    files.sort(key=lambda p: p.suffix.lower() in _IMAGES)  # landmark files first
    for path in files:
        name = kdef_name(path.stem) or rafd_name(path.stem)
        if name is None or name[2] in found.get(name[:2], {}):
            continue
        is_image = path.suffix.lower() in _IMAGES
        points = (find(path) if find is not None else None) if is_image else read_points(path)
        if points is not None:
            found.setdefault(name[:2], {})[name[2]] = aligned(points)
    if not found:
        remedy = "give KDEF (AF01HAS…) or RaFD (Rafd090_…_frontal) landmark files or images"
        raise UserError("holds no frontal face of KDEF or RaFD", path=folder, remedy=remedy)
    emotions = tuple(KDEF_CODES.values())
    names = sorted({person for person, _ in found})
    faces = np.zeros((len(found), len(emotions), 2 * POINTS))
    seen = np.zeros((len(found), len(emotions)), bool)
    for row, shown in enumerate(found.values()):
        for column, emotion in enumerate(emotions):
            if emotion in shown:
                faces[row, column], seen[row, column] = shown[emotion], True
    return PosedFaces(emotions, np.array([names.index(person) for person, _ in found]), faces, seen)


def mesh_points(path: Path) -> Float[np.ndarray, "68 2"] | None:
    """The 68 points of the largest face in an image, as `ned` finds it; None where there is none."""
    from ned.analysis.detection import Detector
    from ned.analysis.image import read_image
    from ned.analysis.landmarks import Landmarker, roi_of_landmarks

    rgb, detector = read_image(path), Detector()
    try:
        with Landmarker() as landmarker:
            found = [landmarker(rgb, detection.roi) for detection in detector.everywhere(rgb)]
            sure = [points for points, presence in found if points is not None and presence > 0.5]
            if not sure:
                return None
            largest = max(sure, key=lambda points: float(np.ptp(points[:, 0])))
            points, _ = landmarker(rgb, roi_of_landmarks(largest))
            return (largest if points is None else points)[list(OF_MESH), :2].astype(np.float64)
    finally:
        detector.close()
