"""Which of MediaPipe's 478 landmarks are the 68 points of iBUG (300-W), by the middle of what both mean."""

from __future__ import annotations

CONTOUR = (162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389)
"""Points 0 to 16, the outline of jaw and cheeks from the actor's right to the left; on a turned head they slide."""
IBUG51 = (
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,  # brows, right to left
    168, 197, 5, 4, 75, 97, 2, 326, 305,  # bridge and bottom of the nose
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,  # lids
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,  # outer border of the lips
    78, 82, 13, 312, 308, 317, 14, 87,  # inner border
)  # fmt: skip
"""Points 17 to 67, which stay where they are on the face."""
IBUG68 = CONTOUR + IBUG51
