"""Where the content of every pixel of the edited region comes from, and how its light changes.

Over plain skin the displacement is smooth (`ned.renderer.warp.smooth_skin`), so it is drawn, evened out and looked up
in textures one value for each block of pixels, and interpolated. Around mouth and eyes, where lips and lids are sharp
edges, it is drawn pixel by pixel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Float, Int

from ned.geometry.articulation import height_of_mouth
from ned.geometry.landmarks import NUM_SURFACE
from ned.geometry.rasterize import rasterize
from ned.renderer.warp import layers
from ned.renderer.warp.eyes import IRISES, centre_and_normal, shadow_of_lid, uncovered
from ned.renderer.warp.field_kernels import average_blocks, read_blocks, spread_blocks, spread_box
from ned.renderer.warp.lips import fit_lips
from ned.renderer.warp.mesh import OVAL, SkinMesh, unfold
from ned.renderer.warp.mesh_kernels import draw_skin
from ned.renderer.warp.smooth_skin import SmoothSkin
from ned.types import FaceEdit

SOFTNESS = 0.015
"""Standard deviation, as a share of the face's height, of what is left of breaks at edges, nostrils and the outline."""
BLOCK = 0.5
"""Side of a block of pixels, as a share of that."""
NEAR, FAR = np.float32(0.55), np.float32(0.95)
"""Share of skin around a pixel from which on it begins to be evened out, and at which it wholly is: next to mouth and
eyes nothing changes, so that lips and lids stay where they are."""
_BEHIND = np.float32(1e6)  # depth of the layers seen through holes
OFF_SKIN, HOLE = np.float32(-1.0), np.float32(-2.0)
"""Surface coordinates of what is no skin."""
REACH = 3.0  # standard deviations
_HOLES = (layers.MOUTH, layers.RIGHT_EYE, layers.LEFT_EYE)
_OVAL, _STILL, _SHADOW_OF_LID = np.array(OVAL), np.zeros(2, np.float32), shadow_of_lid() - np.float32(1)

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class WarpField:
    """For every pixel of the edited region, where its content comes from, and what becomes of its light."""

    source_xy: Float[np.ndarray, "h w 2"]
    """Pixel of the source region."""
    gain: Float[np.ndarray, "h w"]
    """What luminance is multiplied by: 1, the shading of the vertices and that of the first texture."""
    folds: Float[np.ndarray, "rows columns"]
    """The second texture, one value for each block of `block`² pixels."""
    block: int
    unseen: tuple[tuple[Box, Float[np.ndarray, "_ _"]], ...]
    """Share of what is behind the openings that the source does not show and that has to come from elsewhere, in boxes
    (x0, y0, x1, y1) that do not overlap; without those where it shows all."""
    target: Float[np.ndarray, "drawn 3"]
    """Mesh after the edit as drawn, folds removed."""


@dataclass(frozen=True)
class DrawnMesh:
    """What is drawn of an edit: what lies behind the holes, then the skin."""

    vertices: Float[np.ndarray, "v 3"]
    attributes: Float[np.ndarray, "v 6"]
    """Displacement to the source x and y, surface coordinates u and v, shade, unseen."""
    triangles: Int[np.ndarray, "t 3"]
    first_of_skin: tuple[int, int]
    """Of the vertices and of the triangles."""
    holes: tuple[Float[np.ndarray, "_ 2"], ...]
    """The contours of each hole in pixels."""
    target: Float[np.ndarray, "drawn 3"]
    """As of `WarpField`."""


def lacking_cavity(before: float, after: float) -> float:
    """Without a donor: 0 while the opening grows by less than half, so that teeth stay in sight, 1 from shut."""
    return float(np.clip((after - 1.5 * before) / max(0.5 * after, 1e-6), 0.0, 1.0))


def warp_field(
    mesh: SkinMesh,
    skin: SmoothSkin,
    uv: Float[np.ndarray, "v 2"],
    shade: Float[np.ndarray, "v"],
    edit: FaceEdit,
    size: tuple[int, int],
    textures: Float[np.ndarray, "s s 2"],
    lacking: Callable[[float, float], float] = lacking_cavity,
    split: float = layers.UPPER_SHARE,
) -> WarpField:
    """The inverse warp from the edited mesh to the source region of `size` (height, width).

    Args:
        uv: surface coordinates of the face's vertices.
        shade: a value of each vertex that is spread over the skin.
        textures: see `WarpField.gain` and `WarpField.folds`; over the surface coordinates.
        lacking: share of the mouth's content that is not to come from the source, from its opening
            before and after the edit.
        split: how far down its jaws part, see `layers.parted`.
    """
    drawn = drawn_mesh(mesh, skin, uv, shade, edit, lacking, split)
    sigma = softness_px(edit)
    block = max(1, round(BLOCK * sigma))
    values, wrinkles = _of_blocks(drawn, size, block, textures)
    boxes = [_box(contours, int(np.ceil(REACH * sigma)) + block, block, size) for contours in drawn.holes]
    details = []
    for box in _apart([box for box in boxes if box is not None]):
        detail = _draw(drawn, box)
        average_blocks(detail, HOLE, textures, block, box[:2], values, wrinkles)
        details.append((box, detail))
    # means of blocks, and what is interpolated between their middles, are blurred a little by that alone
    smooth = max(sigma * sigma / (block * block) - 0.25, 0.0) ** 0.5 if block > 1 else sigma
    if smooth > 0:
        taps = 2 * int(np.ceil(REACH * smooth)) + 1
        values = cv2.GaussianBlur(values, (taps, taps), smooth, borderType=cv2.BORDER_REPLICATE)
    source_xy, gain = np.empty((*size, 2), np.float32), np.empty(size, np.float32)
    spread_blocks(values, wrinkles, block, source_xy, gain)
    for box, detail in details:
        spread_box(values, detail, block, box[:2], NEAR, FAR, source_xy, gain)
    unseen = tuple((box, detail[..., 5].copy()) for box, detail in details if detail[..., 5].any())
    return WarpField(source_xy, gain, wrinkles[..., 1], block, unseen, drawn.target)


def softness_px(edit: FaceEdit) -> float:
    """`SOFTNESS` in pixels."""
    return SOFTNESS * float(np.ptp(edit.source[:NUM_SURFACE, 1]))


def drawn_mesh(
    mesh: SkinMesh,
    skin: SmoothSkin,
    uv: Float[np.ndarray, "v 2"],
    shade: Float[np.ndarray, "v"],
    edit: FaceEdit,
    lacking: Callable[[float, float], float] = lacking_cavity,
    split: float = layers.UPPER_SHARE,
) -> DrawnMesh:
    """The mesh that `warp_field` draws; arguments as there."""
    source, target, fine_source, fine_target = _moved_skin(mesh, skin, edit)
    triangles, (first, _) = _triangles(skin), _first_of_skin(skin)
    vertices = np.empty((first + len(fine_target), 3), np.float32)
    attributes = np.empty((first + len(fine_target), 6), np.float32)
    draw_skin(fine_source, fine_target, uv, shade, _OVAL, skin.ends, vertices[first:], attributes[first:])
    vertices[:first, 2], attributes[:first, 2:4], attributes[:first, 4] = _BEHIND, HOLE, 0.0
    at, holes = 0, []
    for hole in _HOLES:
        fine, upper, lower = _fine(skin, hole)
        su, sl, tu, tl = (np.ascontiguousarray(face[line, :2]) for face in (fine_source, fine_target)
                          for line in (upper, lower))  # fmt: skip
        holes.append(np.concatenate([tu, tl]))
        rows = layers.MOUTH_ROWS if hole is layers.MOUTH else layers.ROWS
        points = layers.follow_grid(tu, tl, rows)
        part = slice(at, at + len(rows) * len(upper))
        at = part.stop
        if hole is layers.MOUTH:
            before, after = (layers.opening(hole, face) for face in (source, target))
            taken = layers.mouth_grid(su, sl, tu, tl, split)
            hidden = layers.unseen(fine, lacking(before, after), layers.growth_of(before, after), split)
        else:
            taken = layers.source_grid(fine, fine_source, fine_target, _STILL, _STILL)
            place = centre_and_normal(hole, dict(IRISES)[hole], source)
            hidden = uncovered(su, sl, points, *place, rows)
            attributes[part, 4] = (hidden * _SHADOW_OF_LID[:, None]).ravel()
        vertices[part, :2], attributes[part, 5] = points.reshape(-1, 2), hidden.ravel()
        attributes[part, :2] = (taken - points).reshape(-1, 2)
    return DrawnMesh(vertices, attributes, triangles, _first_of_skin(skin), tuple(holes), target)


def _moved_skin(mesh: SkinMesh, skin: SmoothSkin, edit: FaceEdit) -> tuple[np.ndarray, ...]:
    """Source and target of the coarse vertices, then of the fine ones; smooth, and lips as far apart as wanted."""
    opening = height_of_mouth(edit.target)
    source, target = mesh.with_rings(edit.source, fit_lips(edit.source, edit.target, opening))
    fine_source = skin.refine(source)
    motion = skin.motion(unfold(mesh, source, target) - source)
    target = source + motion[: len(source)]
    fitted = fit_lips(source, target, opening)
    return source, fitted, fine_source, fine_source + motion + skin.refine(fitted - target)


@lru_cache(maxsize=16)
def _fine(skin: SmoothSkin, hole: layers.Hole) -> tuple[layers.Hole, Int[np.ndarray, "n"], Int[np.ndarray, "n"]]:
    """A hole in the finer mesh, and its upper and lower contour."""
    fine = replace(hole, upper=skin.contour(hole.upper), lower=skin.contour(hole.lower))
    return fine, np.array(fine.upper), np.array(fine.lower)


@lru_cache(maxsize=4)
def _triangles(skin: SmoothSkin) -> Int[np.ndarray, "t 3"]:
    """Of the grids behind the holes, then of the skin."""
    out, first = [], 0
    for hole in _HOLES:
        columns, rows = len(_fine(skin, hole)[1]), len(layers.MOUTH_ROWS if hole is layers.MOUTH else layers.ROWS)
        out.append(layers.grid_triangles(columns, rows) + first)
        first += columns * rows
    return np.concatenate([*out, skin.triangles + first]).astype(np.int32)


@lru_cache(maxsize=4)
def _first_of_skin(skin: SmoothSkin) -> tuple[int, int]:
    triangles = _triangles(skin)
    return int(triangles[: -len(skin.triangles)].max()) + 1, len(triangles) - len(skin.triangles)


def _of_blocks(
    drawn: DrawnMesh, size: tuple[int, int], block: int, textures: Float[np.ndarray, "s s 2"]
) -> tuple[Float[np.ndarray, "rows columns 4"], Float[np.ndarray, "rows columns 2"]]:
    """The skin drawn one pixel a block: displacement, shade and share of skin; both textures."""
    vertex, triangle = drawn.first_of_skin
    shape = -(-size[0] // block), -(-size[1] // block)
    image, depth = _empty(*shape)
    skin, triangles = drawn.vertices[vertex:], drawn.triangles[triangle:] - vertex
    middles = (skin[:, :2] - np.float32(0.5 * (block - 1))) / np.float32(block)
    rasterize(middles, skin[:, 2], drawn.attributes[vertex:], triangles, image, depth)
    values, wrinkles = np.empty((*shape, 4), np.float32), np.empty((*shape, 2), np.float32)
    read_blocks(image, textures, values, wrinkles)
    return values, wrinkles


def _draw(drawn: DrawnMesh, box: Box) -> Float[np.ndarray, "h w 6"]:
    """All of a box, pixel by pixel."""
    image, depth = _empty(box[3] - box[1], box[2] - box[0])
    corner = np.array(box[:2], np.float32)
    rasterize(drawn.vertices[:, :2] - corner, drawn.vertices[:, 2], drawn.attributes, drawn.triangles, image, depth)
    return image


def _empty(height: int, width: int) -> tuple[Float[np.ndarray, "h w 6"], Float[np.ndarray, "h w"]]:
    """A field at rest off the skin, and the depth of nothing."""
    image = np.zeros((height, width, 6), np.float32)
    image[..., 2:4] = OFF_SKIN
    return image, np.full((height, width), np.inf, np.float32)


def _box(points: Float[np.ndarray, "_ 2"], reach: int, block: int, size: tuple[int, int]) -> Box | None:
    """Whole blocks around some points; None where they are out of the image."""
    low = np.maximum(np.floor((points.min(0) - reach) / block) * block, 0).astype(int)
    high = np.minimum(np.ceil((points.max(0) + reach) / block) * block, size[::-1]).astype(int)
    return (int(low[0]), int(low[1]), int(high[0]), int(high[1])) if (high > low).all() else None


def _apart(boxes: list[Box]) -> list[Box]:
    """Boxes that overlap as one."""
    for a in range(len(boxes)):
        for b in range(a):
            one, other = boxes[a], boxes[b]
            if all(one[k] < other[k + 2] and other[k] < one[k + 2] for k in (0, 1)):
                joint = *map(min, one[:2], other[:2]), *map(max, one[2:], other[2:])
                return _apart([*(box for k, box in enumerate(boxes) if k not in (a, b)), joint])
    return boxes
