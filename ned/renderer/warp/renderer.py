"""Renderer `warp`: the frame's own pixels, moved by the edited mesh and shaded anew. Needs no training."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, Int

from ned.composite.blend import blend_difference, soft_mask
from ned.composite.resample import finish, sample
from ned.edit.track_edit import TrackEdit
from ned.face_model import ARKIT52, FaceModel
from ned.face_model.named import named_change
from ned.geometry.landmarks import NUM_SURFACE
from ned.renderer.protocol import Casting
from ned.renderer.warp.donor import MouthDonor
from ned.renderer.warp.field import WarpField, warp_field
from ned.renderer.warp.field_kernels import add_blocks, block_luma
from ned.renderer.warp.glasses import Rims, find_rims
from ned.renderer.warp.mesh import OVAL, RINGS, build_skin_mesh
from ned.renderer.warp.openings import Openings, shown_of_donor
from ned.renderer.warp.shading import Light
from ned.renderer.warp.sharpness import SharpnessControl, luminance, sharpness, smoothed
from ned.renderer.warp.smooth_skin import build_smooth_skin
from ned.renderer.warp.wrinkles import SOFT_WIDTH, WrinkleShader, deepen, fold_reach
from ned.runtime.lanes import Lane
from ned.runtime.progress import Progress
from ned.types import FaceEdit


class Resampler:
    """Takes pixels from where the field says, as sharp as the source.

    Interpolation blurs, and skin that is squeezed gets sharper by itself. So the image is taken by cubic polynomials,
    which keep the grain of skin, and then sharpened, or softened, such that the Laplacian inside the face varies as
    much as in the source.
    """

    def __init__(self) -> None:
        self._control = SharpnessControl()

    def finish(
        self,
        taken: Float[np.ndarray, "h w 3"],
        image: Float[np.ndarray, "h w 3"],
        source_xy: Float[np.ndarray, "h w 2"],
        gain: Float[np.ndarray, "h w"],
        face: tuple[slice, slice],
    ) -> Float[np.ndarray, "h w 3"]:
        """`taken`, which is `image` at `source_xy`, sharpened and times `gain`, in [0, 1], less `image`; `face` is
        where sharpness is measured."""
        if self._control.due:
            wanted, plain = (luminance(np.ascontiguousarray(image[face])) for image in (image, taken))
            self._control.measure(sharpness(wanted), plain, plain - smoothed(plain), gain[face])
        out = np.empty_like(taken)
        finish(taken, image, source_xy, self._control.next(), gain, out)
        return out


class WarpRenderer:
    """See `ned.renderer.protocol.Renderer`.

    Args:
        triangles: the face model's skin, mouth and eyes left open.
        mean: the face model's mean, which gives the surface coordinates.
        mirror: index of each vertex's mirror image.
        names: coefficient names of the expression space.
        named: see `WrinkleShader`.
        has_mouth: see `Openings`.
    """

    def __init__(
        self,
        triangles: Int[np.ndarray, "t 3"],
        mean: Float[np.ndarray, "v 3"],
        mirror: Int[np.ndarray, "v"],
        names: tuple[str, ...],
        named: Float[np.ndarray, "width 52"] | None = None,
        has_mouth: bool = False,
    ) -> None:
        low, high = mean[:NUM_SURFACE, :2].min(0), mean[:NUM_SURFACE, :2].max(0)
        self._uv = ((mean[:, :2] - low) / (high - low)).astype(np.float32)
        self._mesh, self._skin = build_skin_mesh(triangles, len(mean)), build_smooth_skin(triangles, mean)
        self._wrinkles = WrinkleShader(self._uv, mirror, names, widening=SOFT_WIDTH, named=named)
        self._light = Light(triangles, np.unique(triangles))
        self._resample = Resampler()
        self._openings = Openings(has_mouth)
        self._donor: MouthDonor | None = None
        self._rims: Rims | None = None
        self._lane = Lane()
        self._mean = mean.astype(np.float32)

    def wants_mouth(self, edit: FaceEdit) -> bool:
        """See `Renderer.wants_mouth`."""
        return self._donor is None and shown_of_donor(edit) > 0

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
        return self._paint(image, edit, self._donor, self._rims)

    def submit(
        self, image: Float[np.ndarray, "h w 3"], edit: FaceEdit
    ) -> Callable[[], Float[np.ndarray, "h w 3"]]:
        """See `Renderer.submit`: done in a lane of its own, frame by frame."""
        return self._lane.submit(self._paint, image, edit, self._donor, self._rims).result

    def _paint(
        self,
        image: Float[np.ndarray, "h w 3"],
        edit: FaceEdit,
        donor: MouthDonor | None,
        rims: Rims | None,
    ) -> Float[np.ndarray, "h w 3"]:
        """As `render`, with the donor and the rims that were known when the frame was handed over."""
        self._openings.donor = donor
        grey = luminance(image)
        shade = self._light.ratio(grey, edit.source, edit.target)
        size, textures = image.shape[:2], self._wrinkles.shading(edit.change)
        lacking, split = self._openings.lacking, self._openings.split_of(grey, edit)
        field = warp_field(self._mesh, self._skin, self._uv, shade, edit, size, textures, lacking, split)
        if rims is not None:
            rims.hold(field.source_xy, edit.source)
        taken = sample(image, field.source_xy)
        deepen_folds(taken, field, edit)
        face = middle_of_face(edit.source[:, :2], size)
        difference = self._resample.finish(taken, image, field.source_xy, field.gain, face)
        self._openings.fill(difference, image, field, edit)
        rings = self._mesh.num_vertices - len(OVAL) * len(RINGS)
        outer = slice(rings + len(OVAL) * (len(RINGS) - 1), None)
        source_all, _ = self._mesh.with_rings(edit.source, edit.target)
        mask = soft_mask(source_all[outer, :2], field.target[outer, :2], size, 0.02)
        return blend_difference(difference, mask)


def deepen_folds(taken: Float[np.ndarray, "h w 3"], field: WarpField, edit: FaceEdit) -> None:
    """Add to the gain of `field`, in place, what makes the folds seen in `taken` deeper where it wants some."""
    rows, columns = (np.flatnonzero(field.folds.any(axis)) for axis in (1, 0))
    if not len(rows):
        return
    height, shape = float(np.ptp(edit.source[:, 1])), field.folds.shape
    reach = int(np.ceil(fold_reach(height) / field.block))
    first = max(rows[0] - reach, 0), max(columns[0] - reach, 0)
    last = min(rows[-1] + reach + 1, shape[0]), min(columns[-1] + reach + 1, shape[1])
    grey = np.empty((last[0] - first[0], last[1] - first[1]), np.float32)
    block_luma(taken, field.block, first, grey)
    around, change = (slice(first[0], last[0]), slice(first[1], last[1])), np.zeros(shape, np.float32)
    change[around] = deepen(grey, field.folds[around], height, field.block)
    add_blocks(change, field.block, field.gain)


def middle_of_face(points: Float[np.ndarray, "v 2"], size: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of the middle of a face, without its outline."""
    low, high = points.min(0), points.max(0)
    margin = 0.12 * (high - low)
    x0, y0 = np.maximum(low + margin, 0).astype(int)
    x1, y1 = np.minimum(high - margin, np.array(size[::-1])).astype(int)
    return slice(min(y0, size[0] - 4), max(y1, y0 + 4)), slice(min(x0, size[1] - 4), max(x1, x0 + 4))


def make_renderer(model: FaceModel, has_mouth: bool = False) -> WarpRenderer:
    """A fresh renderer for one person of one shot; `has_mouth` as of `Openings`."""
    return WarpRenderer(
        model.topology.triangles, model.mean, model.topology.mirror, ARKIT52.names, named_change(model), has_mouth
    )


def prepare(casting: Casting, progress: Progress) -> Callable[[TrackEdit], WarpRenderer]:
    """See `ned.config.roles.RENDERERS`: nothing need be known beforehand."""
    return lambda edit: make_renderer(casting.model, edit.open_mouth() is not None)
