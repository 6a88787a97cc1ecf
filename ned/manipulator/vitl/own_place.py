"""Where in the plane a face lies already: the place that would change it least."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ned.manipulator.vitl.regression import Transfer
from ned.manipulator.vitl.slider import SHIPPED, load_slider
from ned.types import ExpressionTrack

STEP = 0.1
FAR = 0.02
"""What a unit of distance from the middle costs against squared change: faces at rest are told to be there."""


def own_place(expression: ExpressionTrack, slider: Transfer | None = None) -> Float[np.ndarray, "2"]:
    """Where a person's face lies on average over a track, in the slider's space; `slider` None is the shipped one.

    Speech comes and goes around a mood, so the mean coefficients say where it is. Raises ValueError for another space,
    or a track without frames.
    """
    slider = slider or load_slider(SHIPPED)
    packed = expression.pack()
    if packed.shape[1] != slider.weights.shape[2] or not len(packed):
        raise ValueError(f"no frames in a space of {slider.weights.shape[2]} coefficients")
    return own_places(slider, packed.mean(0, keepdims=True).astype(np.float64))[0]


def own_places(slider: Transfer, faces: Float[np.ndarray, "n width"]) -> Float[np.ndarray, "n 2"]:
    """Valence and arousal of each face (the slow part of a track, one a row), to within about a tenth.

    The slider leaves a face alone at its own place, so the place of least change is taken, nearer ones first.
    """
    steps = np.arange(-1.0, 1.0 + STEP / 2, STEP)
    places = np.stack(np.meshgrid(steps, steps), 2).reshape(-1, 2)
    places = places[np.hypot(places[:, 0], places[:, 1]) <= 1.0 + 1e-9]
    cost = np.empty((len(faces), len(places)))
    for start in range(0, len(faces), 64):
        part = slice(start, start + 64)
        change = slider(faces[part], places) - faces[part, None]
        cost[part] = (change**2).sum(-1) + FAR * np.hypot(places[:, 0], places[:, 1])
    return places[cost.argmin(1)]
