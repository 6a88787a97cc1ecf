"""How sharp an image is, and the amount of sharpening that keeps it so from frame to frame."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float

_LUMA = np.array([[0.2126, 0.7152, 0.0722]], np.float32)
_ROUNDING = np.sqrt(20 / 12) / 255
"""Standard deviation of the Laplacian of 8-bit rounding: moved pixels are rounded anew, which in smooth skin shows."""


def luminance(image: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w"]:
    """Luma of RGB, by BT.709."""
    return cv2.transform(image, _LUMA)


def smoothed(image: np.ndarray) -> np.ndarray:
    """Mean of 3×3 pixels; what it takes away is the fine part that sharpening raises."""
    return cv2.blur(image, (3, 3), borderType=cv2.BORDER_REPLICATE)


def sharpness(grey: Float[np.ndarray, "h w"]) -> float:
    """Standard deviation of the Laplacian."""
    return float(cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_32F))[1][0, 0])


def rounded(sharp: float) -> float:
    """The sharpness of an image after it was rounded to 8 bits."""
    return float(np.hypot(sharp, _ROUNDING))


class SharpnessControl:
    """By how much the fine part is to be raised so that an image is as sharp as it should be.

    It is measured every few frames and followed slowly, so that it does not flicker; negative where the image is too
    sharp.
    """

    _EVERY, _FOLLOW = 4, 0.3
    _LEAST, _MOST, _TRIAL = -0.6, 1.2, 0.5

    def __init__(self) -> None:
        self._amount: float | None = None
        self._frame = 0

    @property
    def due(self) -> bool:
        """Whether this frame is to be measured."""
        return self._amount is None or self._frame % self._EVERY == 0

    def measure(
        self,
        wanted: float,
        plain: Float[np.ndarray, "h w"],
        fine: Float[np.ndarray, "h w"],
        gain: Float[np.ndarray, "h w"] | float = 1.0,
    ) -> None:
        """
        Args:
            wanted: the sharpness to come to, of an image of 8 bits (see `rounded`).
            plain: luma before sharpening.
            fine: its fine part, where and as far as it is to be raised.
            gain: what luma is multiplied by afterwards.
        """
        low, high = (rounded(sharpness((plain + k * fine) * gain)) for k in (0.0, self._TRIAL))
        amount = self._TRIAL * (wanted - low) / max(high - low, 1e-6)
        amount = float(np.clip(amount, self._LEAST, self._MOST))
        self._amount = amount if self._amount is None else self._amount + self._FOLLOW * (amount - self._amount)

    def next(self) -> np.float32:
        """The amount for this frame, none before anything was measured; then it is the next frame's turn."""
        self._frame += 1
        return np.float32(self._amount or 0.0)
