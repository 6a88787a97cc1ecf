"""What lies behind the skin: mouth interior and eyeballs, each seen through a hole of the face mesh.

A hole is bounded by an upper and a lower contour of equally many points that share their ends (the
corners). The hole is filled with a grid: columns join opposite contour points, rows run from the upper
contour (v = 0) to the lower one (v = 1). On the contours the content follows the skin, so that an
inexact contour leaves no seam; inside, it moves rigidly (eyeballs not at all, upper teeth with the
skull, lower teeth with the jaw) as far as the source shows what is wanted, and stretches where not.
Teeth that a lip has covered cannot be had from moving pixels: kept fully rigid, the edge of the lip
smears over them. So the mouth's content mostly follows the lips, which shifts the teeth by a few pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ned.geometry.articulation import opening
from ned.geometry.landmarks import LANDMARKS
from ned.geometry.topology import Contours

__all__ = [
    "LEFT_EYE", "MOUTH", "RIGHT_EYE", "ROWS", "Hole", "follow_grid", "grid_triangles", "opening", "source_grid",
    "unseen",
]  # fmt: skip

ROWS = np.array([0.0, 0.08, 0.18, 0.32, 0.5, 0.68, 0.82, 0.92, 1.0], np.float32)
_CONTENT_MARGIN = 0.04  # share of the opening next to the lids or lips that is never sampled from inside


@dataclass(frozen=True)
class Hole(Contours):
    """An opening of the mesh, and how what lies behind it moves."""

    band: float = 0.2
    """Share of the opening, at either contour, over which the content follows the skin."""
    rigidity: float = 1.0
    """1: the content moves rigidly where the source shows it; 0: it is shifted and stretched with the skin."""


MOUTH = Hole(LANDMARKS.mouth.upper, LANDMARKS.mouth.lower, band=0.25, rigidity=0.2)
RIGHT_EYE = Hole(LANDMARKS.right_eye.upper, LANDMARKS.right_eye.lower, band=0.2)
LEFT_EYE = Hole(LANDMARKS.left_eye.upper, LANDMARKS.left_eye.lower, band=0.2)


def grid_triangles(columns: int, rows: int = len(ROWS)) -> Int[np.ndarray, "t 3"]:
    """Triangles of a grid of `rows` × `columns` vertices, row by row, clockwise on the screen."""
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1].ravel(), index[:-1, 1:].ravel(), index[1:, 1:].ravel(), index[1:, :-1].ravel()
    return np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)


def follow_grid(upper: Float[np.ndarray, "n c"], lower: Float[np.ndarray, "n c"]) -> Float[np.ndarray, "r n c"]:
    """Grid points evenly between the contours."""
    v = ROWS[:, None, None]
    return (1 - v) * upper + v * lower


def source_grid(
    hole: Hole,
    source: Float[np.ndarray, "vertices 2"],
    target: Float[np.ndarray, "vertices 2"],
    upper_motion: Float[np.ndarray, "2"],
    lower_motion: Float[np.ndarray, "2"],
) -> Float[np.ndarray, "r n 2"]:
    """Where in the source the content of each point of `follow_grid(target)` is.

    Args:
        source, target: mesh in pixels before and after the edit.
        upper_motion, lower_motion: rigid motion in pixels of what lies behind the upper and the lower
            contour (teeth of the upper and lower jaw; zero for an eyeball).
    """
    upper, lower = source[list(hole.upper)], source[list(hole.lower)]
    follow, wanted = follow_grid(upper, lower), follow_grid(target[list(hole.upper)], target[list(hole.lower)])
    v = ROWS[:, None]
    motion = (1 - v)[..., None] * upper_motion + v[..., None] * lower_motion
    rigid = wanted - motion
    # position of the rigid candidate on its column: 0 on the upper contour, 1 on the lower
    span = lower - upper
    length2 = np.maximum((span**2).sum(-1), 0.25)
    along = ((rigid - upper) * span).sum(-1) / length2
    along = np.clip(along, _CONTENT_MARGIN, 1 - _CONTENT_MARGIN)
    inside = hole.rigidity * np.clip(np.minimum(v, 1 - v) / hole.band, 0, 1)
    position = np.maximum.accumulate(v + inside * (along - v), axis=0)
    # sideways the content stays where it was, less and less towards the corners
    n = len(hole.upper)
    middle = np.clip(np.minimum(np.arange(n), np.arange(n)[::-1]) / 3.0, 0, 1)
    across = (upper[-1] - upper[0]) / max(float(np.linalg.norm(upper[-1] - upper[0])), 1e-6)
    sideways = ((rigid - follow) @ across) * inside * middle
    open_enough = np.clip(np.sqrt((span**2).sum(-1)) / 3.0, 0, 1)  # a shut hole shows nothing that could slide
    return upper + position[..., None] * span + (sideways * open_enough)[..., None] * across


def unseen(hole: Hole, lacking: float) -> Float[np.ndarray, "r n"]:
    """`lacking`, the share of the content that the source does not show, on each point of `follow_grid`.

    Fades out towards the contours and the corners, which always show the source's own pixels.
    """
    depth = np.clip(np.minimum(ROWS, 1 - ROWS) / 0.16, 0.0, 1.0)[:, None]
    n = len(hole.upper)
    corners = np.clip(np.minimum(np.arange(n), np.arange(n)[::-1]) / 2.0, 0, 1)[None]
    return (lacking * depth * corners).astype(np.float32)
