"""Teeth and tongue from another frame of the same person, where an edit opens the mouth further than it was.

The upper teeth are rigid to the skull and the lower ones to the jaw, so the image of the other frame is
laid over this one by the parts of the face that do not move, and its lower half goes with the chin.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from ned.geometry.landmarks import LANDMARKS, LIP_OUTLINE, RIGID
from ned.geometry.rasterize import rasterize
from ned.renderer.warp import layers

_RIGID, _CHIN, _LIPS = RIGID, LANDMARKS.chin, list(LIP_OUTLINE)
_MOST_GAIN = 1.6
_GROWTH = (2.0, 3.5)
"""An opening that grows by less than the first factor shows its own content, by more than the second the donor's."""
_WIDE = (0.1, 0.22)
"""Openings, as shares of the mouth's width, from which on a donor is shown, and in full."""
_HOLE = layers.Hole(layers.MOUTH.upper, layers.MOUTH.lower, band=0.12)


@dataclass(frozen=True)
class MouthDonor:
    """An open mouth of the person: RGB in [0, 1] around it, and the tracked face in pixels of that image."""

    image: Float[np.ndarray, "h w 3"]
    face: Float[np.ndarray, "vertices 3"]

    def interior(
        self,
        image: Float[np.ndarray, "ph pw 3"],
        source: Float[np.ndarray, "vertices 3"],
        target: Float[np.ndarray, "drawn 3"],
    ) -> Float[np.ndarray, "ph pw 3"]:
        """What is seen through the mouth of `target`, in the light of `image`; 0 outside the mouth.

        `source`, `target`: the face before and after the edit in pixels of `image`.
        """
        to_donor = rigid_map(source, self.face)
        wanted = target[:, :2] @ to_donor[:2] + to_donor[2]
        chin = (wanted[_CHIN] - self.face[_CHIN, :2]).astype(np.float32)
        still = np.zeros(2, np.float32)
        own = self.face[:, :2]
        taken = layers.source_grid(_HOLE, own, wanted[: len(own)], still, chin).reshape(-1, 2).astype(np.float32)
        flat = target[:, :2]
        drawn = layers.follow_grid(flat[list(_HOLE.upper)], flat[list(_HOLE.lower)]).reshape(-1, 2)
        low = np.maximum(np.floor(drawn.min(0)).astype(int) - 1, 0)
        high = np.minimum(np.ceil(drawn.max(0)).astype(int) + 2, [image.shape[1], image.shape[0]])
        out = np.zeros_like(image)
        if (high <= low).any():
            return out
        xy = np.full((high[1] - low[1], high[0] - low[0], 2), -1e4, np.float32)
        buffer = np.full(xy.shape[:2], np.inf, np.float32)
        triangles = layers.grid_triangles(len(_HOLE.upper))
        rasterize(drawn - low, np.zeros(len(drawn), np.float32), taken, triangles, xy, buffer)
        region = slice(low[1], high[1]), slice(low[0], high[0])
        shown = cv2.remap(self.image, xy, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        out[region] = shown * (lip_colour(image, source) / lip_colour(self.image, self.face)).clip(
            1 / _MOST_GAIN, _MOST_GAIN
        )
        return out


def rigid_map(source: Float[np.ndarray, "v 3"], donor: Float[np.ndarray, "v 3"]) -> Float[np.ndarray, "3 2"]:
    """The affine map of pixels, as `xy @ m[:2] + m[2]`, that lays the rigid parts of one face over another's."""
    points = np.c_[source[list(_RIGID), :2], np.ones(len(_RIGID))]
    return np.linalg.lstsq(points, donor[list(_RIGID), :2], rcond=None)[0].astype(np.float32)


def lip_colour(image: Float[np.ndarray, "h w 3"], face: Float[np.ndarray, "v 3"]) -> Float[np.ndarray, "3"]:
    """Median RGB of the lips' outline, which tells in which light a mouth is; at least 0.02."""
    at = face[_LIPS, :2].astype(int)
    x, y = np.clip(at[:, 0], 0, image.shape[1] - 1), np.clip(at[:, 1], 0, image.shape[0] - 1)
    return np.maximum(np.median(image[y, x], axis=0), 0.02).astype(np.float32)


def lacking(before: float, after: float) -> float:
    """How much of the mouth's content should come from a donor, for openings of any one unit; 0 to 1."""
    share = (after / max(before, 1e-6) - _GROWTH[0]) / (_GROWTH[1] - _GROWTH[0])
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)


def open_wide(face: Float[np.ndarray, "v 3"]) -> float:
    """0 for a mouth that is open by a crack, where all is dark, 1 for one that shows what is in it."""
    outline = face[[layers.MOUTH.upper[0], layers.MOUTH.upper[-1]], :2]
    share = layers.opening(layers.MOUTH, face) / max(float(np.linalg.norm(outline[1] - outline[0])), 1e-6)
    return min(max((share - _WIDE[0]) / (_WIDE[1] - _WIDE[0]), 0.0), 1.0)
