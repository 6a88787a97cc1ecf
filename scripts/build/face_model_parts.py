"""Eyeballs and teeth of the canonical model: simple surfaces behind the skin."""

from __future__ import annotations

import numpy as np
from face_model_topology import EYE_LEFT

EYEBALL_RADIUS = 1.2
ARC_COLUMNS, ARC_ROWS = 17, 4


def eyeballs(mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centres (2, 3) and radii (2,) in cm, the actor's left eye first."""
    contour = mean[list(EYE_LEFT)]
    front = mean[[386, 374]].mean(0)
    centre = np.array([contour[:, 0].mean(), (front[1] + contour[:, 1].mean()) / 2, front[2] + 0.06 + EYEBALL_RADIUS])
    return np.stack([centre, centre * [-1, 1, 1]]), np.full(2, EYEBALL_RADIUS)


def teeth(mean: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Upper and lower dental arc (rows x columns flattened, 3) and the triangles that both share.

    Rows run from the gum to the biting edge, columns from the actor's right to the left. At rest the
    edges of the upper incisors lie a little below the lip line and in front of the lower ones.
    """
    lip = mean[[13, 14]].mean(0)
    t = np.linspace(-1, 1, ARC_COLUMNS)
    x, depth = 2.55 * np.sin(t * np.pi / 2), 3.4 * (1 - np.cos(t * np.pi / 2)) ** 1.15
    rows = np.linspace(0, 1, ARC_ROWS)[:, None]
    upper = np.stack(np.broadcast_arrays(
        x[None], lip[1] + 0.15 - (1 - rows) * 1.1, lip[2] + 0.75 + depth[None] + 0.12 * (1 - rows)), -1)
    lower = np.stack(np.broadcast_arrays(
        0.95 * x[None], lip[1] + 0.05 + (1 - rows) * 1.0, lip[2] + 0.95 + depth[None] + 0.1 * (1 - rows)), -1)
    index = np.arange(ARC_ROWS * ARC_COLUMNS).reshape(ARC_ROWS, ARC_COLUMNS)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    faces = np.concatenate([np.stack(t, -1).reshape(-1, 3) for t in ((a, b, c), (a, c, d))])
    return upper.reshape(-1, 3), lower.reshape(-1, 3), faces.astype(np.int32)
