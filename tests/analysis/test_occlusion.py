"""Hands in front of the face: none where there is none, the hand where there is one."""

from __future__ import annotations

import numpy as np
import pytest

from ned.analysis.occlusion import HandOcclusion, _draw
from ned.video import read_frames
from tests.analysis.pasted_faces import backdrop, place


def test_a_free_face_has_no_mask():
    image = place(backdrop(480, 640), 300, 240, 140)
    box = np.array([225, 160, 375, 320], np.float32)
    with HandOcclusion() as hands:
        assert all(hands(lambda: image, box) is None for _ in range(10))


def test_a_drawn_hand_covers_its_bones_and_no_more():
    points = np.array([[100, 180]] + [[60 + 20 * f, 120 - 22 * j] for f in range(5) for j in range(4)], np.float32)
    mask = np.zeros((220, 220), np.uint8)
    _draw(mask, points)
    inside = points.round().astype(int)
    assert mask[inside[:, 1], inside[:, 0]].min() > 100
    assert mask[:, 200:].max() == 0 and mask[:10].max() == 0


@pytest.mark.parametrize(
    ("clip", "box", "frames", "covered"),
    [
        ("wild/hand_over_face_23976.mp4", (340, 110, 560, 360), range(100, 112), True),
        ("talking/address_man_glasses.mp4", (160, 130, 395, 400), range(0, 24), False),
    ],
)
def test_real_hands(clips, clip, box, frames, covered):
    box = np.array(box, np.float32)
    x0, y0, x1, y1 = box.astype(int)
    share = 0.0
    with HandOcclusion() as hands:
        for frame in read_frames(clips / clip):
            if frame.index in frames:
                mask = hands(frame.rgb, box)
                share = max(share, 0.0 if mask is None else float(mask[y0:y1, x0:x1].mean()))
            elif frame.index > frames[-1]:
                break
    assert (share > 0.08) == covered
