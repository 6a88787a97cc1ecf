"""A batch of meshes rasterised on the graphics card: the twin of `ned.geometry.rasterize`.

Every triangle is tested against the pixels of its own bounding box, in pieces of bounded size; the nearest one wins by
a minimum over the depths, then over the numbers of the triangles that have it. Attributes are differentiable.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ned.geometry.rasterizer import Rasterizer

EDGE_TOLERANCE = 1e-4
"""Barycentric slack, as of the compiled kernel."""
PIECE = 4_000_000
"""Pairs of triangle and pixel at once."""


def rasterize_batch(
    vertices: Float[Tensor, "b v 3"],
    triangles: Int[Tensor, "t 3"],
    attributes: Float[Tensor, "b v c"],
    size: tuple[int, int],
) -> tuple[Float[Tensor, "b h w c"], Float[Tensor, "b h w"]]:
    """See `ned.geometry.rasterizer.Rasterizer`, for several meshes of the same triangles."""
    out, depths = [], []
    for points, values in zip(vertices, attributes, strict=True):
        face, weights, depth = _visible(points.detach().float(), triangles, size)
        corners = values[triangles[face.clamp_min(0)]]  # (h, w, 3, c)
        image = (corners * weights[..., None]).sum(2) * (face >= 0)[..., None]
        out.append(image)
        depths.append(depth)
    return torch.stack(out), torch.stack(depths)


def _visible(
    points: Float[Tensor, "v 3"], triangles: Int[Tensor, "t 3"], size: tuple[int, int]
) -> tuple[Int[Tensor, "h w"], Float[Tensor, "h w 3"], Float[Tensor, "h w"]]:
    """For each pixel the triangle that is seen (−1: none), its barycentric weights, the depth."""
    height, width = size
    corners = points[triangles.long()]  # (t, 3, 3)
    (ax, ay), (bx, by), (cx, cy) = (corners[:, k, :2].unbind(-1) for k in range(3))
    double = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    low = corners[..., :2].amin(1).ceil().clamp_min(0).long()
    high = torch.minimum(corners[..., :2].amax(1).floor().long(), torch.tensor([width - 1, height - 1]).to(low))
    span = (high - low + 1).clamp_min(0)
    kept = torch.nonzero((double > 1e-6) & (span[:, 0] > 0) & (span[:, 1] > 0))[:, 0]
    best = torch.full((height * width,), torch.inf, device=points.device)
    owner = torch.full((height * width,), -1, dtype=torch.long, device=points.device)
    barycentric = torch.zeros(height * width, 3, device=points.device)
    counts = (span[kept, 0] * span[kept, 1]).cpu()
    start = 0
    while start < len(kept):
        stop = start + int(torch.searchsorted(counts[start:].cumsum(0), PIECE, right=True).clamp_min(1))
        rows = kept[start:stop]
        number = torch.repeat_interleave(rows, (span[rows, 0] * span[rows, 1]))
        first = (span[rows, 0] * span[rows, 1]).cumsum(0) - span[rows, 0] * span[rows, 1]
        within = torch.arange(len(number), device=points.device) - torch.repeat_interleave(
            first, span[rows, 0] * span[rows, 1]
        )
        x = (low[number, 0] + within % span[number, 0]).float()
        y = (low[number, 1] + within // span[number, 0]).float()
        b = ((x - ax[number]) * (cy - ay)[number] - (y - ay[number]) * (cx - ax)[number]) / double[number]
        c = ((bx - ax)[number] * (y - ay[number]) - (by - ay)[number] * (x - ax[number])) / double[number]
        weights = torch.stack([1 - b - c, b, c], 1)
        inside = (weights >= -EDGE_TOLERANCE).all(1)
        pixel = (y.long() * width + x.long())[inside]
        number, weights = number[inside], weights[inside]
        z = (weights * corners[number, :, 2]).sum(1)
        best_here = torch.full_like(best, torch.inf).scatter_reduce(0, pixel, z, "amin")
        winning = (z == best_here[pixel]) & (z < best[pixel])
        pixel, number, weights, z = pixel[winning], number[winning], weights[winning], z[winning]
        least = torch.full_like(owner, torch.iinfo(torch.long).max).scatter_reduce(0, pixel, number, "amin")
        only = number == least[pixel]
        best[pixel[only]], owner[pixel[only]], barycentric[pixel[only]] = z[only], number[only], weights[only]
        start = stop
    shape = (height, width)
    return owner.reshape(shape), barycentric.reshape(*shape, 3), best.reshape(shape)


def on_device(device: str) -> Rasterizer:
    """A rasteriser that draws there, one mesh at a time."""

    def draw(
        vertices: Float[np.ndarray, "v 3"],
        triangles: Int[np.ndarray, "t 3"],
        attributes: Float[np.ndarray, "v c"],
        size: tuple[int, int],
    ) -> tuple[Float[np.ndarray, "h w c"], Float[np.ndarray, "h w"]]:
        points, corners, values = (torch.from_numpy(np.ascontiguousarray(array)).to(device)
                                   for array in (vertices, triangles, attributes))  # fmt: skip
        image, depth = rasterize_batch(points[None], corners, values[None].float(), size)
        return image[0].cpu().numpy(), depth[0].cpu().numpy()

    return draw


def load() -> Rasterizer:
    """See `ned.config.roles.RASTERIZERS`: on the graphics card, where there is one."""
    return on_device("cuda" if torch.cuda.is_available() else "cpu")
