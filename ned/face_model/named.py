"""ARKit's names for coefficients that have none, so that what is looked up by name is found in every space."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float

from ned.face_model import load_face_model
from ned.face_model.protocol import FaceModel
from ned.face_model.spaces import ARKIT52
from ned.geometry.landmarks import NUM_SURFACE

RIDGE = 0.03
"""Cost of a named coefficient's square, against the mean square of what one moves."""


@lru_cache(maxsize=4)
def named_change(model: FaceModel) -> Float[np.ndarray, "width 52"] | None:
    """For one unit of each of the model's coefficients the least ARKit coefficients of the embedded model that move the
    landmarks alike; None where the model's have these names already. A straight line: enough for shading, not for
    geometry, which `ned.fitting.bridge` maps."""
    if model.space == ARKIT52:
        return None
    known = load_face_model()
    theirs, own = (m.basis[:, :NUM_SURFACE].reshape(len(m.basis), -1).astype(np.float64) for m in (known, model))
    cost = RIDGE * (theirs**2).sum(1).mean() * np.eye(len(theirs))
    return np.linalg.solve(theirs @ theirs.T + cost, theirs @ own.T).T.astype(np.float32)
