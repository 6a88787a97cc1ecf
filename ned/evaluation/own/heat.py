"""FAPD as an image: the distance of every pixel of the face, and its mean as a number."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image, ImageDraw, ImageFont

from ned.evaluation.metrics import fapd, fapd_map
from ned.report.sheet import grid

HOTTEST = 60.0
"""Distance that is drawn white."""


def heat_map(
    truth: UInt8[np.ndarray, "h w 3"], made: UInt8[np.ndarray, "h w 3"], mask: Bool[np.ndarray, "h w"]
) -> UInt8[np.ndarray, "h w 3"]:
    """Black outside of `mask`; dark for small distances, light for `HOTTEST` and more; the FAPD in a corner."""
    shares = np.clip(fapd_map(truth, made) * (255 / HOTTEST), 0, 255).astype(np.uint8)
    image = cv2.cvtColor(cv2.applyColorMap(shares, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    image[~mask] = 0
    drawn = Image.fromarray(image)
    size = max(10, truth.shape[0] // 10)
    font, below = ImageFont.load_default(size), truth.shape[0] - size - 5
    ImageDraw.Draw(drawn).text((4, below), f"{fapd(truth, made, mask):.2f}", (255, 255, 255), font)
    return np.asarray(drawn).copy()


def heat_sheet(
    truth: Sequence[UInt8[np.ndarray, "h w 3"]],
    made: Sequence[UInt8[np.ndarray, "h w 3"]],
    masks: Sequence[Bool[np.ndarray, "h w"]],
    name: str,
) -> UInt8[np.ndarray, "sheet_h sheet_w 3"]:
    """Images of one size side by side: truth, what was made, heat map. ValueError for none."""
    maps = [heat_map(t, m, mask) for t, m, mask in zip(truth, made, masks, strict=True)]
    return grid([list(truth), list(made), maps], ("truth", name, f"distance, 0 to {HOTTEST:.0f}"))
