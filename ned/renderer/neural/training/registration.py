"""Laying one image of a face over another, where the tracking errs by a pixel or so."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float

from ned.renderer.neural.memory import pixel_grid

SMOOTHNESS = 0.01
"""Standard deviation, in crop sizes, of the low-pass of the flow: tracking errs alike over some distance, while folds
and teeth that only one of the images shows are not to be pulled about."""


def registered(
    image: Float[np.ndarray, "h w 3"], truth: Float[np.ndarray, "h w 3"], farthest: float, size: int
) -> Float[np.ndarray, "h w 3"]:
    """`image`, a part of a crop of side `size`, moved by a smooth optical flow of at most `farthest` pixels so that
    it lies on `truth`. Both in [0, 1]."""
    grey = [cv2.cvtColor((255 * p).clip(0, 255).astype(np.uint8), cv2.COLOR_RGB2GRAY) for p in (truth, image)]
    flow = cv2.GaussianBlur(_flow().calc(grey[0], grey[1], None), (0, 0), SMOOTHNESS * size)
    displacement = np.linalg.norm(flow, axis=2, keepdims=True)
    flow *= np.minimum(1.0, farthest / np.maximum(displacement, 1e-6))
    return cv2.remap(image, pixel_grid(*image.shape[:2]) + flow, None, cv2.INTER_LINEAR,
                     borderMode=cv2.BORDER_REPLICATE)  # fmt: skip


def _flow() -> cv2.DISOpticalFlow:
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    flow.setFinestScale(1)
    return flow
