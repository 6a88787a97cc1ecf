"""Texture coordinates from the publisher's `head_template.obj`: its faces and UV alone, since its vertices differ."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from ned.errors import UserError


@dataclass(frozen=True, eq=False)
class TextureLayout:
    """Where each corner of each triangle lies in the texture."""

    coordinates: Float[np.ndarray, "texture_vertices 2"]
    """In [0, 1], v up."""
    corners: Int[np.ndarray, "triangles 3"]
    """Texture vertices of the triangles' corners, in the order of the model's own triangles."""


def read_texture_layout(path: Path, triangles: Int[np.ndarray, "triangles 3"]) -> TextureLayout:
    """The layout for these triangles. Raises UserError where the file has other ones."""
    coordinates, vertices, texture = _parse(path)
    rows = {tuple(sorted(corner)): k for k, corner in enumerate(vertices.tolist())}
    order = [rows.get(tuple(sorted(corner))) for corner in triangles.tolist()]
    if None in order or len(rows) < len(triangles):
        raise UserError("has other triangles than the model", path=path, remedy="take FLAME's head_template.obj")
    theirs, at = vertices[order], texture[order]
    column = (theirs[:, None] == triangles[:, :, None]).argmax(2)  # the same triangle may start at another corner
    return TextureLayout(coordinates, np.take_along_axis(at, column, 1))


def _parse(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    coordinates, vertices, texture = [], [], []
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("vt "):
                    coordinates.append([float(x) for x in line.split()[1:3]])
                elif line.startswith("f "):
                    pairs = [corner.split("/") for corner in line.split()[1:]]
                    if len(pairs) != 3:
                        raise ValueError("a face that is no triangle")
                    vertices.append([int(p[0]) - 1 for p in pairs])
                    texture.append([int(p[1]) - 1 for p in pairs])
        uv, corners = np.array(coordinates, np.float64), np.array(texture, np.int64)
        if uv.ndim != 2 or uv.shape[1] != 2 or not np.isfinite(uv).all() or not len(corners):
            raise ValueError("no texture coordinates")
        if corners.min() < 0 or corners.max() >= len(uv):
            raise ValueError("faces name texture vertices that are not there")
    except (OSError, ValueError, IndexError) as error:
        raise UserError(f"cannot be used ({error})", path=path, remedy="take FLAME's head_template.obj") from error
    return uv, np.array(vertices, np.int64), corners
