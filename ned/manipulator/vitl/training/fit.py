"""The product's slider is fitted in seconds from displays that need no clip."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from ned.files.checkpoint import Checkpoint, TrainingRecord, save_checkpoint
from ned.manipulator.vitl.plane import NAMES, place_of
from ned.manipulator.vitl.regression import Kernels, Transfer, fit_features, some_anchors
from ned.manipulator.vitl.settings import RING, SliderConfig
from ned.manipulator.vitl.slider import KIND, settings_of, style_kernel_of
from ned.manipulator.vitl.training.displays import Displays, half_seen, invented_faces, make_displays
from ned.types import ExpressionSpace


def fit_slider(space: ExpressionSpace, config: SliderConfig, displays: Displays | None = None) -> Transfer:
    """Fit on `displays`, or on those of invented people."""
    rng = np.random.default_rng(config.seed)
    if displays is None:
        displays = make_displays(space, invented_faces(space, config.people, rng), rng)
    again = displays.of(slice(round(config.half_seen * len(displays.faces))))
    shown = [displays, half_seen(again, rng)] if len(again.faces) else [displays]
    moved = np.ptp(displays.wanted, axis=1).max(0) > 1e-9
    moved[space.index("jawOpen")] = True  # open and shut mouths show things in different ways
    used = tuple(np.flatnonzero(moved).tolist())
    x = np.concatenate([d.inputs() for d in shown])
    anchors = some_anchors(x, config.anchors, config.gamma_x, config.seed, used)
    fitted = fit_features(
        lambda: ((d.inputs(), d.targets()) for d in shown), displays.theta, anchors, settings_of(config),
        style_kernel=style_kernel_of(config),
    )  # fmt: skip
    return at_labels(fitted) if config.places == RING else fitted


def at_labels(slider: Transfer) -> Transfer:
    """The same with the labels as its only styles: along the ring all others are mixtures of them."""
    labels = np.stack([place_of(name) for name in NAMES])
    weights = np.einsum("fjd,jn->fnd", slider.weights, slider.near(labels).T, optimize=True)
    return replace(slider, styles=labels, weights=weights)


def save_slider(
    path: Path, slider: Transfer, config: SliderConfig, space: ExpressionSpace, record: TrainingRecord
) -> None:
    """Write it as a checkpoint. ValueError for a slider without anchors."""
    if not isinstance(slider.features, Kernels) or slider.features.columns is None:
        raise ValueError("only a slider with anchors is kept in a file")
    plain = asdict(config) | {"columns": list(slider.features.columns)}
    parts = {"anchors": slider.features.anchors, "styles": slider.styles, "weights": slider.weights}
    tensors = {name: np.ascontiguousarray(array, np.float32) for name, array in parts.items()}
    save_checkpoint(path, Checkpoint(KIND, space.name, plain, record, tensors))
