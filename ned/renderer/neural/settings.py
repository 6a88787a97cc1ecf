"""Settings of the neural renderer; defaults are ours, `configs/ned2022_renderer.yaml` is the paper's.

This module imports nothing heavy.
"""

from __future__ import annotations

from dataclasses import dataclass

from ned.config.options import check_choice
from ned.config.roles import FITS, LANDMARKS
from ned.config.settings import Settings
from ned.errors import UserError


@dataclass(frozen=True)
class RendererConfig(Settings):
    """Which network, which losses with which weight, and how it is trained."""

    NETWORKS = ("candidates", "ned2022")
    BOUNDS = {
        "size": (32, 512), "window": (32, 512), "base": (4, 128), "batch": (1, 256),
        "sequence": (1, 64), "learning_rate": (1e-7, 1.0), "memory": (2, 256),
    }  # fmt: skip

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
    texture: float = 6.0
    """L1 of how much the fine bands vary around each pixel."""
    steadiness: float = 0.5
    """L1 of the change from frame to frame."""
    adversarial: float = 0.0
    feature_matching: float = 0.0
    mouth_adversarial: float = 0.0
    mouth_feature_matching: float = 0.0
    ema: float = 0.995
    face_model: str = "canonical"
    """Whose mesh is drawn for the network: the embedded model's, or `flame` (`ned2022` networks only)."""
    fit: str = LANDMARKS
    """Who said how FLAME's head is; a network paints well only what it was taught with."""
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("face_model", self.face_model, ("canonical", "flame"))
        check_choice("fit", self.fit, FITS)
        if self.face_model != "canonical" and self.networks != "ned2022":
            raise UserError("the networks that look at FLAME's mesh are ned2022", remedy="set networks: ned2022")
        for name in ("size", "window"):
            if getattr(self, name) % 16:
                raise UserError(f"{name} is {getattr(self, name)}", remedy="choose a multiple of 16")
