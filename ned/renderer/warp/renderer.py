"""Renderer `warp`: the frame's own pixels, moved by the edited mesh and shaded anew. Needs no training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float, Int

from ned.composite.blend import blend_difference, soft_mask
from ned.composite.kernels import mix, sharpen, stand_still
from ned.edit.track_edit import TrackEdit
from ned.face_model import ARKIT52, FaceModel
from ned.face_model.named import named_change
from ned.geometry.articulation import height_of_mouth
from ned.geometry.landmarks import NUM_SURFACE
from ned.geometry.rasterize import rasterize
from ned.renderer.protocol import Casting
from ned.renderer.warp import layers
from ned.renderer.warp.donor import MouthDonor, lacking, lip_colour
from ned.renderer.warp.glasses import Rims, find_rims
from ned.renderer.warp.lips import fit_lips
from ned.renderer.warp.mesh import OVAL, RINGS, SkinMesh, build_skin_mesh, unfold
from ned.renderer.warp.shading import Light
from ned.renderer.warp.sharpness import SharpnessControl, luminance, sharpness, smoothed
from ned.renderer.warp.smooth_field import soften
from ned.renderer.warp.smooth_skin import SmoothSkin, build_smooth_skin
from ned.renderer.warp.wrinkles import SOFT_DEPTH, SOFT_WIDTH, WrinkleShader, deepen
from ned.runtime.progress import Progress
from ned.types import FaceEdit

_FAR = np.float32(1e9)
_BEHIND = np.float32(1e6)  # depth of the layers seen through holes
_OFF_SKIN, _HOLE = np.float32(-1.0), np.float32(-2.0)  # surface coordinates of what is no skin
SOFTNESS = 0.015
"""Standard deviation, as a share of the face's height, of what is left of breaks at edges, nostrils and the outline."""
CAVITY = np.array([0.26, 0.15, 0.15], np.float32)
"""Colour of the inside of a mouth relative to that of its lips."""


@dataclass(frozen=True)
class WarpField:
    """For every pixel of the edited region, where its content comes from."""

    source_xy: Float[np.ndarray, "h w 2"]
    """Pixel of the source region."""
    surface_uv: Float[np.ndarray, "h w 2"]
    """Position on the face model in [0, 1]; negative off the skin."""
    shade: Float[np.ndarray, "h w"]
    """Per-vertex shading, spread over the skin; 0 elsewhere."""
    unseen: Float[np.ndarray, "h w"]
    """Share of mouth interior that the source does not show and that has to come from elsewhere."""
    target: Float[np.ndarray, "drawn 3"]
    """Mesh after the edit as drawn, folds removed."""


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
    lacking: Callable[[float, float], float] = lacking_cavity,
) -> WarpField:
    """The inverse warp from the edited mesh to the source region of `size` (height, width).

    Args:
        uv: surface coordinates of the face's vertices.
        shade: a value of each vertex that is spread over the skin.
        lacking: share of the mouth's content that is not to come from the source, from its opening
            before and after the edit.
    """
    height, width = size
    source, target, fine_source, fine_target = _moved_skin(mesh, skin, edit)
    image = np.empty((height, width, 6), np.float32)
    stand_still(image, (_OFF_SKIN, _OFF_SKIN, np.float32(0), np.float32(0)))
    buffer = np.full((height, width), _FAR, np.float32)
    still = np.zeros(2, np.float32)
    for hole in (layers.MOUTH, layers.RIGHT_EYE, layers.LEFT_EYE):
        fine = replace(hole, upper=skin.contour(hole.upper), lower=skin.contour(hole.lower))
        flat = fine_target[:, :2]
        upper, lower = flat[list(fine.upper)], flat[list(fine.lower)]
        rows = layers.MOUTH_ROWS if hole is layers.MOUTH else layers.ROWS
        drawn = layers.follow_grid(upper, lower, rows).reshape(-1, 2)
        if hole is layers.MOUTH:
            source_upper, source_lower = (fine_source[list(contour), :2] for contour in (fine.upper, fine.lower))
            taken = layers.mouth_grid(source_upper, source_lower, upper, lower).reshape(-1, 2)
        else:
            taken = layers.source_grid(fine, fine_source[:, :2], flat, still, still).reshape(-1, 2)
        attributes = np.zeros((len(taken), 6), np.float32)
        attributes[:, :2], attributes[:, 2:4] = taken, _HOLE
        if hole is layers.MOUTH:
            before, after = (layers.opening(hole, face) for face in (source, target))
            growth = layers.growth_of(before, after)
            attributes[:, 5] = layers.unseen(fine, lacking(before, after), growth).ravel()
        depth = np.full(len(taken), _BEHIND, np.float32)
        rasterize(drawn, depth, attributes, layers.grid_triangles(len(fine.upper), len(rows)), image, buffer)
    extra = mesh.num_vertices - len(uv)
    attributes = np.zeros((mesh.num_vertices, 6), np.float32)
    attributes[:, 2:4] = np.concatenate([uv, np.tile(uv[list(OVAL)], (len(RINGS), 1))])
    attributes[:, 4] = np.concatenate([shade, np.zeros(extra, np.float32)])
    attributes = skin.refine(attributes)
    attributes[:, :2] = fine_source[:, :2]
    rasterize(fine_target[:, :2], fine_target[:, 2], attributes, skin.triangles, image, buffer)
    source_xy, surface_uv = (np.empty((height, width, 2), np.float32) for _ in range(2))
    spread, unseen = (np.empty((height, width), np.float32) for _ in range(2))
    parts = [source_xy, surface_uv, spread, unseen]
    cv2.mixChannels([image], parts, [k for channel in range(6) for k in (channel, channel)])  # copies at once
    soften(source_xy, spread, surface_uv[..., 0] != _HOLE, SOFTNESS * float(np.ptp(edit.source[:NUM_SURFACE, 1])))
    return WarpField(source_xy, surface_uv, spread, unseen, target)


def _moved_skin(mesh: SkinMesh, skin: SmoothSkin, edit: FaceEdit) -> tuple[np.ndarray, ...]:
    """Source and target of the coarse vertices, then of the fine ones; smooth, and lips as far apart as wanted."""
    opening = height_of_mouth(edit.target)
    source, target = mesh.with_rings(edit.source, fit_lips(edit.source, edit.target, opening))
    fine_source = skin.refine(source)
    motion = skin.motion(unfold(mesh, source, target) - source)
    target = source + motion[: len(source)]
    fitted = fit_lips(source, target, opening)
    return source, fitted, fine_source, fine_source + motion + skin.refine(fitted - target)


class Resampler:
    """Takes pixels from where the field says, as sharp as the source.

    Interpolation blurs, and skin that is squeezed gets sharper by itself. So the image is taken by cubic polynomials,
    which keep the grain of skin, and then sharpened, or softened, such that the Laplacian inside the face varies as
    much as in the source.
    """

    def __init__(self) -> None:
        self._control = SharpnessControl()

    def __call__(
        self,
        image: Float[np.ndarray, "h w 3"],
        source_xy: Float[np.ndarray, "h w 2"],
        gain: Float[np.ndarray, "h w"],
        face: tuple[slice, slice],
    ) -> Float[np.ndarray, "h w 3"]:
        """`image` at `source_xy`, times `gain`; `face` is where sharpness is measured. In [0, 1]."""
        out = cv2.remap(image, source_xy, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        smooth = smoothed(out)
        if self._control.due:
            plain = luminance(out[face])
            fine = plain - luminance(smooth[face])
            self._control.measure(sharpness(luminance(image[face])), plain, fine, gain[face])
        sharpen(out, smooth, source_xy, self._control.next(), gain)
        return out


class WarpRenderer:
    """See `ned.renderer.protocol.Renderer`.

    Args:
        triangles: the face model's skin, mouth and eyes left open.
        mean: the face model's mean, which gives the surface coordinates.
        mirror: index of each vertex's mirror image.
        names: coefficient names of the expression space.
        named: see `WrinkleShader`.
    """

    def __init__(
        self,
        triangles: Int[np.ndarray, "t 3"],
        mean: Float[np.ndarray, "v 3"],
        mirror: Int[np.ndarray, "v"],
        names: tuple[str, ...],
        named: Float[np.ndarray, "width 52"] | None = None,
    ) -> None:
        low, high = mean[:NUM_SURFACE, :2].min(0), mean[:NUM_SURFACE, :2].max(0)
        self._uv = ((mean[:, :2] - low) / (high - low)).astype(np.float32)
        self._mesh, self._skin = build_skin_mesh(triangles, len(mean)), build_smooth_skin(triangles, mean)
        self._wrinkles = WrinkleShader(self._uv, mirror, names, widening=SOFT_WIDTH, named=named)
        self._light = Light(triangles, np.unique(triangles))
        self._resample = Resampler()
        self._donor: MouthDonor | None = None
        self._rims: Rims | None = None
        self._mean = mean.astype(np.float32)

    def wants_mouth(self, edit: FaceEdit) -> bool:
        """See `Renderer.wants_mouth`."""
        before, after = (layers.opening(layers.MOUTH, face) for face in (edit.source, edit.target))
        return self._donor is None and lacking(before, after) > 0

    def take_mouth(self, image: Float[np.ndarray, "h w 3"], face: Float[np.ndarray, "v 3"]) -> None:
        """See `Renderer.take_mouth`."""
        self._donor = MouthDonor(image, face)

    def detect_glasses(
        self, images: list[Float[np.ndarray, "_ _ 3"]], faces: list[Float[np.ndarray, "v 3"]]
    ) -> None:
        """See `Renderer.detect_glasses`."""
        self._rims = find_rims([luminance(image) for image in images], faces, self._mean)

    def region(self, edit: FaceEdit, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """See `Renderer.region`."""
        points = np.concatenate([ring[:, :2] for ring in self._mesh.with_rings(edit.source, edit.target)])
        margin = 4 + 0.04 * float(np.ptp(points[:, 0]))  # the coarse bands of the blending reach out
        x0, y0 = np.floor(points.min(0) - margin).astype(int)
        x1, y1 = np.ceil(points.max(0) + margin).astype(int) + 1
        height, width = size
        return int(max(x0, 0)), int(max(y0, 0)), int(min(x1, width)), int(min(y1, height))

    def prefetch_edits(self, coming: Sequence[FaceEdit]) -> None:
        """See `Renderer.prefetch_edits`: nothing here takes long."""

    def render(self, image: Float[np.ndarray, "h w 3"], edit: FaceEdit) -> Float[np.ndarray, "h w 3"]:
        """See `Renderer.render`."""
        grey = luminance(image)
        shade = self._light.ratio(grey, edit.source, edit.target)
        amount = lacking_cavity if self._donor is None else lacking
        field = warp_field(self._mesh, self._skin, self._uv, shade, edit, image.shape[:2], amount)
        if self._rims is not None:
            self._rims.hold(field.source_xy, edit.source)
        textures = cv2.merge([self._wrinkles.texture(edit.change), self._wrinkles.texture(edit.change, drawn=True)])
        at = field.surface_uv * np.float32(len(textures) - 1)
        folded, wrinkle = cv2.split(cv2.remap(textures, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT))
        face = middle_of_face(edit.source[:, :2], image.shape[:2])
        moved = cv2.remap(grey, field.source_xy, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        folds = deepen(moved, np.maximum(-folded, 0.0), float(np.ptp(edit.source[:, 1])))
        edited = self._resample(image, field.source_xy, 1.0 + SOFT_DEPTH * wrinkle + folds + field.shade, face)
        if field.unseen.any():
            if self._donor is None:
                inside = lip_colour(image, edit.source) * CAVITY
            else:
                inside = self._donor.interior(image, edit.source, field.target)
            mix(edited, np.broadcast_to(inside, edited.shape), field.unseen)
        rings = self._mesh.num_vertices - len(OVAL) * len(RINGS)
        outer = slice(rings + len(OVAL) * (len(RINGS) - 1), None)
        source_all, _ = self._mesh.with_rings(edit.source, edit.target)
        mask = soft_mask(source_all[outer, :2], field.target[outer, :2], image.shape[:2], 0.02)
        return blend_difference(np.subtract(edited, image, out=edited), mask)

    def submit(
        self, image: Float[np.ndarray, "h w 3"], edit: FaceEdit
    ) -> Callable[[], Float[np.ndarray, "h w 3"]]:
        """See `Renderer.submit`: done at once."""
        difference = self.render(image, edit)
        return lambda: difference


def middle_of_face(points: Float[np.ndarray, "v 2"], size: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of the middle of a face, without its outline."""
    low, high = points.min(0), points.max(0)
    margin = 0.12 * (high - low)
    x0, y0 = np.maximum(low + margin, 0).astype(int)
    x1, y1 = np.minimum(high - margin, np.array(size[::-1])).astype(int)
    return slice(min(y0, size[0] - 4), max(y1, y0 + 4)), slice(min(x0, size[1] - 4), max(x1, x0 + 4))


def make_renderer(model: FaceModel) -> WarpRenderer:
    """A fresh renderer for one person of one shot."""
    return WarpRenderer(
        model.topology.triangles, model.mean, model.topology.mirror, ARKIT52.names, named_change(model)
    )


def prepare(casting: Casting, progress: Progress) -> Callable[[TrackEdit], WarpRenderer]:
    """See `ned.config.roles.RENDERERS`: nothing need be known beforehand."""
    return lambda edit: make_renderer(casting.model)
