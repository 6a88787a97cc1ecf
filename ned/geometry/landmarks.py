"""The points that the tracker sees: MediaPipe's face mesh of 468 points, and its two irises of 5 points each.

This is the one place that knows their numbers. Renderers draw this mesh, whatever face model moves it.
"""

from __future__ import annotations

import numpy as np

from ned.geometry.topology import Contours, Regions

NUM_LANDMARKS, NUM_SURFACE = 478, 468
"""All of them; those of the skin, which come first."""

_UPPER_LIP = np.array(
    [
        [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308],
        [62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292],
        [76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306],
        [61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291],
    ]
)
_LOWER_LIP = np.array(
    [
        [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308],
        [62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292],
        [76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306],
        [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291],
    ]
)

LANDMARKS = Regions(
    surface=np.arange(NUM_SURFACE),
    oval=(
        10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
        152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
    ),
    upper_lip=_UPPER_LIP,
    lower_lip=_LOWER_LIP,
    mouth=Contours(tuple(_UPPER_LIP[0].tolist()), tuple(_LOWER_LIP[0].tolist())),
    right_eye=Contours((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133)),
    left_eye=Contours((362, 398, 384, 385, 386, 387, 388, 466, 263), (362, 382, 381, 380, 374, 373, 390, 249, 263)),
    right_lids=((160, 144), (159, 145), (158, 153)),
    left_lids=((385, 380), (386, 374), (387, 373)),
    right_iris=(468, 469, 470, 471, 472),
    left_iris=(473, 474, 475, 476, 477),
    forehead=10,
    nose_root=168,
    nose_tip=1,
    chin=152,
    mouth_corners=(61, 291),
    cheeks=(50, 280, 117, 346),
    sides=(234, 454),
)  # fmt: skip
RIGID = (168, 6, 197, 195, 5, 33, 133, 362, 263, 98, 327, 2)
"""Nose and corners of the eyes: what no expression moves much."""
TURNED = (1, 4, 6, 10, 33, 263, 127, 356, 152, 234, 454, 168)
"""What tells best how a head is turned: nose, corners of the eyes, temples, chin."""
LIP_OUTLINE = (0, 17, 37, 267, 84, 314)
"""Of the red of the lips, what is seen in nearly all light."""
MOUTH_SURROUNDINGS = (94, 199)
"""Below the nose, and on the chin: what bounds an image of a mouth with some skin."""
SHAPE_PAIRS = ((33, 133), (362, 263), (133, 362), (168, 2), (98, 327), (2, 152), (234, 454), (61, 291), (10, 152))
"""Distances that tell people apart: eyes, nose, chin, width, mouth, height."""
