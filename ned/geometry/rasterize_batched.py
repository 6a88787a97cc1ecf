"""Triangles of many meshes drawn at once, in torch: the twin of `ned.geometry.rasterize` for devices that do much at
a time."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ned.geometry.rasterize import EDGE_TOLERANCE


def rasterize_batched(
    vertices: Float[Tensor, "b v 2"],
    depth: Float[Tensor, "b v"],
    attributes: Float[Tensor, "b v c"],
    triangles: Int[Tensor, "t 3"],
    image: Float[Tensor, "b h w c"],
) -> tuple[Float[Tensor, "b h w c"], Float[Tensor, "b h w"]]:
    """`image` with the triangles drawn, and the depth of each pixel, infinite where there is none.

    Conventions are those of `ned.geometry.rasterize.rasterize`; where two triangles are as near, the first is seen.
    Every pixel of every triangle's bounding box is asked at once, which takes some 30 bytes for each.
    """
    batch, height, width, _ = image.shape
    corners = vertices[:, triangles]  # b t 3 2
    low = (corners.amin(2) - 1e-3).ceil().clamp(min=0).long()
    edge = torch.tensor([width - 1, height - 1], device=image.device)
    high = torch.minimum((corners.amax(2) + 1e-3).floor().long(), edge)
    one, two = corners[..., 1, :] - corners[..., 0, :], corners[..., 2, :] - corners[..., 0, :]
    area = one[..., 0] * two[..., 1] - two[..., 0] * one[..., 1]
    extent = (high - low + 1).clamp(min=0)
    count = torch.where(area > 1e-6, extent[..., 0] * extent[..., 1], 0).reshape(-1)
    which = torch.repeat_interleave(torch.arange(len(count), device=count.device), count)  # mesh · triangles + triangle
    position = torch.arange(len(which), device=count.device) - (count.cumsum(0) - count)[which]
    wide = extent.reshape(-1, 2)[which, 0]
    first = low.reshape(-1, 2)[which]
    x, y = first[:, 0] + position % wide, first[:, 1] + position // wide
    # from the first corner on, where numbers are small
    origin = corners[..., 0, :].reshape(-1, 2)[which]
    dx, dy = x - origin[:, 0], y - origin[:, 1]
    sides, inverse = torch.cat([one, two], -1).reshape(-1, 4)[which], 1.0 / area.reshape(-1)[which]
    b = (dx * sides[:, 3] - dy * sides[:, 2]) * inverse
    c = (dy * sides[:, 0] - dx * sides[:, 1]) * inverse
    weights = torch.stack([1.0 - b - c, b, c], 1)
    inside = (weights >= -EDGE_TOLERANCE).all(1)
    which, weights = which[inside], weights[inside]
    mesh, triangle = which // len(triangles), which % len(triangles)
    pixel = (mesh * height + y[inside]) * width + x[inside]
    far = depth[mesh[:, None], triangles[triangle]]
    z = far[:, 0] + weights[:, 1] * (far[:, 1] - far[:, 0]) + weights[:, 2] * (far[:, 2] - far[:, 0])  # flat stays flat
    buffer = torch.full((batch * height * width,), torch.inf, dtype=depth.dtype, device=depth.device)
    buffer.scatter_reduce_(0, pixel, z, "amin")
    nearest = torch.full_like(buffer, len(triangles), dtype=torch.long)
    shown = z == buffer[pixel]
    nearest.scatter_reduce_(0, pixel[shown], triangle[shown], "amin")
    shown &= triangle == nearest[pixel]
    mesh, triangle, weights = mesh[shown], triangle[shown], weights[shown]
    values = (weights[..., None] * attributes[mesh[:, None], triangles[triangle]]).sum(1)
    out = image.reshape(batch * height * width, -1).clone()
    out[pixel[shown]] = values
    return out.reshape(image.shape), buffer.reshape(batch, height, width)
