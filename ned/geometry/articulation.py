"""How far mouth and eyes are open: all the measures that `ned` takes of it, in one place.

The same gap is measured against different lengths for different ends; each function says which. Faces are landmarks
(see `ned.geometry.landmarks`), in pixels or any other unit.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ned.geometry.landmarks import LANDMARKS
from ned.geometry.topology import Contours, Regions

_UPPER, _LOWER = LANDMARKS.inner_lips
_RIGHT_EYE, _LEFT_EYE = LANDMARKS.outer_eye_corners


def lips_over_eyes(faces: Float[np.ndarray, "frames points 3"]) -> Float[np.ndarray, "frames"]:
    """Gap of the inner lips as a share of the distance of the outer eye corners: for comparing people and sizes."""
    apart = np.linalg.norm(faces[..., _UPPER, :] - faces[..., _LOWER, :], axis=-1)
    return apart / (np.linalg.norm(faces[..., _LEFT_EYE, :] - faces[..., _RIGHT_EYE, :], axis=-1) + 1e-6)


def lips_over_brow(faces: Float[np.ndarray, "frames points 3"]) -> Float[np.ndarray, "frames"]:
    """The same as a share of the distance from forehead to tip of the nose, which neither expression nor a turn to the
    side changes: for ordering the frames of one person."""
    apart = np.linalg.norm(faces[..., _UPPER, :] - faces[..., _LOWER, :], axis=-1)
    return apart / np.linalg.norm(faces[..., LANDMARKS.forehead, :] - faces[..., LANDMARKS.nose_tip, :], axis=-1)


def height_of_mouth(face: Float[np.ndarray, "points 3"]) -> float:
    """Height of the gap along the face's own vertical, in the face's unit, at least 0: for drawing lips."""
    down = face[LANDMARKS.chin] - face[LANDMARKS.nose_root]
    return max(0.0, float((face[_LOWER] - face[_UPPER]) @ down / max(float(np.linalg.norm(down)), 1e-6)))


def opening(hole: Contours, face: Float[np.ndarray, "points axes"]) -> float:
    """Distance in the image of an opening's contours, in its middle: for what is to be seen through it."""
    middle = len(hole.upper) // 2
    return float(np.linalg.norm(face[hole.lower[middle], :2] - face[hole.upper[middle], :2]))


def gaps_along(
    faces: Float[np.ndarray, "frames points 3"], down: Float[np.ndarray, "frames 3"], scale: Float[np.ndarray, "frames"]
) -> tuple[Float[np.ndarray, "frames"], Float[np.ndarray, "frames 2"]]:
    """Openings of the mouth, and of the actor's left and right eye, along the head's own vertical `down`, divided by
    `scale`, at least 0: what speech and blinks are kept by."""

    def gap(upper: int, lower: int) -> np.ndarray:
        return np.maximum(((faces[:, lower] - faces[:, upper]) * down).sum(-1) / scale, 0.0)

    return gap(_UPPER, _LOWER), _of_lids(LANDMARKS, gap)


def gaps_of_shapes(
    shapes: Float[np.ndarray, "width points 3"], regions: Regions
) -> tuple[Float[np.ndarray, "width"], Float[np.ndarray, "width 2"]]:
    """How far each of some displacements opens the mouth, and the actor's left and right eye, in the model's axes."""
    upper, lower = regions.inner_lips
    mouth = (shapes[:, lower, 1] - shapes[:, upper, 1]).astype(np.float64)
    return mouth, _of_lids(regions, lambda a, b: shapes[:, b, 1] - shapes[:, a, 1]).astype(np.float64)


def _of_lids(regions: Regions, gap) -> np.ndarray:
    eyes = (regions.left_lids, regions.right_lids)
    return np.stack([np.mean([gap(upper, lower) for upper, lower in eye], axis=0) for eye in eyes], 1)
