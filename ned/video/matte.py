"""What changed between a frame and its edit, as an image of its own."""

from __future__ import annotations

import av
import numpy as np

from ned.video.frame import Frame


def matte(before: Frame, after: Frame) -> Frame:
    """Grey, 255 where any sample differs and 0 elsewhere; where chroma is subsampled, its whole block counts.

    Outside the white `after` is `before`, bit for bit.
    """
    image = after.image
    changed = np.zeros((image.height, image.width), bool)
    for k, (a, b) in enumerate(zip(before.planes, after.planes, strict=True)):
        off = a != b
        if off.any():
            chroma = after.format.kind == "yuv" and k in (1, 2)
            down, across = (1 << after.format.shift_y, 1 << after.format.shift_x) if chroma else (1, 1)
            changed |= off.repeat(down, 0).repeat(across, 1)[: image.height, : image.width]
    grey = av.VideoFrame.from_ndarray(changed.astype(np.uint8) * np.uint8(255), format="gray")
    grey.color_range = 2
    return Frame(grey, after.index, after.pts, after.rotation, after.encoding._replace(full_range=True))
