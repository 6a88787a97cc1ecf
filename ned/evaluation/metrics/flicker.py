"""Flicker: what changes back and forth from frame to frame."""

from __future__ import annotations

import numpy as np
from jaxtyping import Shaped


def second_difference(
    before: Shaped[np.ndarray, "*shape"], now: Shaped[np.ndarray, "*shape"], after: Shaped[np.ndarray, "*shape"]
) -> float:
    """Mean of |before − 2 now + after| over the samples of three images in a row, aligned to the face.

    Steady motion and slow change of light cancel; noise and jitter do not.
    """
    now2 = 2.0 * now.astype(np.float32)
    return float(np.abs(before.astype(np.float32) - now2 + after.astype(np.float32)).mean())
