"""What the network is told of a wanted geometry, as images: mean-face coordinates, shape, eyes, mask, mouth.

NMFC and shape are those of Neural Emotion Director (supplement, section A). Its detail comes from a displacement map of
DECA; here the wrinkles that `ned.renderer.warp.wrinkles` folds with the expression take its place. The eyes carry the
lids' opening beside iris and pupil, and the mask is that of the wanted face, so that a lowered jaw is inside it.
Left and right are alike in all channels but the first, so that images may be mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import cv2
import numba
import numpy as np
from jaxtyping import Float

from ned.composite.blend import soft_mask
from ned.face_model import ARKIT52, FaceModel
from ned.face_model.named import named_change
from ned.geometry.landmarks import LANDMARKS, NUM_SURFACE
from ned.geometry.rasterize import rasterize
from ned.renderer.neural.mesh import MeshDrawing
from ned.renderer.warp import layers
from ned.renderer.warp.shading import vertex_normals
from ned.renderer.warp.wrinkles import WrinkleShader
from ned.types import Heads

IRISES = {layers.RIGHT_EYE: LANDMARKS.right_iris[0], layers.LEFT_EYE: LANDMARKS.left_iris[0]}
"""Landmark in the middle of each iris; the four after it lie on its edge: nasal or temporal, top, the other, bottom."""
PUPIL = 0.42
"""Radius of a pupil as a share of its iris; a tracker sees none."""
RELIEF = 3.0
"""How much deeper than in a photograph the wrinkles are shaded."""
EROSION = 0.03
"""Of the mask, and the width of its ramp at the border of the crop, as a share of the face's width."""
MASK, MOUTH, OWN = 9, 10, 11
"""Where these stand in the twelve channels that the network of candidates sees, after `Conditioning.stack`; `OWN` is 1
all over where the first candidate is the wanted frame itself, else 0."""

_FAR = np.float32(1e9)
_LIGHT = np.array([0.0, -0.5, -1.0], np.float32) / np.float32(np.hypot(0.5, 1.0))  # from above the camera
_AMBIENT, _DIFFUSE = np.float32(0.2), np.float32(0.6)  # room above for the bulges beside wrinkles
_IN_FRONT = 0.04  # of the crop: skin so much nearer than an opening hides it
_RING = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)
_CIRCLE = np.stack([np.cos(_RING), np.sin(_RING)], 1).astype(np.float32)
_FACE_IN_CROP = 0.64  # width of an aligned face in crops


@dataclass(frozen=True)
class Conditioning:
    """Images of one geometry, values in [0, 1]."""

    nmfc: Float[np.ndarray, "h w 3"]
    """The mean face's x, y, z in its bounding box, as the colour of each vertex; 0 off the skin."""
    shape: Float[np.ndarray, "h w 3"]
    """Grey skin under a light from above the camera, with the wrinkles of the expression."""
    eyes: Float[np.ndarray, "h w 3"]
    """The opening between the lids, the iris in it, the pupil in it."""
    mask: Float[np.ndarray, "h w"]
    """The face's outline, eroded and softened; 0 at the border of the crop."""
    mouth: Float[np.ndarray, "h w"]
    """The opening between the lips."""

    def stack(self) -> Float[np.ndarray, "9 h w"]:
        """NMFC, shape and eyes, channels first."""
        return np.concatenate([self.nmfc, self.shape, self.eyes], 2).transpose(2, 0, 1)


class Conditioner:
    """Draws the conditioning of faces in crops of `size` pixels."""

    def __init__(self, model: FaceModel, size: int, drawing: MeshDrawing | None = None) -> None:
        """`drawing`: NMFC and shape are those of FLAME's whole mesh; eyes, mask and mouth are the landmarks' always."""
        self._images = drawing.images(size) if drawing else None
        mesh = model.mean[:NUM_SURFACE]
        low, high = mesh.min(0), mesh.max(0)
        self.colours = np.clip((model.mean - low) / (high - low), 0.0, 1.0).astype(np.float32)
        """NMFC of every vertex."""
        self._triangles, self.size = model.topology.triangles, size
        """Side of the crops."""
        # x and y of the normalised mean are the surface coordinates of the wrinkles as well
        self._side = max(16, round(_FACE_IN_CROP * size))
        self._wrinkles = WrinkleShader(
            self.colours[:, :2], model.topology.mirror, ARKIT52.names, self._side, named=named_change(model)
        )
        edge = np.minimum(np.arange(size), np.arange(size)[::-1]) / (EROSION * _FACE_IN_CROP * size)
        self._border = np.minimum(*np.meshgrid(*2 * [np.clip(edge, 0.0, 1.0)])).astype(np.float32)

    def __call__(
        self,
        face: Float[np.ndarray, "vertices 3"],
        coefficients: Float[np.ndarray, "width"],
        head: Heads | None = None,
    ) -> Conditioning:
        """
        Args:
            face: vertices in pixels of the crop, depth in the same scale.
            coefficients: of its expression, jaw opening first.
            head: FLAME's in this frame, posed in the same pixels; ValueError where it is to be drawn and is not there.
        """
        size, flat = self.size, np.ascontiguousarray(face[:, :2], np.float32)
        light = np.maximum(vertex_normals(face, self._triangles) @ _LIGHT, 0.0)
        attributes = np.c_[self.colours, _AMBIENT + _DIFFUSE * light]
        image, buffer = np.zeros((size, size, 4), np.float32), np.full((size, size), _FAR, np.float32)
        rasterize(flat, face[:, 2], attributes, self._triangles, image, buffer)
        if self._images is not None:
            if head is None:
                raise ValueError("FLAME's mesh is to be drawn, and no head is given")
            nmfc, grey = self._images.draw(head)
        else:
            nmfc, grey = np.ascontiguousarray(image[..., :3]), self._folded(image, coefficients)
        eyes = np.zeros((size, size, 3), np.float32)
        for hole, iris in IRISES.items():
            self._draw_eye(hole, iris, face, buffer, eyes)
        outline = flat[:NUM_SURFACE]
        mask = soft_mask(outline, outline, (size, size), EROSION) * self._border
        mouth = self._opening(layers.MOUTH, face, buffer)
        return Conditioning(nmfc, np.repeat(grey[..., None], 3, 2), eyes, mask, mouth)

    def _folded(
        self, image: Float[np.ndarray, "s s 4"], coefficients: Float[np.ndarray, "width"]
    ) -> Float[np.ndarray, "s s"]:
        """Shaded skin with its wrinkles."""
        texture = self._wrinkles.texture(coefficients)
        at = image[..., :2] * np.float32(self._side) - np.float32(0.5)
        relief = cv2.remap(texture, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.clip(image[..., 3] * (1 + np.float32(RELIEF) * relief), 0.0, 1.0)

    def _draw_eye(self, hole: layers.Hole, iris: int, face: np.ndarray, buffer: np.ndarray, eyes: np.ndarray) -> None:
        opening = self._opening(hole, face, buffer)
        if not opening.any():
            return
        middle, ring = face[iris, :2], face[iris + 1 : iris + 5, :2]
        axes = 0.5 * np.stack([ring[0] - ring[2], ring[1] - ring[3]])  # an ellipse on a turned head
        eyes[..., 0] += opening
        eyes[..., 1] += opening * fill(middle + _CIRCLE @ axes, self.size)
        eyes[..., 2] += opening * fill(middle + PUPIL * _CIRCLE @ axes, self.size)
        np.minimum(eyes, 1.0, out=eyes)

    def _opening(self, hole: layers.Hole, face: np.ndarray, buffer: np.ndarray) -> Float[np.ndarray, "s s"]:
        """Share of each pixel that is seen between the contours of a hole; none where they touch or overlap."""
        upper, lower = face[list(hole.upper)], face[list(hole.lower)]
        nearest = min(upper[:, 2].min(), lower[:, 2].min())
        upper, lower = upper[:, :2], lower[:, :2]
        down = face[LANDMARKS.chin, :2] - face[LANDMARKS.nose_root, :2]
        apart = np.sign((lower - upper) @ down)[:, None]
        middle = 0.5 * (upper + lower)
        polygon = np.concatenate([np.where(apart > 0, upper, middle), np.where(apart > 0, lower, middle)[::-1]])
        x, y = polygon.T
        if (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() <= 0:  # turned away from the camera
            return np.zeros((self.size, self.size), np.float32)
        return fill(polygon, self.size) * (buffer > nearest - _IN_FRONT * self.size)


def fill(polygon: Float[np.ndarray, "n 2"], size: int) -> Float[np.ndarray, "s s"]:
    """Share of each pixel that lies inside (even-odd): exact along the rows, eight lines a row. Unlike OpenCV's, a
    polygon without area fills nothing, so that shut lids are shut."""
    out = np.zeros((size, size), np.float32)
    _fill(np.ascontiguousarray(polygon, np.float32), out)
    return out


_LINES = 8


@numba.njit(cache=True, nogil=True)
@no_type_check  # the tests' shape checker would wrap it, and the compiler refuse the wrapper
def _fill(polygon, out):  # pragma: no cover - compiled
    n, (height, width) = polygon.shape[0], out.shape
    top = max(int(np.floor(polygon[:, 1].min() + 0.5)), 0)
    bottom = min(int(np.ceil(polygon[:, 1].max() + 0.5)), height)
    crossings = np.empty(n, np.float32)
    for row in range(top, bottom):
        for line in range(_LINES):
            y = row - 0.5 + (line + 0.5) / _LINES
            count = 0
            for i in range(n):
                x0, y0 = polygon[i, 0], polygon[i, 1]
                x1, y1 = polygon[(i + 1) % n, 0], polygon[(i + 1) % n, 1]
                if (y0 <= y) != (y1 <= y):
                    crossings[count] = x0 + (y - y0) / (y1 - y0) * (x1 - x0)
                    count += 1
            ordered = np.sort(crossings[:count])
            for k in range(0, count - 1, 2):
                left, right = ordered[k] + 0.5, ordered[k + 1] + 0.5  # pixel x covers [x, x + 1) now
                for x in range(max(int(np.floor(left)), 0), min(int(np.ceil(right)), width)):
                    out[row, x] += max(min(right, x + 1.0) - max(left, x + 0.0), 0.0) / _LINES
