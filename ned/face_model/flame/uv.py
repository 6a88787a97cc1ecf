"""FLAME's surface laid out flat: for each pixel of a texture the point of the mesh that it shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from ned.face_model.flame.texture import TextureLayout
from ned.geometry.rasterize import rasterize

SIZE = 256
"""Side of DECA's maps."""
_FAR = np.float32(1e9)


@dataclass(frozen=True, eq=False)
class UvMap:
    """Points on the mesh for the pixels of a square texture; made once, since the layout never changes."""

    corners: Int[np.ndarray, "pixels 3"]
    """Vertices of the triangle that a pixel shows, of the pixels that show any."""
    weights: Float[np.ndarray, "pixels 3"]
    shown: Bool[np.ndarray, "side side"]

    def spread(self, values: Float[np.ndarray, "v c"]) -> Float[np.ndarray, "side side c"]:
        """Values of the vertices over the texture; zero where it shows nothing."""
        out = np.zeros((*self.shown.shape, values.shape[1]), np.float32)
        out[self.shown] = np.einsum("pkc,pk->pc", values[self.corners], self.weights, optimize=True)
        return out


def texture_pixels(layout: TextureLayout, side: int = SIZE) -> Float[np.ndarray, "n 2"]:
    """Texture coordinates → pixels of a map whose first row is its top, as DECA's maps have it."""
    return np.stack([layout.coordinates[:, 0], 1.0 - layout.coordinates[:, 1]], 1) * side - 0.5


def uv_map(layout: TextureLayout, triangles: Int[np.ndarray, "t 3"], side: int = SIZE) -> UvMap:
    """The map of a layout. `triangles` are the model's own, whose corners the layout names."""
    flat = texture_pixels(layout, side).astype(np.float32)
    count = len(layout.corners)
    # each corner of each triangle is a vertex of its own here, so that it can carry its weight and its triangle
    points = flat[layout.corners].reshape(-1, 2)
    attributes = np.zeros((3 * count, 4), np.float32)
    attributes[:, :3] = np.tile(np.eye(3, dtype=np.float32), (count, 1))
    attributes[:, 3] = np.repeat(np.arange(count, dtype=np.float32), 3)
    own = np.arange(3 * count, dtype=np.int32).reshape(-1, 3)
    a, b, c = (points[own[:, k]] for k in range(3))
    turned = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]) < 0
    own[turned] = own[turned][:, [0, 2, 1]]  # the rasteriser draws one side only, a layout may hold both
    image, buffer = np.zeros((side, side, 4), np.float32), np.full((side, side), _FAR, np.float32)
    rasterize(points, np.zeros(len(points), np.float32), attributes, own, image, buffer)
    shown = buffer < _FAR
    weights = image[shown][:, :3]
    return UvMap(triangles[np.rint(image[shown][:, 3]).astype(int)], weights / weights.sum(1, keepdims=True), shown)
