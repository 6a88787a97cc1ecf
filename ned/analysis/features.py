"""What covers a face in the colour of the face: a hand that no hand detector sees, an arm, another's cheek.

Colour does not give it away, but what it hides does: lips, lids, brows and folds are not where this person's usually
are. On the map of the face (see `ned.analysis.skin`) each place has a likeness, the slope of a regression of the
image's local contrast on the usual one: about 1 where the features are seen, whatever the light, about 0 where they
are hidden. An open mouth or a blink is short; so places count only once they have been unlike for a while, and are then
followed, by a looser measure, for as long as they are.
"""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from ned.analysis.skin import LOGARITHMS, SIDE, finished
from ned.types import SkinStatistics

_WINDOW, _CONTRAST = 4.0, 3.0
"""Cells, standard deviations: of the window of a regression, and of the average that contrast is to."""
_STEADY = 0.1
"""Spread of the logarithm of light at which a place counts half."""
_TELLING, _FAINT = 3e-4, 1e-4
"""Usual contrast, squared and averaged over the window, from which a place is judged, and is followed."""
_LATELY = 9
"""What was like itself in any of so many last frames is not covered."""
_HIDDEN, _SURE, _LEAST_CELLS = 0.4, 0.2, 100
"""Likeness below which places are covered if a quarter of them is below the second and they are so many."""
_STILL_HIDDEN, _STILL_SURE, _STILL_CELLS = 0.6, 0.4, 60
_SHARED = 0.25
"""Share of the smaller one by which what is followed overlaps what was covered before."""
_MOST_SHARE = 0.6
_SHARPEST, _LEAST_SHARP = 70, 0.4
"""Percentile of likeness that stands for a free face in a blurred image, and the least it is taken for."""


class HiddenFeatures:
    """Called with one person's looks, frame after frame of one shot."""

    def __init__(self, usual: SkinStatistics) -> None:
        self._usual = usual
        spread = usual.spread.astype(np.float32).mean(-1)
        self._trust = 1.0 / (1.0 + (spread / _STEADY) ** 2)
        self._middle = usual.middle.astype(np.float32).mean(-1)
        self._past: deque[np.ndarray] = deque(maxlen=_LATELY)
        self._before: np.ndarray | None = None

    def __call__(self, sample: UInt8[np.ndarray, "side side 4"]) -> Float[np.ndarray, "side side"] | None:
        """1 where features are hidden, soft at its edges; None where they are not."""
        judged = self._usual.known & (sample[..., 3] > 0)
        likeness, contrast = self._likeness(sample, judged)
        telling = judged & (contrast > _TELLING)
        if telling.sum() < _LEAST_CELLS:
            self._past.clear()
            self._before = None
            return None
        sharp = float(np.percentile(likeness[telling], _SHARPEST))
        likeness /= min(max(sharp, _LEAST_SHARP), 1.0)
        self._past.append(np.where(telling, likeness, np.float32(np.inf)))
        mask = np.zeros((SIDE, SIDE), bool)
        if len(self._past) == self._past.maxlen:
            lately = np.maximum.reduce(list(self._past))
            for part in _parts(lately < _HIDDEN, _LEAST_CELLS, lately, _SURE):
                mask |= part
        near = mask if self._before is None else mask | self._before
        if near.any():
            unlike = judged & (contrast > _FAINT) & (likeness < _STILL_HIDDEN)
            for part in _parts(unlike, _STILL_CELLS, likeness, _STILL_SURE):
                if (part & near).sum() > _SHARED * min(part.sum(), near.sum()):
                    mask |= part
        self._before = mask if mask.any() else None
        if not mask.any() or mask.sum() > _MOST_SHARE * judged.sum():
            return None
        return finished(mask.astype(np.float32), judged)

    def _likeness(
        self, sample: UInt8[np.ndarray, "side side 4"], judged: Bool[np.ndarray, "side side"]
    ) -> tuple[Float[np.ndarray, "side side"], Float[np.ndarray, "side side"]]:
        """Slope of the regression, and the usual contrast in its window."""
        inside = judged.astype(np.float32)
        now = np.take(LOGARITHMS, sample[..., :3]).mean(-1)
        smooth = cv2.GaussianBlur(cv2.merge([inside, self._middle * inside, now * inside]), (0, 0), _CONTRAST)
        weight = np.maximum(smooth[..., 0], 1e-3)
        usual = (self._middle - smooth[..., 1] / weight) * inside
        now = (now - smooth[..., 2] / weight) * inside
        trusted = self._trust * usual
        both = cv2.GaussianBlur(cv2.merge([trusted * usual, trusted * now]), (0, 0), _WINDOW)
        own, shared = both[..., 0], both[..., 1]
        return shared / np.maximum(own, 1e-6), own


def _parts(
    mask: Bool[np.ndarray, "side side"], least: int, likeness: Float[np.ndarray, "side side"], sure: float
) -> list[Bool[np.ndarray, "side side"]]:
    """Connected parts of at least so many cells, a quarter of them below `sure`."""
    if np.count_nonzero(mask) < least:
        return []
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    large = [labels == k for k in range(1, count) if stats[k, cv2.CC_STAT_AREA] >= least]
    return [part for part in large if np.percentile(likeness[part], 25) < sure]
