"""Glasses do not bend with the skin behind them.

Their rims are found as closed curves around the eyes that are darker, or brighter, than what lies inside and
outside of them: around each eye the image is unrolled into polar coordinates, and the strongest closed path is
traced by dynamic programming (as in A. Amini et al., *Using dynamic programming for solving variational problems
in vision*, PAMI 1990). A face without glasses has no such path under the eyes. Where rims were found, pixels
move the less the nearer they are: the rims keep most of their shape, what lies behind slides past.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.ndimage import binary_closing

from ned.composite.kernels import hold_still
from ned.geometry.landmarks import LANDMARKS
from ned.renderer.warp.donor import rigid_map

_EYES = tuple(
    (*eye.corners, *lids[1])
    for eye, lids in ((LANDMARKS.right_eye, LANDMARKS.right_lids), (LANDMARKS.left_eye, LANDMARKS.left_lids))
)
"""Corners and lids of the actor's right and left eye."""
_CHEEKS = list(LANDMARKS.cheeks)
_ANGLES = np.linspace(0.0, 2.0 * np.pi, 72, endpoint=False)
_RADII = np.linspace(1.3, 4.4, 63)  # cm; from just outside the lids to beyond the largest lenses
_ASPECT = np.array([1.12, 0.9])  # lenses are wider than high
_LOW = np.sin(_ANGLES) > -0.3
"""Where no brow can be taken for a rim."""
_SIDE = 3  # radii; half the greatest width of a rim
_RIDGE, _RIDGE_MOST = 0.02, 0.15
"""Contrast of a rim, as a share of the brightness of the cheeks: the least that counts, and the most."""
_STEP_COST = 0.05
_SHARES = 0.1
"""Least product of both eyes' shares of traced rim. Set on 51 clips: the six with glasses had 0.12 and more,
the others 0.064 and less."""
_HALF_WIDTH_CM = 0.12
GIVE = 0.7
"""Share of the motion that a rim still makes. Rims that stand quite still hold the brows behind them as well, and
then a frown is no longer read (on four people with glasses 38 % instead of 70 % of the frames)."""
_SLIDE = 1.5
"""A pixel at this many times its motion from a rim moves in full; above 1, nothing can cross or double a rim."""
_GAP = 6  # angles; shorter pieces between traced ones belong to the rim as well


@dataclass(frozen=True)
class Rims:
    """The traced pieces of both rims."""

    points: Float[np.ndarray, "eyes=2 angles 2"]
    """In the plane of the face model's frontal mean face, cm."""
    seen: Bool[np.ndarray, "eyes=2 angles"]
    mean: Float[np.ndarray, "v 3"]

    def hold(self, source_xy: Float[np.ndarray, "h w 2"], face: Float[np.ndarray, "v 3"]) -> None:
        """Shorten the motion that `source_xy`, where each pixel's content comes from, has near the rims of `face`.

        In place; `face` is the tracked face in pixels.
        """
        to_pixels = rigid_map(self.mean, face)
        scale = float(np.sqrt(abs(np.linalg.det(to_pixels[:2]))))
        points = self.points @ to_pixels[:2] + to_pixels[2]
        height, width = source_xy.shape[:2]
        reach = 1.6 * scale
        low = np.maximum(np.floor(points.min((0, 1)) - reach), 0).astype(int)
        high = np.minimum(np.ceil(points.max((0, 1)) + reach), (width, height)).astype(int)
        if (high - low < 2).any():
            return
        free = np.full((high[1] - low[1], high[0] - low[0]), 255, np.uint8)
        thick = max(1, round(2 * _HALF_WIDTH_CM * scale))
        for rim, seen in zip(np.round(points - low).astype(np.int32), self.seen, strict=True):
            cv2.polylines(free, [np.take(rim, piece, axis=0, mode="wrap") for piece in _pieces(seen)], False, 0, thick)
        distance = cv2.distanceTransform(free, cv2.DIST_L2, 3)
        region = source_xy[low[1] : high[1], low[0] : high[0]]
        hold_still(region, low, distance, np.float32(GIVE), np.float32(_SLIDE))


def _pieces(seen: Bool[np.ndarray, "angles"]) -> list[Int[np.ndarray, "_"]]:
    """The angles of each piece of a rim, in order; they go on beyond the last."""
    if seen.all():
        return [np.arange(len(seen) + 1)]
    begins = np.flatnonzero(seen & ~np.roll(seen, 1))
    ends = np.flatnonzero(seen & ~np.roll(seen, -1))
    ends = [ends[ends >= k].min() if (ends >= k).any() else ends.min() + len(seen) for k in begins]
    return [np.arange(k, end + 1) for k, end in zip(begins, ends, strict=True) if end > k]


def find_rims(
    images: list[Float[np.ndarray, "_ _"]], faces: list[Float[np.ndarray, "v 3"]], mean: Float[np.ndarray, "v 3"]
) -> Rims | None:
    """The rims of the glasses of a person, None where there are none.

    Args:
        images: luminance in [0, 1] of a few frames; two or three are enough, and steadier than one.
        faces: the tracked face in pixels of each.
        mean: the face model's mean.
    """
    points, seen = [], []
    for eye in _EYES:
        centre = mean[list(eye), :2].mean(0)
        grid = _unrolled(centre)
        strength = np.median([_ridges(p, f, grid, mean) for p, f in zip(images, faces, strict=True)], axis=0)
        path = closed_path(np.minimum(strength, _RIDGE_MOST), _STEP_COST)
        points.append(grid[path, np.arange(len(_ANGLES))])
        seen.append(strength[path, np.arange(len(_ANGLES))] > _RIDGE)
    shares = [float(s[_LOW].mean()) for s in seen]
    if shares[0] * shares[1] < _SHARES:
        return None
    whole = [binary_closing(np.tile(s, 3), np.ones(_GAP))[len(s) : 2 * len(s)] for s in seen]
    return Rims(np.array(points, np.float32), np.array(whole), mean.astype(np.float32))


def _unrolled(centre: Float[np.ndarray, "2"]) -> Float[np.ndarray, "radii angles 2"]:
    """Polar grid around an eye, angle 0 towards the temple."""
    outward = np.array([np.sign(centre[0]), 1.0])
    ray = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], -1) * _ASPECT * outward
    return centre + _RADII[:, None, None] * ray


def _ridges(image, face, grid, mean) -> Float[np.ndarray, "radii angles"]:
    """How much darker, or brighter, each place is than the places inside and outside of it."""
    to_pixels = rigid_map(mean.astype(np.float32), face)
    around = cv2.remap(image, (grid @ to_pixels[:2] + to_pixels[2]).astype(np.float32), None, cv2.INTER_LINEAR)
    x, y = (np.clip(face[_CHEEKS, k].astype(int), 0, image.shape[1 - k] - 1) for k in (0, 1))
    skin = max(float(np.median(image[y, x])), 0.05)
    outside, inside = np.roll(around, -_SIDE, 0), np.roll(around, _SIDE, 0)
    ridge = np.maximum(np.minimum(outside, inside) - around, around - np.maximum(outside, inside))
    ridge[:_SIDE] = ridge[-_SIDE:] = 0.0
    return np.maximum(ridge, 0.0) / skin


def closed_path(score: Float[np.ndarray, "radii angles"], step_cost: float, span: int = 2) -> Int[np.ndarray, "angles"]:
    """The radius of each angle along the closed path of the greatest sum of scores.

    `step_cost` is paid for each radius up or down, at most `span` of them from angle to angle.
    """
    radii, angles = score.shape
    twice = np.concatenate([score, score], axis=1)  # the middle turn of two has forgotten where the path began
    total, back = twice[:, 0], np.zeros((radii, 2 * angles), int)
    steps = np.arange(-span, span + 1)
    for j in range(1, 2 * angles):
        padded = np.pad(total, span, constant_values=-np.inf)
        options = np.stack([padded[span + d : span + d + radii] - step_cost * abs(d) for d in steps])
        best = options.argmax(0)
        back[:, j] = np.arange(radii) + steps[best]
        total = options[best, np.arange(radii)] + twice[:, j]
    path = np.zeros(2 * angles, int)
    path[-1] = total.argmax()
    for j in range(2 * angles - 1, 0, -1):
        path[j - 1] = back[path[j], j]
    half = angles // 2
    return np.roll(path[half : half + angles], half)
