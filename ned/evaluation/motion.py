"""FVD of a video's face beside its original's, while both are read: clips of sixteen frames, one after another."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

from ned.evaluation.clouds import Clouds
from ned.evaluation.compare import Guide
from ned.evaluation.judges.crops import box_crop
from ned.evaluation.judges.protocol import CLIP_FRAMES, CLIP_SIDE, ClipJudge
from ned.evaluation.reading import Reading

MARGIN = 1.5
"""Size of the square in faces: it stays where it is for a clip, in which the face moves."""


class Motion:
    """Called with the frames of two videos in order. Clips do not overlap; one is given up where either shows no
    face."""

    def __init__(self, judge: ClipJudge, own: dict[int, Float[np.ndarray, "features"]]) -> None:
        """`own`: the original's features by the last frame of a clip, for all that was made of it."""
        self._judge, self._own = judge, own
        self._before: list[UInt8[np.ndarray, "side side 3"]] = []
        self._after: list[UInt8[np.ndarray, "side side 3"]] = []
        self._place: Float[np.ndarray, "points 2"] | None = None

    def __call__(self, before: Reading, after: Reading, guide: Guide | None, clouds: Clouds) -> None:
        """Take the next frame of both; the features of a clip that is full go to `clouds`."""
        if guide is None or after.points is None:
            self._before, self._after = [], []
            return
        if not self._after:
            self._place = guide.points
        for clip, reading in ((self._before, before), (self._after, after)):
            clip.append(box_crop(reading.rgb, self._place, CLIP_SIDE, MARGIN))
        if len(self._after) < CLIP_FRAMES:
            return
        if before.index not in self._own:
            self._own.clear()
            self._own[before.index] = self._judge.features(np.stack(self._before))
        seen = self._own[before.index]
        other = seen if before.rgb is after.rgb else self._judge.features(np.stack(self._after))
        clouds.add(seen, other)
        self._before, self._after = [], []
