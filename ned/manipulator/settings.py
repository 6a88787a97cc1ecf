"""Settings of the manipulator's networks and training; defaults are ours, `configs/ned2022.yaml` is the paper's.

This module imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ned.config import convert_all
from ned.errors import UserError
from ned.exchange.yaml import read_yaml

NETWORKS = ("temporal", "ned2022")
_BOUNDS = {"style": (1, 256), "channels": (4, 1024), "window": (4, 1024), "batch": (1, 4096), "levels": (1, 8),
           "trunk_channels": (4, 1024), "learning_rate": (1e-7, 1.0)}  # fmt: skip


@dataclass(frozen=True)
class ManipulatorConfig:
    """Which networks, which losses with which weight, and how they are trained."""

    networks: str = "temporal"
    style: int = 16
    channels: int = 96
    """Of the temporal translator."""
    levels: int = 5
    """Its blocks; the dilation doubles with each, 5 give 62 frames of context on either side."""
    trunk_channels: int = 64
    """Of the temporal encoder and discriminator."""
    window: int = 96
    """Frames that are translated in a step, without their context."""
    batch: int = 24
    learning_rate: float = 1e-3
    beta1: float = 0.5
    adversarial: float = 0.0
    """With the true answers at hand a discriminator was worth nothing (docs/manipulator.md)."""
    style_weight: float = 1.0
    cycle: float = 1.0
    speech: float = 0.2
    closure: float = 1.0
    supervised: float = 10.0
    """L1 to the true answers, where the data has them."""
    gradient_penalty: float = 0.5
    """R1 on the discriminator."""
    spread: float = 1.0
    ema: float = 0.995
    """0: the last weights are shipped, no average."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.networks not in NETWORKS:
            raise UserError(f"unknown networks {self.networks!r}", remedy=f"choose one of: {', '.join(NETWORKS)}")
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise UserError(f"{name} is {value}", remedy=f"choose from {least} to {most}")

    def plain(self) -> dict[str, Any]:
        """For a checkpoint's header."""
        return asdict(self)

    @classmethod
    def build(cls, values: Mapping[str, Any], path: Path | None = None) -> ManipulatorConfig:
        """From text or JSON; UserError for an unknown key or a value that does not fit."""
        known = {f.name for f in fields(cls)}
        for key in values:
            if key not in known:
                remedy = f"known are: {', '.join(known)}"
                raise UserError(f"unknown setting {str(key)[:60]!r}", path=path, remedy=remedy)
        return cls(**convert_all(cls, values))


def load_settings(path: Path) -> ManipulatorConfig:
    """From a YAML file of `setting: value` lines; what is not named keeps its default."""
    values = read_yaml(path)
    if values is not None and not isinstance(values, dict):
        raise UserError("does not hold settings", path=path, remedy="write one `setting: value` a line")
    return ManipulatorConfig.build(values or {}, path)
