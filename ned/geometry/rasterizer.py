"""Rasterisers behind one protocol: the compiled one that is always there, and others where they are installed."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from ned.geometry.rasterize import rasterize


@runtime_checkable
class Rasterizer(Protocol):
    """Draws attributes of a mesh's vertices, nearest first."""

    def __call__(
        self,
        vertices: Float[np.ndarray, "v 3"],
        triangles: Int[np.ndarray, "t 3"],
        attributes: Float[np.ndarray, "v c"],
        size: tuple[int, int],
    ) -> tuple[Float[np.ndarray, "h w c"], Float[np.ndarray, "h w"]]:
        """
        Args:
            vertices: pixels, y down, (0, 0) the centre of the top left pixel; smaller depth is nearer.
            triangles: those that turn clockwise on the screen are drawn.
            size: height and width.
        Returns:
            The image, 0 where nothing is, and the depth, infinite there.
        """
        ...


def compiled(
    vertices: Float[np.ndarray, "v 3"],
    triangles: Int[np.ndarray, "t 3"],
    attributes: Float[np.ndarray, "v c"],
    size: tuple[int, int],
) -> tuple[Float[np.ndarray, "h w c"], Float[np.ndarray, "h w"]]:
    """See `Rasterizer`: `ned.geometry.rasterize`, one core."""
    image = np.zeros((*size, attributes.shape[1]), np.float32)
    depth = np.full(size, np.inf, np.float32)
    rasterize(vertices[:, :2], vertices[:, 2], attributes, triangles, image, depth)
    return image, depth


def load() -> Rasterizer:
    """See `ned.config.roles.RASTERIZERS`."""
    return compiled
