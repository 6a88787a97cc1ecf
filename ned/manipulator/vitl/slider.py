"""The product's slider as one small file; `training/fit` makes it."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import numpy as np

from ned.config.roles import MANIPULATORS
from ned.errors import UserError
from ned.face_model.spaces import SPACES
from ned.manipulator.vitl.plane import ring_kernel
from ned.manipulator.vitl.regression import Kernels, Settings, StyleKernel, Transfer
from ned.manipulator.vitl.settings import GAUSSIAN, RING, SliderConfig

SHIPPED = MANIPULATORS["vitl"].weights
KIND = "vitl"
MAX_BYTES = 64 * 1024**2


def settings_of(config: SliderConfig) -> Settings:
    """For the regression."""
    return Settings(config.gamma_x, config.gamma_theta, config.ridge, residual=True)


def style_kernel_of(config: SliderConfig) -> StyleKernel | None:
    """For the regression; None is its Gaussian."""
    return ring_kernel if config.places == RING else None


def load_slider(path: Path = SHIPPED) -> Transfer:
    """Read once. Raises UserError where the file is missing, damaged, or of another kind."""
    status = path.stat() if path.exists() else None
    return _load(path, status and (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=4)
def _load(path: Path, version: tuple[int, int] | None) -> Transfer:
    from safetensors import SafetensorError
    from safetensors.numpy import load  # not torch's, which takes a second to come

    from ned.files.checkpoint import FORMAT, check_digest, read_head

    head = read_head(path, MAX_BYTES)
    if head.get("format") != FORMAT or head.get("kind") != KIND:
        raise UserError("is no slider of ned", path=path, remedy="give one that `ned train vitl` wrote")
    check_digest(path)
    try:
        plain = json.loads(head["config"])
        columns = tuple(int(c) for c in plain.pop("columns"))
        config = SliderConfig(**({"places": GAUSSIAN} | plain))  # which was the only one once
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
    kernels = Kernels(anchors, config.gamma_x, columns)
    return Transfer(kernels, styles, weights, settings_of(config), style_kernel_of(config))
