"""Settings of the neural renderer; defaults are ours, `configs/ned2022_renderer.yaml` is the paper's.

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

NETWORKS = ("candidates", "ned2022")
_BOUNDS = {"size": (32, 512), "window": (32, 512), "base": (4, 128), "batch": (1, 256),
           "sequence": (1, 64), "learning_rate": (1e-7, 1.0), "memory": (2, 256)}  # fmt: skip


@dataclass(frozen=True)
class RendererConfig:
    """Which network, which losses with which weight, and how it is trained."""

    networks: str = "candidates"
    size: int = 256
    """Side of the aligned crop, a multiple of 16."""
    window: int = 128
    """Side of the part of the crop that a step of training sees, mostly around the mouth or the eyes."""
    base: int = 16
    """Channels at full size; deeper levels have more."""
    batch: int = 6
    sequence: int = 2
    """Consecutive frames of a step."""
    learning_rate: float = 1e-3
    beta1: float = 0.9
    memory: int = 32
    """Frames of the actor that are kept to take open mouths and shut eyes from."""
    pixel: float = 1.0
    """L1 in the face."""
    pyramid: float = 1.0
    """L1 over a Laplacian pyramid, which stands in for a perceptual loss; of `ned2022` the perceptual loss."""
    parts: float = 2.0
    """How much more the mouth and the eyes count."""
    steadiness: float = 0.5
    """L1 of the change from frame to frame."""
    adversarial: float = 0.0
    feature_matching: float = 0.0
    mouth_adversarial: float = 0.0
    mouth_feature_matching: float = 0.0
    ema: float = 0.995
    seed: int = 0

    def __post_init__(self) -> None:
        if self.networks not in NETWORKS:
            raise UserError(f"unknown networks {self.networks!r}", remedy=f"choose one of: {', '.join(NETWORKS)}")
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise UserError(f"{name} is {value}", remedy=f"choose from {least} to {most}")
        for name in ("size", "window"):
            if getattr(self, name) % 16:
                raise UserError(f"{name} is {getattr(self, name)}", remedy="choose a multiple of 16")

    def plain(self) -> dict[str, Any]:
        """For a checkpoint's header."""
        return asdict(self)

    @classmethod
    def build(cls, values: Mapping[str, Any], path: Path | None = None) -> RendererConfig:
        """From text or JSON; UserError for an unknown key or a value that does not fit."""
        known = {f.name for f in fields(cls)}
        for key in values:
            if key not in known:
                remedy = f"known are: {', '.join(known)}"
                raise UserError(f"unknown setting {str(key)[:60]!r}", path=path, remedy=remedy)
        return cls(**convert_all(cls, values))


def load_renderer_settings(path: Path) -> RendererConfig:
    """From a YAML file of `setting: value` lines; what is not named keeps its default."""
    values = read_yaml(path)
    if values is not None and not isinstance(values, dict):
        raise UserError("does not hold settings", path=path, remedy="write one `setting: value` a line")
    return RendererConfig.build(values or {}, path)
