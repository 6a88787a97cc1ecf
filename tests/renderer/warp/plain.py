"""Slow, readable twin of `ned.renderer.warp.field`: everything at full resolution, without kernels of its own."""

import cv2
import numpy as np

from ned.geometry.rasterize import rasterize
from ned.renderer.warp.field import FAR, NEAR, drawn_mesh, softness_px


def soften(source_xy, shade, skin, sigma):
    """Blurs the displacement `source_xy` − pixel, and `shade`, over `skin` by `sigma` pixels; next to what is no skin
    nothing changes."""
    grid = np.indices(skin.shape, np.float32)[::-1].transpose(1, 2, 0)
    mask = skin.astype(np.float32)
    values = np.dstack([(source_xy - grid) * mask[..., None], shade * mask, mask])
    blurred = cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    around = blurred[..., 3]
    share = np.clip((around - NEAR) / (FAR - NEAR), 0.0, 1.0)
    share = share * share * (3 - 2 * share) * mask
    blurred = blurred[..., :3] / np.maximum(around, 1e-3)[..., None]
    moved = source_xy + share[..., None] * (grid + blurred[..., :2] - source_xy)
    return moved, shade + share * (blurred[..., 2] - shade)


def plain_field(mesh, skin, uv, shade, edit, size, textures, lacking):
    """`source_xy`, `gain`, both textures and `unseen` of every pixel."""
    drawn = drawn_mesh(mesh, skin, uv, shade, edit, lacking)
    image, depth = np.zeros((*size, 6), np.float32), np.full(size, np.inf, np.float32)
    image[..., 2:4] = -1
    rasterize(drawn.vertices[:, :2], drawn.vertices[:, 2], drawn.attributes, drawn.triangles, image, depth)
    grid = np.indices(size, np.float32)[::-1].transpose(1, 2, 0)
    moved, spread = soften(grid + image[..., :2], image[..., 4], image[..., 2] != -2, softness_px(edit))
    at = image[..., 2:4] * np.float32(len(textures) - 1)
    both = cv2.remap(textures, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return moved, 1 + spread + both[..., 0], both[..., 1], image[..., 5]
