"""pytorch3d's rasteriser behind ours, where it is installed.

Its normalised coordinates point left and up, the shorter side of the image spans −1 to 1, and what lies behind the
camera is left out; so depth is shifted to begin at 1. Triangles that turn away are left out here, since its own culling
asks for the other order.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from ned.errors import UserError
from ned.geometry.rasterizer import Rasterizer


def load() -> Rasterizer:
    """See `ned.config.roles.RASTERIZERS`; UserError where pytorch3d is not installed."""
    try:
        from pytorch3d.renderer.mesh.rasterize_meshes import rasterize_meshes
        from pytorch3d.structures import Meshes
    except (ImportError, OSError) as error:  # a build for another torch or CUDA cannot load its own library
        raise UserError(
            f"pytorch3d cannot be used ({' '.join(str(error).split())[:60]})",
            remedy="build it for your torch, or leave out --rasterizer",
        ) from error
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"

    def draw(
        vertices: Float[np.ndarray, "v 3"],
        triangles: Int[np.ndarray, "t 3"],
        attributes: Float[np.ndarray, "v c"],
        size: tuple[int, int],
    ) -> tuple[Float[np.ndarray, "h w c"], Float[np.ndarray, "h w"]]:
        height, width = size
        front = triangles[_turns_clockwise(vertices, triangles)].astype(np.int64)
        if not len(front):
            return np.zeros((*size, attributes.shape[1]), np.float32), np.full(size, np.inf, np.float32)
        nearest = float(vertices[:, 2].min())
        seen = np.empty((len(vertices), 3), np.float32)
        seen[:, 0] = (width - 1 - 2 * vertices[:, 0]) / min(size)
        seen[:, 1] = (height - 1 - 2 * vertices[:, 1]) / min(size)
        seen[:, 2] = vertices[:, 2] - nearest + 1
        mesh = Meshes(verts=torch.from_numpy(seen)[None].to(device), faces=torch.from_numpy(front)[None].to(device))
        face, depth, weights, _ = rasterize_meshes(
            mesh, image_size=size, blur_radius=0.0, faces_per_pixel=1, perspective_correct=False
        )
        face = face[0, ..., 0].cpu().numpy()
        corners = attributes[front[np.maximum(face, 0)]]
        image = (corners * weights[0, ..., 0, :].cpu().numpy()[..., None]).sum(2) * (face >= 0)[..., None]
        found = np.where(face >= 0, depth[0, ..., 0].cpu().numpy() + nearest - 1, np.inf)
        return image.astype(np.float32), found.astype(np.float32)

    return draw


def _turns_clockwise(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    a, b, c = (vertices[triangles[:, k], :2] for k in range(3))
    return (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]) > 1e-6
