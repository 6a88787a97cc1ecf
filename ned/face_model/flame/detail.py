"""What the mesh is too coarse for: DECA's displacement over the UV map, and the normals that it makes.

DECA (Feng et al. 2021, section 4.2): every point of the coarse surface is moved along its normal by the decoded map,
inside the mask of face and eyes, and by a fixed map of the publisher's everywhere; normals are those of the grid of
moved points.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ned.errors import UserError
from ned.face_model.flame.uv import SIZE, UvMap

MARGIN_X, MARGIN_Y = 2, 5
"""Pixels at the edges of the map that belong to no cell of the grid."""
M_TO_CM = 100.0
_MOST_M = 0.05


@dataclass(frozen=True, eq=False)
class DetailMaps:
    """The publisher's two maps."""

    mask: Float[np.ndarray, "256 256"]
    """1 where the decoded displacement counts."""
    fixed_m: Float[np.ndarray, "256 256"]
    """Displacement that is there for everybody."""


def read_detail_maps(mask: Path | None, fixed: Path | None) -> DetailMaps:
    """`uv_face_eye_mask.png` and `fixed_displacement_256.npy`; where one is not there: everywhere, and none.

    Raises UserError for a file of another size or kind.
    """
    held_mask, held_fixed = np.ones((SIZE, SIZE), np.float32), np.zeros((SIZE, SIZE), np.float32)
    if mask is not None:
        import cv2

        read = cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE)
        if read is None:
            raise UserError("is no image", path=mask, remedy="take DECA's uv_face_eye_mask.png")
        held_mask = cv2.resize(read, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR).astype(np.float32) / 255
    if fixed is not None:
        remedy = "take DECA's fixed_displacement_256.npy"
        try:
            held_fixed = np.load(fixed, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise UserError("is no array of numbers", path=fixed, remedy=remedy) from error
        if held_fixed.shape != (SIZE, SIZE) or held_fixed.dtype.kind != "f":
            raise UserError(f"has the shape {held_fixed.shape}, wanted {(SIZE, SIZE)}", path=fixed, remedy=remedy)
        if not np.isfinite(held_fixed).all() or np.abs(held_fixed).max() > _MOST_M:
            raise UserError("holds no displacements in metres", path=fixed, remedy=remedy)
    return DetailMaps(held_mask, held_fixed.astype(np.float32))


def detail_normals(
    vertices: Float[np.ndarray, "v 3"],
    normals: Float[np.ndarray, "v 3"],
    uv: UvMap,
    maps: DetailMaps,
    displacement_m: Float[np.ndarray, "256 256"],
) -> Float[np.ndarray, "256 256 3"]:
    """Unit normals over the UV map, on the side of `normals`; zero where the map shows nothing, at its edges, and
    outside the mask (the coarse normals are not blended in there, as in Neural Emotion Director).

    Args:
        vertices: cm.
        normals: unit, out of the head.
        displacement_m: what the detail decoder says.
    """
    both = uv.spread(np.concatenate([vertices, normals], 1).astype(np.float32))
    outward = both[..., 3:]
    along = M_TO_CM * (displacement_m * maps.mask + maps.fixed_m)
    grid = both[..., :3] + along[..., None] * outward
    found = _grid_normals(grid, uv.shown)
    found *= np.where((found * outward).sum(-1, keepdims=True) < 0, -1.0, 1.0)
    return (found * (maps.mask > 0.5)[..., None]).astype(np.float32)


def _grid_normals(
    grid: Float[np.ndarray, "s s 3"], shown: Float[np.ndarray, "s s"] | np.ndarray
) -> Float[np.ndarray, "s s 3"]:
    """Area-weighted normals of the grid's points, each cell two triangles; cells that the map does not show whole are
    left out, since they would join what is far apart."""
    across, down = grid[:-1, 1:] - grid[:-1, :-1], grid[1:, :-1] - grid[:-1, :-1]
    back_across, back_down = grid[1:, :-1] - grid[1:, 1:], grid[:-1, 1:] - grid[1:, 1:]
    whole = shown[:-1, :-1] & shown[:-1, 1:] & shown[1:, :-1] & shown[1:, 1:]
    whole[:MARGIN_Y], whole[-MARGIN_Y:], whole[:, :MARGIN_X], whole[:, -MARGIN_X:] = False, False, False, False
    first = np.cross(across, down) * whole[..., None]
    second = np.cross(back_across, back_down) * whole[..., None]
    out = np.zeros_like(grid)
    out[:-1, :-1] += first
    out[:-1, 1:] += first + second
    out[1:, :-1] += first + second
    out[1:, 1:] += second
    return out / np.maximum(np.linalg.norm(out, axis=-1, keepdims=True), 1e-12)
