"""A fitted mesh drawn over the film, so that a person sees whether the fit holds."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int, UInt8

from ned.geometry.rasterize import rasterize
from ned.renderer.warp.shading import vertex_normals

KINDS = ("mesh", "normals", "nmfc")
OPACITY = {"mesh": 0.6, "normals": 0.75, "nmfc": 0.75}
_LIGHT = np.array([0.0, -0.5, -1.0], np.float32) / np.float32(np.hypot(0.5, 1.0))
_SKIN = np.array([0.72, 0.82, 0.95], np.float32)
_FAR = np.float32(1e9)


def nmfc_colours(mean: Float[np.ndarray, "v 3"]) -> Float[np.ndarray, "v 3"]:
    """The mean face's x, y, z in its bounding box, in [0, 1] (Neural Emotion Director, supplement A)."""
    low, high = mean.min(0), mean.max(0)
    return ((mean - low) / np.maximum(high - low, 1e-6)).astype(np.float32)


def draw_overlay(
    picture: UInt8[np.ndarray, "h w 3"],
    face: Float[np.ndarray, "v 3"],
    triangles: Int[np.ndarray, "t 3"],
    kind: str = "mesh",
    colours: Float[np.ndarray, "v 3"] | None = None,
) -> UInt8[np.ndarray, "h w 3"]:
    """The picture with a mesh over it.

    Args:
        face: vertices in pixels, smaller depth is nearer.
        triangles: clockwise on the screen for a frontal face.
        kind: of `KINDS`: shaded; normals as colours (x, y, z from −1 to 1 as 0 to 255, y up, z to the camera); NMFC.
        colours: of the vertices in [0, 1], for "nmfc".
    """
    if kind not in KINDS or (kind == "nmfc" and colours is None):
        raise ValueError(f"cannot draw {kind!r}")
    height, width = picture.shape[:2]
    low = np.maximum(np.floor(face[:, :2].min(0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(face[:, :2].max(0)).astype(int) + 2, [width, height])
    if (high <= low).any():
        return picture.copy()
    normals = vertex_normals(face, triangles)
    if kind == "nmfc":
        attributes = colours
    elif kind == "normals":
        attributes = 0.5 + 0.5 * normals * np.array([1, -1, -1], np.float32)
    else:
        attributes = (0.25 + 0.75 * np.maximum(normals @ _LIGHT, 0.0))[:, None] * _SKIN
    columns, rows = (high - low).tolist()
    drawn = np.zeros((rows, columns, 4), np.float32)
    buffer = np.full((rows, columns), _FAR, np.float32)
    seen = np.concatenate([attributes, np.ones((len(face), 1), np.float32)], 1)
    rasterize(face[:, :2] - low, face[:, 2], seen, triangles, drawn, buffer)
    out = picture.copy()
    region = out[low[1] : high[1], low[0] : high[0]]
    share = OPACITY[kind] * np.minimum(drawn[..., 3:], 1.0)
    mixed = (1 - share) * region + share * 255.0 * np.clip(drawn[..., :3], 0.0, 1.0)
    region[:] = np.rint(mixed).astype(np.uint8)
    return out
