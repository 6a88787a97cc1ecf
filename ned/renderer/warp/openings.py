"""What an edit uncovers behind the skin, put in its place: eyes under raised lids, and the insides of mouths."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Float

from ned.composite.kernels import mix
from ned.renderer.warp import layers
from ned.renderer.warp.donor import MouthDonor, lacking, lip_colour, open_wide
from ned.renderer.warp.eyes import IRISES, centre_and_normal, mirrored_eye
from ned.renderer.warp.field import WarpField, lacking_cavity
from ned.types import FaceEdit

CAVITY = np.array([0.26, 0.15, 0.15], np.float32)
"""Colour of the inside of a mouth relative to that of its lips."""
GAP_SOFTNESS = 0.08
"""Blur of the edges of what is dark in a mouth, as a share of its opening; at least 0.8 pixels."""
_LEAST_OPENING_PX, _SPLIT_FOLLOWS = 3.0, 0.3


Box = tuple[int, int, int, int]


class Openings:
    """The mouth and the eyes of one person of one shot, from frame to frame."""

    def __init__(self, has_mouth: bool = False) -> None:
        """`has_mouth`: whether an image of the person's open mouth is to be had, once it is wanted."""
        self.donor: MouthDonor | None = None
        self._has_mouth = has_mouth
        self._split: float | None = None

    @property
    def lacking(self) -> Callable[[float, float], float]:
        """How much of a mouth's content is not to come from the source, see `warp_field`."""
        return lacking if self._has_mouth or self.donor is not None else lacking_cavity

    def split_of(self, grey: Float[np.ndarray, "h w"], edit: FaceEdit) -> float:
        """Where the jaws part in the image, followed slowly while the mouth is open, see `layers.parted`."""
        upper, lower = (edit.source[list(contour), :2] for contour in (layers.MOUTH.upper, layers.MOUTH.lower))
        if layers.opening(layers.MOUTH, edit.source) < _LEAST_OPENING_PX:
            self._split = None
            return layers.UPPER_SHARE
        found = layers.where_jaws_part(grey, upper, lower)
        self._split = found if self._split is None else self._split + _SPLIT_FOLLOWS * (found - self._split)
        return self._split

    def fill(
        self,
        difference: Float[np.ndarray, "h w 3"],
        image: Float[np.ndarray, "h w 3"],
        field: WarpField,
        edit: FaceEdit,
    ) -> None:
        """Show what the source does not: `difference` is the edited image less `image`, and changed in place."""
        for box, share in field.unseen:
            for eye, iris in IRISES:
                _fill_eye(difference, image, field, edit, (eye, iris), box, share)
            if share.any():
                self._fill_mouth(difference, image, field, edit, box, share)

    def _fill_mouth(
        self,
        difference: Float[np.ndarray, "h w 3"],
        image: Float[np.ndarray, "h w 3"],
        field: WarpField,
        edit: FaceEdit,
        box: Box,
        share: Float[np.ndarray, "bh bw"],
    ) -> None:
        """What the mouth shows of the donor, or the dark, by its `share` of the pixels in `box`."""
        region = slice(box[1], box[3]), slice(box[0], box[2])
        inside = np.broadcast_to(lip_colour(image, edit.source) * CAVITY, (*share.shape, 3))
        after, from_donor = layers.opening(layers.MOUTH, edit.target), shown_of_donor(edit)
        if self.donor is not None and from_donor > 0:
            shown = self.donor.interior(image, edit.source, field.target)[region]
            inside = np.where(shown.any(-1, keepdims=True), inside + from_donor * (shown - inside), inside)
        sigma = min(max(GAP_SOFTNESS * after, 0.8), 3.0)
        mix(difference[region], (inside - image[region]).astype(np.float32), cv2.GaussianBlur(share, (0, 0), sigma))


def shown_of_donor(edit: FaceEdit) -> float:
    """How much of what a mouth shows is to come from another frame, 0 to 1: none where it opens by a crack."""
    before, after = (layers.opening(layers.MOUTH, face) for face in (edit.source, edit.target))
    return lacking(before, after) * open_wide(edit.target)


def _fill_eye(
    difference: Float[np.ndarray, "h w 3"],
    image: Float[np.ndarray, "h w 3"],
    field: WarpField,
    edit: FaceEdit,
    eye: tuple[layers.Hole, int],
    box: Box,
    share: Float[np.ndarray, "bh bw"],
) -> None:
    """What a raised lid uncovers; then nothing of that eye is left in `share`, which lies in `box`."""
    hole, iris = eye
    outline = field.target[[*hole.upper, *hole.lower], :2]
    x0, y0 = np.maximum(np.floor(outline.min(0)).astype(int) - 1, box[:2]).tolist()
    x1, y1 = np.minimum(np.ceil(outline.max(0)).astype(int) + 2, box[2:]).tolist()
    part = share[max(y0 - box[1], 0) : max(y1 - box[1], 0), max(x0 - box[0], 0) : max(x1 - box[0], 0)]
    if not part.any():
        return
    region = slice(y0, y1), slice(x0, x1)
    shown = mirrored_eye(image, *centre_and_normal(hole, iris, edit.source), (x0, y0, x1, y1))
    shown *= field.gain[region][..., None]
    mix(difference[region], shown - image[region], cv2.GaussianBlur(part, (0, 0), 0.7))
    part[:] = 0.0
