"""What lies behind the skin: mouth interior and eyeballs, each seen through a hole of the face mesh.

A hole is bounded by an upper and a lower contour of equally many points that share their ends (the
corners). The hole is filled with a grid: columns join opposite contour points, rows run from the upper
contour (v = 0) to the lower one (v = 1). On the contours the content follows the skin, so that an
inexact contour leaves no seam. Eyeballs stand still inside. Teeth keep their place between the lips: what
a lip has covered cannot be had from moving pixels, and rows held still under a lip that moves show its
edge, or its shadow, over and over. An edit moves the middle of the lips little. Sideways they keep
their width in the middle of the mouth, and what a smile uncovers is the dark corner beside them. A mouth
that opens further shows them hardly taller, and the dark between the jaws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Float, Int

from ned.geometry.articulation import opening
from ned.geometry.landmarks import LANDMARKS
from ned.geometry.topology import Contours
from ned.renderer.warp.layer_kernels import slide, spread_mouth

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


MOUTH = Hole(LANDMARKS.mouth.upper, LANDMARKS.mouth.lower, band=0.25)
RIGHT_EYE = Hole(LANDMARKS.right_eye.upper, LANDMARKS.right_eye.lower, band=0.2)
LEFT_EYE = Hole(LANDMARKS.left_eye.upper, LANDMARKS.left_eye.lower, band=0.2)


def grid_triangles(columns: int, rows: int = len(ROWS)) -> Int[np.ndarray, "t 3"]:
    """Triangles of a grid of `rows` × `columns` vertices, row by row, clockwise on the screen."""
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1].ravel(), index[:-1, 1:].ravel(), index[1:, 1:].ravel(), index[1:, :-1].ravel()
    return np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)


def follow_grid(
    upper: Float[np.ndarray, "n c"], lower: Float[np.ndarray, "n c"], rows: Float[np.ndarray, "r"] = ROWS
) -> Float[np.ndarray, "r n c"]:
    """Grid points between the contours, in `rows`."""
    v = rows[:, None, None]
    return (1 - v) * upper + v * lower


def source_grid(
    hole: Hole,
    source: Float[np.ndarray, "vertices axes"],
    target: Float[np.ndarray, "vertices axes"],
    upper_motion: Float[np.ndarray, "2"],
    lower_motion: Float[np.ndarray, "2"],
) -> Float[np.ndarray, "r n 2"]:
    """Where in the source the content of each point of `follow_grid(target)` is.

    Args:
        source, target: mesh in pixels before and after the edit.
        upper_motion, lower_motion: rigid motion in pixels of what lies behind the upper and the lower
            contour (teeth of the upper and lower jaw; zero for an eyeball).
    """
    contours = (_flat(face, line) for face in (source, target) for line in (hole.upper, hole.lower))
    out = np.empty((len(ROWS), len(hole.upper), 2), np.float32)
    slide(*contours, upper_motion, lower_motion, ROWS, np.float32(hole.band), np.float32(_CONTENT_MARGIN), out)
    return out


def _flat(face: Float[np.ndarray, "vertices axes"], line: Sequence[int]) -> Float[np.ndarray, "n 2"]:
    return np.ascontiguousarray(face[_index(tuple(line)), :2], np.float32)


@lru_cache(maxsize=32)
def _index(line: tuple[int, ...]) -> Int[np.ndarray, "n"]:
    return np.array(line)


def _columns_from_corner(count: int) -> Float[np.ndarray, "n"]:
    """How far each of `count` columns is from the nearer corner, as a share of the whole width."""
    return np.minimum(np.arange(count), np.arange(count)[::-1]) / (count - 1)


MOUTH_ROWS = np.linspace(0.0, 1.0, 33, dtype=np.float32)
MOST_STRETCH = 1.03
"""Growth of a mouth's opening up to which its content is stretched; beyond, teeth keep their height and part."""
UPPER_SHARE = 0.8
"""Share of the content that hangs from the upper lip when the jaws part, where nothing dark shows where they do."""
_LEAST_UPPER, _MOST_UPPER, _PULL, _LEAST_CONTRAST = 0.3, 0.9, 0.7, 0.05
_MOST_WIDENING = 1.3  # up to which the teeth in the middle of a mouth keep their width


def mouth_grid(
    source_upper: Float[np.ndarray, "n 2"],
    source_lower: Float[np.ndarray, "n 2"],
    target_upper: Float[np.ndarray, "n 2"],
    target_lower: Float[np.ndarray, "n 2"],
    split: float = UPPER_SHARE,
) -> Float[np.ndarray, "r n 2"]:
    """Where in the source the content of each point of `follow_grid(target_upper, target_lower, MOUTH_ROWS)` is.

    Args:
        source_upper, source_lower: inner contours of the lips in pixels before the edit, from corner to corner.
        target_upper, target_lower: after it.
        split: see `parted`.
    """
    down = np.array([source_upper[0, 1] - source_upper[-1, 1], source_upper[-1, 0] - source_upper[0, 0]])
    down = down / max(float(np.hypot(*down)), 1e-6)
    centre = len(source_upper) // 2
    before, after = (float((low - up)[centre] @ down) for up, low in
                     ((source_upper, source_lower), (target_upper, target_lower)))  # fmt: skip
    position, _ = parted(growth_of(before, after), split)
    contours = (np.ascontiguousarray(c, np.float32) for c in (source_upper, source_lower, target_upper, target_lower))
    out = np.empty((len(MOUTH_ROWS), len(source_upper), 2), np.float32)
    spread_mouth(*contours, MOUTH_ROWS, position, np.float32(_MOST_WIDENING), out)
    return out


def growth_of(before: float, after: float) -> float:
    """By how much an opening, in any unit, grows; 1 where it was shut, which shows nothing that could be stretched."""
    return after / before if before > 1e-3 * max(after, 1e-6) and after > before else 1.0


def parted(growth: float, split: float = UPPER_SHARE) -> tuple[Float[np.ndarray, "r"], Float[np.ndarray, "r"]]:
    """Where between the source's lips (0 to 1) the content of each of `MOUTH_ROWS` is when an opening grows so much,
    and how much of each row lies between jaws that part, which the source does not show.

    Up to `MOST_STRETCH` all is stretched. Beyond, what hangs from the upper lip, which is the content's share `split`,
    and what stands on the lower one keep that height, and the dark between them is new.
    """
    stretch = min(max(growth, 1.0), MOST_STRETCH)
    scale = max(growth, 1.0) / stretch
    if scale <= 1.0:
        return MOUTH_ROWS.copy(), np.zeros_like(MOUTH_ROWS)
    position = np.maximum(
        np.minimum(MOUTH_ROWS * scale, split), np.float32(1.0) - (np.float32(1.0) - MOUTH_ROWS) * scale
    )
    top, bottom = split / scale, 1.0 - (1.0 - split) / scale
    soft = 0.5 * min(0.12, bottom - top)
    gap = np.clip(np.minimum(MOUTH_ROWS - top + soft, bottom + soft - MOUTH_ROWS) / (2.0 * soft), 0.0, 1.0)
    return position.astype(np.float32), gap.astype(np.float32)


def where_jaws_part(
    grey: Float[np.ndarray, "h w"], upper: Float[np.ndarray, "n 2"], lower: Float[np.ndarray, "n 2"]
) -> float:
    """How far down a mouth in an image is dark, as a share of its opening: there its jaws part, and no tooth is cut.

    `UPPER_SHARE` where all is about as bright, or the mouth is nearly shut.
    """
    middle = slice(len(upper) // 4, len(upper) - len(upper) // 4)
    grid = follow_grid(upper[middle], lower[middle], MOUTH_ROWS).astype(np.float32)
    light = cv2.remap(grey, grid, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).mean(1)
    light = np.convolve(np.pad(light, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    within = (MOUTH_ROWS >= _LEAST_UPPER) & (MOUTH_ROWS <= _MOST_UPPER)
    cost = light + _PULL * max(float(np.ptp(light)), _LEAST_CONTRAST) * np.abs(MOUTH_ROWS - UPPER_SHARE)
    return float(MOUTH_ROWS[within][np.argmin(cost[within])])


def unseen(hole: Hole, lacking: float, growth: float = 1.0, split: float = UPPER_SHARE) -> Float[np.ndarray, "r n"]:
    """How much of the content the source does not show, on each point of a grid of `MOUTH_ROWS`: a share `lacking` of
    all, and what lies between jaws that part when the opening grows by `growth`.

    Fades out towards the contours and the corners, which always show the source's own pixels.
    """
    depth = np.clip(np.minimum(MOUTH_ROWS, 1 - MOUTH_ROWS) / 0.16, 0.0, 1.0)
    corners = np.clip(_columns_from_corner(len(hole.upper)) / 0.2, 0, 1)[None]
    rows = np.maximum(lacking * depth, parted(growth, split)[1] * np.minimum(depth * 2.0, 1.0))
    return (rows[:, None] * corners).astype(np.float32)
