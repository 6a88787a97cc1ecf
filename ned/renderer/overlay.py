"""A fitted mesh drawn over the video, so that a person sees whether the fit holds."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int, UInt8

from ned.geometry.rasterize import rasterize
from ned.renderer.warp.shading import vertex_normals
from ned.video.frame import Frame

KINDS = ("mesh", "normals", "nmfc")
OPACITY = {"mesh": 0.6, "normals": 0.75, "nmfc": 0.75}
_LIGHT = np.array([0.0, -0.5, -1.0], np.float32) / np.float32(np.hypot(0.5, 1.0))
_SKIN = np.array([0.72, 0.82, 0.95], np.float32)
_FAR = np.float32(1e9)


def nmfc_colours(mean: Float[np.ndarray, "v 3"]) -> Float[np.ndarray, "v 3"]:
    """The mean face's x, y, z in its bounding box, in [0, 1] (Neural Emotion Director, supplement A)."""
    low, high = mean.min(0), mean.max(0)
    return ((mean - low) / np.maximum(high - low, 1e-6)).astype(np.float32)


def shade(
    face: Float[np.ndarray, "v 3"],
    triangles: Int[np.ndarray, "t 3"],
    box: tuple[int, int, int, int],
    kind: str = "mesh",
    colours: Float[np.ndarray, "v 3"] | None = None,
) -> tuple[Float[np.ndarray, "h w 3"], Float[np.ndarray, "h w 1"]]:
    """A mesh drawn inside a box of the image: RGB in [0, 1], and how much of the image it covers.

    Args:
        face: vertices in pixels, smaller depth is nearer.
        triangles: clockwise on the screen for a frontal face.
        kind: of `KINDS`: shaded; normals as colours (x, y, z from −1 to 1 as 0 to 1, y up, z to the camera); NMFC.
        colours: of the vertices in [0, 1], for "nmfc".
    """
    if kind not in KINDS or (kind == "nmfc" and colours is None):
        raise ValueError(f"cannot draw {kind!r}")
    normals = vertex_normals(face, triangles)
    if kind == "nmfc":
        attributes = colours
    elif kind == "normals":
        attributes = 0.5 + 0.5 * normals * np.array([1, -1, -1], np.float32)
    else:
        attributes = (0.25 + 0.75 * np.maximum(normals @ _LIGHT, 0.0))[:, None] * _SKIN
    left, top, right, bottom = box
    drawn = np.zeros((bottom - top, right - left, 4), np.float32)
    buffer = np.full(drawn.shape[:2], _FAR, np.float32)
    seen = np.concatenate([attributes, np.ones((len(face), 1), np.float32)], 1)
    rasterize(face[:, :2] - np.array([left, top], np.float32), face[:, 2], seen, triangles, drawn, buffer)
    return np.clip(drawn[..., :3], 0.0, 1.0), OPACITY[kind] * np.minimum(drawn[..., 3:], 1.0)


def box_of(face: Float[np.ndarray, "v 3"], height: int, width: int) -> tuple[int, int, int, int] | None:
    """The part of an image that a mesh may cover, xyxy; None where it lies outside."""
    low = np.maximum(np.floor(face[:, :2].min(0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(face[:, :2].max(0)).astype(int) + 2, [width, height])
    return None if (high <= low).any() else (int(low[0]), int(low[1]), int(high[0]), int(high[1]))


def draw_overlay(
    image: UInt8[np.ndarray, "h w 3"],
    face: Float[np.ndarray, "v 3"],
    triangles: Int[np.ndarray, "t 3"],
    kind: str = "mesh",
    colours: Float[np.ndarray, "v 3"] | None = None,
) -> UInt8[np.ndarray, "h w 3"]:
    """A still image with a mesh over it; arguments as for `shade`."""
    box = box_of(face, *image.shape[:2])
    drawn, share = shade(face, triangles, box or (0, 0, 1, 1), kind, colours)
    out = image.copy()
    if box is not None:
        region = out[box[1] : box[3], box[0] : box[2]]
        region[:] = np.rint((1 - share) * region + share * 255.0 * drawn).astype(np.uint8)
    return out


def overlay_frame(
    frame: Frame,
    face: Float[np.ndarray, "v 3"],
    triangles: Int[np.ndarray, "t 3"],
    kind: str = "mesh",
    colours: Float[np.ndarray, "v 3"] | None = None,
) -> Frame:
    """A frame of a video with a mesh over it; where there is none, its samples keep their bits."""
    box = box_of(face, frame.height, frame.width)
    if box is None:
        return frame
    drawn, share = shade(face, triangles, box, kind, colours)
    return frame.add_region(box, (share * (drawn - frame.region_rgb(box))).astype(np.float32))
