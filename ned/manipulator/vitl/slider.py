"""The product's slider: fitted in seconds from displays that need no clip, kept as one small file."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ned.errors import UserError
from ned.face_model.spaces import SPACES
from ned.manipulator.vitl.displays import Displays, half_seen, invented_faces, make_displays
from ned.manipulator.vitl.regression import Kernels, Settings, Transfer, fit_features, some_anchors
from ned.manipulator.vitl.settings import SliderConfig
from ned.types import ExpressionSpace

if TYPE_CHECKING:
    from ned.training.checkpoint import TrainingRecord

SHIPPED = Path(__file__).resolve().parents[2] / "assets" / "vitl.safetensors"
KIND = "vitl"
MAX_BYTES = 64 * 1024**2


def settings_of(config: SliderConfig) -> Settings:
    """For the regression."""
    return Settings(config.gamma_x, config.gamma_theta, config.ridge, residual=True)


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
    return fit_features(
        lambda: ((d.inputs(), d.targets()) for d in shown), displays.theta, anchors, settings_of(config)
    )


def save_slider(
    path: Path, slider: Transfer, config: SliderConfig, space: ExpressionSpace, record: TrainingRecord
) -> None:
    """Write it as a checkpoint. ValueError for a slider without anchors."""
    import torch

    from ned.training.checkpoint import Checkpoint, save_checkpoint

    if not isinstance(slider.features, Kernels) or slider.features.columns is None:
        raise ValueError("only a slider with anchors is kept in a file")
    single = lambda array: torch.from_numpy(np.ascontiguousarray(array, np.float32))  # noqa: E731
    plain = asdict(config) | {"columns": list(slider.features.columns)}
    parts = {"anchors": slider.features.anchors, "styles": slider.styles, "weights": slider.weights}
    tensors = {name: single(array) for name, array in parts.items()}
    save_checkpoint(path, Checkpoint(KIND, space.name, plain, record, tensors))


def load_slider(path: Path = SHIPPED) -> Transfer:
    """Read once. Raises UserError where the file is missing, damaged, or of another kind."""
    status = path.stat() if path.exists() else None
    return _load(path, status and (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=4)
def _load(path: Path, version: tuple[int, int] | None) -> Transfer:
    from safetensors import SafetensorError
    from safetensors.numpy import load  # not torch's, which takes a second to come

    from ned.training.checkpoint import FORMAT, check_digest, read_head

    head = read_head(path, MAX_BYTES)
    if head.get("format") != FORMAT or head.get("kind") != KIND:
        raise UserError("is no slider of ned", path=path, remedy="give one that `ned train vitl` wrote")
    check_digest(path)
    try:
        plain = json.loads(head["config"])
        columns = tuple(int(c) for c in plain.pop("columns"))
        config = SliderConfig(**plain)
        tensors = load(path.read_bytes())
        anchors, styles, weights = (tensors[name].astype(np.float64) for name in ("anchors", "styles", "weights"))
        width = SPACES[head["space"]].width
        fits = (
            anchors.ndim == 2 and anchors.shape[1] == len(columns) and styles.ndim == 2 and styles.shape[1] == 2
            and weights.shape == (len(anchors), len(styles), width)
            and all(0 <= c < width for c in columns)
            and all(np.isfinite(part).all() for part in (anchors, styles, weights))
        )  # fmt: skip
        if not fits or not min(config.gamma_x, config.gamma_theta, config.ridge) > 0:
            raise ValueError
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, SafetensorError) as error:
        raise UserError("is damaged or of another version", path=path, remedy="fit it again") from error
    return Transfer(Kernels(anchors, config.gamma_x, columns), styles, weights, settings_of(config))
