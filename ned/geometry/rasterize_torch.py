"""The batched rasteriser behind the protocol of one mesh at a time, on the graphics card where there is one."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int

from ned.geometry.rasterize_batched import rasterize_batched
from ned.geometry.rasterizer import Rasterizer


def on_device(device: str) -> Rasterizer:
    """A rasteriser that draws there, one mesh at a time."""

    def draw(
        vertices: Float[np.ndarray, "v 3"],
        triangles: Int[np.ndarray, "t 3"],
        attributes: Float[np.ndarray, "v c"],
        size: tuple[int, int],
    ) -> tuple[Float[np.ndarray, "h w c"], Float[np.ndarray, "h w"]]:
        points, values = (torch.from_numpy(np.ascontiguousarray(array, np.float32))[None].to(device)
                          for array in (vertices, attributes))  # fmt: skip
        corners = torch.from_numpy(triangles.astype(np.int64)).to(device)
        empty = torch.zeros(1, *size, values.shape[2], device=device)
        image, depth = rasterize_batched(points[..., :2], points[..., 2], values, corners, empty)
        return image[0].cpu().numpy(), depth[0].cpu().numpy()

    return draw


def load() -> Rasterizer:
    """See `ned.config.roles.RASTERIZERS`."""
    return on_device("cuda" if torch.cuda.is_available() else "cpu")
