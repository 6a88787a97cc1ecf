"""Settings of the manipulator's networks and training; defaults are ours, `configs/ned2022.yaml` is the paper's.

This module imports nothing heavy.
"""

from __future__ import annotations

from dataclasses import dataclass

from ned.config.settings import Settings

NOMINAL_RATE = 25.0
"""Frames a second at which the networks live."""
LATENT = 4
"""Variants of one emotion: asymmetry, upper against lower face, liveliness, strength."""
SEEN = 2.0 / 3.0
"""Share of a drive that a fit sees; the prototypes take back 1.5 times what was seen."""


@dataclass(frozen=True)
class ManipulatorConfig(Settings):
    """Which networks, which losses with which weight, and how they are trained."""

    NETWORKS = ("temporal", "ned2022")
    BOUNDS = {
        "style": (1, 256), "channels": (4, 1024), "window": (4, 1024), "batch": (1, 4096),
        "levels": (1, 8), "trunk_channels": (4, 1024), "learning_rate": (1e-7, 1.0),
    }  # fmt: skip

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
