"""Hands in front of a face, as a soft mask, so that an edit of the face does not bend them.

Colour does not tell a hand from a face of the same skin; geometry does: the hand's own skeleton is
tracked and given its flesh. What is no hand is found by `ned.analysis.skin`.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from ned.analysis.mediapipe_graphs import silenced_stderr

LOOK_EVERY = 8
"""Frames between two looks while no hand is about; with one in sight every frame is looked at."""
WINDOW_PX = 256
SURE_AFTER = 2
"""A hand seen in so many frames on end is believed; noise rarely lasts."""
HOLD = 4
"""Frames for which a believed hand that is not seen stays where it was, so that the mask does not flicker."""
_FINGERS = ((1, 2, 3, 4), (5, 6, 7, 8), (9, 10, 11, 12), (13, 14, 15, 16), (17, 18, 19, 20))
_PALM = (0, 1, 5, 9, 13, 17)
_FINGER_WIDTH = 0.26
"""Share of the distance from wrist to middle knuckle."""


class HandOcclusion:
    """Masks of hands over one person's face, called for frame after frame of a shot; `reset` at a cut.

    About 12 ms a frame while a hand is near, an eighth of that otherwise. Close it, or use `with`.
    """

    def __init__(self) -> None:
        os.environ.setdefault("GLOG_minloglevel", "3")
        with silenced_stderr():
            import mediapipe

            self._hands = mediapipe.solutions.hands.Hands(
                max_num_hands=2, model_complexity=0, min_detection_confidence=0.6, min_tracking_confidence=0.5
            )
            self._hands.process(np.zeros((WINDOW_PX, WINDOW_PX, 3), np.uint8))
        self.reset()

    def reset(self) -> None:
        """Forget what was seen: the next frame is of another shot."""
        self._window: tuple[int, int, int] | None = None
        self._mask: np.ndarray | None = None
        self._wait = self._seen = self._missed = 0

    def __call__(
        self, image: Callable[[], UInt8[np.ndarray, "h w 3"]], box: Float[np.ndarray, "xyxy=4"]
    ) -> Float[np.ndarray, "h w"] | None:
        """Mask of the frame's size, 1 on a hand, 0 elsewhere; None where no hand is near the face `box` (xyxy px).

        `image` gives the frame's RGB; it is asked only for frames that are looked at.
        """
        if self._wait:
            self._wait -= 1
            return None
        rgb = image()
        x0, y0, side = self._place_window(box)
        scale = WINDOW_PX / side
        matrix = np.array([[scale, 0, -x0 * scale], [0, scale, -y0 * scale]])
        small = cv2.warpAffine(rgb, matrix, (WINDOW_PX, WINDOW_PX), flags=cv2.INTER_AREA)
        found = self._hands.process(small).multi_hand_landmarks
        if not found:
            return self._without(rgb.shape[:2])
        self._seen, self._missed = self._seen + 1, 0
        if self._seen < SURE_AFTER:
            return None
        mask = np.zeros((WINDOW_PX, WINDOW_PX), np.uint8)
        for hand in found:
            _draw(mask, np.array([(p.x, p.y) for p in hand.landmark], np.float32) * WINDOW_PX)
        self._mask = _unplace(mask, matrix, rgb.shape[:2])
        return self._mask

    def _without(self, size: tuple[int, int]) -> Float[np.ndarray, "h w"] | None:
        """The answer for a frame in which no hand is found."""
        self._missed += 1
        if self._mask is not None and self._missed <= HOLD and self._mask.shape == size:
            return self._mask
        self._seen, self._missed, self._mask = 0, 0, None
        self._wait = LOOK_EVERY - 1
        return None

    def _place_window(self, box: Float[np.ndarray, "xyxy=4"]) -> tuple[int, int, int]:
        """A square two and a half faces wide, which moves in steps so that tracking in it goes on."""
        wide = max(8, int(2.5 * float((box[2:] - box[:2]).max())))
        x0, y0 = (int(c) - wide // 2 for c in (box[:2] + box[2:]) / 2)
        old = self._window
        if old is None or max(abs(x0 - old[0]), abs(y0 - old[1]), abs(wide - old[2])) > 0.12 * wide:
            self._window = (x0, y0, wide)
        return self._window

    def close(self) -> None:
        with silenced_stderr():
            self._hands.close()

    def __enter__(self) -> HandOcclusion:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _unplace(
    mask: UInt8[np.ndarray, "a b"], window_from_frame: Float[np.ndarray, "2 3"], size: tuple[int, int]
) -> Float[np.ndarray, "h w"]:
    """A window's mask, 0 to 255, as the frame's, 0 to 1."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(mask, window_from_frame, size[::-1], flags=flags).astype(np.float32) / np.float32(255)


def _draw(mask: UInt8[np.ndarray, "h w"], points: Float[np.ndarray, "21 2"]) -> None:
    """Add a hand's palm and fingers, softly edged."""
    length = float(np.linalg.norm(points[9] - points[0]))
    # A foreshortened hand has a short palm but fingers as thick as ever.
    length = max(length, 1.2 * float(np.linalg.norm(points[17] - points[5])))
    thick = max(1, round(_FINGER_WIDTH * length))
    hand = np.zeros_like(mask)
    dots = np.round(points).astype(np.int32)
    cv2.fillPoly(hand, [dots[list(_PALM)]], 255)
    cv2.polylines(hand, [dots[list(_PALM)]], True, 255, thick)
    for finger in _FINGERS:
        cv2.polylines(hand, [dots[list(finger)]], False, 255, thick)
    np.maximum(mask, cv2.GaussianBlur(hand, (0, 0), max(0.8, 0.035 * length)), out=mask)
