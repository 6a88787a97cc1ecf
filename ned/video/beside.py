"""Two frames in one image, for comparisons."""

from __future__ import annotations

import av
import numpy as np

from ned.video.frame import Frame, _planes


def side_by_side(left: Frame, right: Frame) -> Frame:
    """`left` and `right`, of one size and format, next to each other in the upright image.

    The last column of images of odd width is left out, since subsampled colour cannot be joined there.
    ValueError where the frames differ in size or format.
    """
    a, b = left.image, right.image
    if (a.width, a.height, a.format.name, left.rotation) != (b.width, b.height, b.format.name, right.rotation):
        raise ValueError("frames of different size or format cannot be put side by side")
    upright = left.rotation in (0, 180)
    width, height = (a.width // 2 * 2, a.height) if upright else (a.width, a.height // 2 * 2)
    joined = av.VideoFrame(width * (1 + upright), height * (2 - upright), a.format.name)
    joined.color_range, joined.colorspace = a.color_range, a.colorspace
    joined.color_primaries, joined.color_trc = a.color_primaries, a.color_trc
    first, second = (a, b) if left.rotation in (0, 270) else (b, a)
    form = left.format
    for k, plane in enumerate(_planes(joined, form)):
        rows, columns = form.plane_shape(k, height, width)
        parts = [_planes(image, form)[k][:rows, :columns] for image in (first, second)]
        plane[...] = np.concatenate(parts, axis=1 if upright else 0)
    return Frame(joined, left.index, left.pts, left.rotation, left.encoding)
