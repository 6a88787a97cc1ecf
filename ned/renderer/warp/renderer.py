"""Renderer `warp`: the frame's own pixels, moved by the edited mesh and shaded anew. Needs no training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Int

from ned.composite.blend import blend_difference, soft_mask
from ned.composite.kernels import mix, sharpen, stand_still
from ned.edit.track_edit import TrackEdit
from ned.face_model import FaceModel
from ned.geometry.articulation import height_of_mouth
from ned.geometry.landmarks import LANDMARKS, NUM_SURFACE
from ned.geometry.rasterize import rasterize
from ned.renderer.protocol import Casting
from ned.renderer.warp import layers
from ned.renderer.warp.creases import CreaseShader
from ned.renderer.warp.donor import MouthDonor, lacking, lip_colour
from ned.renderer.warp.glasses import Rims, find_rims
from ned.renderer.warp.lips import fit_lips
from ned.renderer.warp.mesh import OVAL, RINGS, SkinMesh, build_skin_mesh, unfold
from ned.renderer.warp.shading import Light
from ned.renderer.warp.sharpness import SharpnessControl, luminance, sharpness, smoothed
from ned.runtime.progress import Progress
from ned.types import FaceEdit

_FAR = np.float32(1e9)
_BEHIND = np.float32(1e6)  # depth of the layers seen through holes
_OFF_SKIN = np.float32(-1.0)  # surface coordinate of what is no skin
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
    opening = height_of_mouth(edit.target)
    source, target = mesh.with_rings(edit.source, fit_lips(edit.source, edit.target, opening))
    target = fit_lips(source, unfold(mesh, source, target), opening)
    image = np.empty((height, width, 6), np.float32)
    stand_still(image, (_OFF_SKIN, _OFF_SKIN, np.float32(0), np.float32(0)))
    buffer = np.full((height, width), _FAR, np.float32)
    still, jaw = np.zeros(2, np.float32), (target[LANDMARKS.chin] - source[LANDMARKS.chin])[:2]
    for hole, lower_motion in ((layers.MOUTH, jaw), (layers.RIGHT_EYE, still), (layers.LEFT_EYE, still)):
        flat = target[:, :2]
        drawn = layers.follow_grid(flat[list(hole.upper)], flat[list(hole.lower)]).reshape(-1, 2)
        taken = layers.source_grid(hole, source[:, :2], flat, still, lower_motion).reshape(-1, 2)
        attributes = np.zeros((len(taken), 6), np.float32)
        attributes[:, :2], attributes[:, 2:4] = taken, _OFF_SKIN
        if hole is layers.MOUTH:
            share = lacking(layers.opening(hole, source), layers.opening(hole, target))
            attributes[:, 5] = layers.unseen(hole, share).ravel()
        depth = np.full(len(taken), _BEHIND, np.float32)
        rasterize(drawn, depth, attributes, layers.grid_triangles(len(hole.upper)), image, buffer)
    extra = mesh.num_vertices - len(uv)
    attributes = np.zeros((mesh.num_vertices, 6), np.float32)
    attributes[:, :2] = source[:, :2]
    attributes[:, 2:4] = np.concatenate([uv, np.tile(uv[list(OVAL)], (len(RINGS), 1))])
    attributes[:, 4] = np.concatenate([shade, np.zeros(extra, np.float32)])
    rasterize(target[:, :2], target[:, 2], attributes, mesh.triangles, image, buffer)
    source_xy, surface_uv = (np.empty((height, width, 2), np.float32) for _ in range(2))
    spread, unseen = (np.empty((height, width), np.float32) for _ in range(2))
    parts = [source_xy, surface_uv, spread, unseen]
    cv2.mixChannels([image], parts, [k for channel in range(6) for k in (channel, channel)])  # copies at once
    return WarpField(source_xy, surface_uv, spread, unseen, target)


class Resampler:
    """Takes pixels from where the field says, as sharp as the source.

    Interpolation blurs, and skin that is squeezed gets sharper by itself. So the picture is taken linearly and
    then sharpened, or softened, such that the Laplacian inside the face varies as much as in the source.
    """

    def __init__(self) -> None:
        self._control = SharpnessControl()

    def __call__(
        self,
        picture: Float[np.ndarray, "h w 3"],
        source_xy: Float[np.ndarray, "h w 2"],
        gain: Float[np.ndarray, "h w"],
        face: tuple[slice, slice],
    ) -> Float[np.ndarray, "h w 3"]:
        """`picture` at `source_xy`, times `gain`; `face` is where sharpness is measured. In [0, 1]."""
        out = cv2.remap(picture, source_xy, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        smooth = smoothed(out)
        if self._control.due:
            plain = luminance(out[face])
            fine = plain - luminance(smooth[face])
            self._control.measure(sharpness(luminance(picture[face])), plain, fine, gain[face])
        sharpen(out, smooth, source_xy, self._control.next(), gain)
        return out


class WarpRenderer:
    """See `ned.renderer.protocol.Renderer`.

    Args:
        triangles: the face model's skin, mouth and eyes left open.
        mean: the face model's mean, which gives the surface coordinates.
        mirror: index of each vertex's mirror image.
        names: coefficient names of the expression space.
    """

    def __init__(
        self,
        triangles: Int[np.ndarray, "t 3"],
        mean: Float[np.ndarray, "v 3"],
        mirror: Int[np.ndarray, "v"],
        names: tuple[str, ...],
    ) -> None:
        low, high = mean[:NUM_SURFACE, :2].min(0), mean[:NUM_SURFACE, :2].max(0)
        self._uv = ((mean[:, :2] - low) / (high - low)).astype(np.float32)
        self._mesh = build_skin_mesh(triangles, len(mean))
        self._creases = CreaseShader(self._uv, mirror, names)
        self._light = Light(triangles, np.unique(triangles))
        self._resample = Resampler()
        self._donor: MouthDonor | None = None
        self._rims: Rims | None = None
        self._mean = mean.astype(np.float32)

    def wants_mouth(self, edit: FaceEdit) -> bool:
        """See `Renderer.wants_mouth`."""
        before, after = (layers.opening(layers.MOUTH, face) for face in (edit.source, edit.target))
        return self._donor is None and lacking(before, after) > 0

    def take_mouth(self, picture: Float[np.ndarray, "h w 3"], face: Float[np.ndarray, "v 3"]) -> None:
        """See `Renderer.take_mouth`."""
        self._donor = MouthDonor(picture, face)

    def detect_glasses(
        self, pictures: list[Float[np.ndarray, "_ _ 3"]], faces: list[Float[np.ndarray, "v 3"]]
    ) -> None:
        """See `Renderer.detect_glasses`."""
        self._rims = find_rims([luminance(picture) for picture in pictures], faces, self._mean)

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

    def render(self, picture: Float[np.ndarray, "h w 3"], edit: FaceEdit) -> Float[np.ndarray, "h w 3"]:
        """See `Renderer.render`."""
        shade = self._light.ratio(luminance(picture), edit.source, edit.target)
        amount = lacking_cavity if self._donor is None else lacking
        field = warp_field(self._mesh, self._uv, shade, edit, picture.shape[:2], amount)
        if self._rims is not None:
            self._rims.hold(field.source_xy, edit.source)
        texture = self._creases.texture(edit.change)
        size = np.float32(texture.shape[0] - 1)
        crease = cv2.remap(texture, field.surface_uv * size, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        face = middle_of_face(edit.source[:, :2], picture.shape[:2])
        edited = self._resample(picture, field.source_xy, 1.0 + crease + field.shade, face)
        if field.unseen.any():
            if self._donor is None:
                inside = lip_colour(picture, edit.source) * CAVITY
            else:
                inside = self._donor.interior(picture, edit.source, field.target)
            mix(edited, np.broadcast_to(inside, edited.shape), field.unseen)
        rings = self._mesh.num_vertices - len(OVAL) * len(RINGS)
        outer = slice(rings + len(OVAL) * (len(RINGS) - 1), None)
        source_all, _ = self._mesh.with_rings(edit.source, edit.target)
        mask = soft_mask(source_all[outer, :2], field.target[outer, :2], picture.shape[:2], 0.02)
        return blend_difference(np.subtract(edited, picture, out=edited), mask)

    def submit(
        self, picture: Float[np.ndarray, "h w 3"], edit: FaceEdit
    ) -> Callable[[], Float[np.ndarray, "h w 3"]]:
        """See `Renderer.submit`: done at once."""
        difference = self.render(picture, edit)
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
    return WarpRenderer(model.topology.triangles, model.mean, model.topology.mirror, model.space.names)


def prepare(casting: Casting, progress: Progress) -> Callable[[TrackEdit], WarpRenderer]:
    """See `ned.config.roles.RENDERERS`: nothing need be known beforehand."""
    return lambda edit: make_renderer(casting.model)
