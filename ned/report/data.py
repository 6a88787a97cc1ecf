"""What a report is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, UInt8

from ned.config import ProcessConfig
from ned.types import ExpressionTrack


@dataclass(frozen=True)
class PicturePair:
    """One frame before and after the edit, upright RGB of the same size."""

    time_s: float
    before: UInt8[np.ndarray, "h w 3"]
    after: UInt8[np.ndarray, "h w 3"]
    box: Float[np.ndarray, "4"]
    """The face, xyxy in pixels."""
    mouth: Float[np.ndarray, "4"] | None = None
    """The mouth, xyxy in pixels; estimated from the face's box where None."""


@dataclass(frozen=True)
class ReportData:
    """One edited person. The tracks run over the frames in which that person was tracked."""

    config: ProcessConfig
    person: int
    frames: int
    """Frames written."""
    edited_frames: int
    times_s: Float[np.ndarray, "frames"]
    before: ExpressionTrack
    after: ExpressionTrack
    pictures: tuple[PicturePair, ...]
    """Some frames spread over the edit; six to ten make a good sheet."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """How long each stage took."""
