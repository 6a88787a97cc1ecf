"""Settings of the still-image networks. The defaults are the papers' numbers; imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass

from ned.config.options import check_choice
from ned.config.settings import Settings
from ned.config.still import PARTS, SCOPES
from ned.errors import UserError

_LEARNING = {"batch": (1, 4096), "learning_rate": (1e-7, 1.0), "beta1": (0.0, 0.9999), "beta2": (0.0, 0.999999),
             "ema": (0.0, 0.999999), "seed": (0, 2**31 - 1)}  # fmt: skip


@dataclass(frozen=True)
class StillSettings(Settings):
    """What the trainings of all still-image networks have in common: Adam, batches, averages, chance."""

    BOUNDS = _LEARNING

    networks: str = ""
    batch: int = 16
    learning_rate: float = 1e-3
    beta1: float = 0.5
    beta2: float = 0.99
    ema: float = 0.995
    """Of the moving averages, which are what is used."""
    seed: int = 0


@dataclass(frozen=True)
class CaaeConfig(StillSettings):
    """The conditional adversarial autoencoder: sizes and weights of its losses."""

    NETWORKS = ("caae",)
    BOUNDS = _LEARNING | {"code": (2, 1024), "width": (2, 512), "batch": (2, 4096)}

    networks: str = "caae"
    code: int = 50
    """Length of z; valence and arousal are repeated as often each."""
    width: int = 64
    """Channels of the encoder's first layer; all others follow from it."""
    batch: int = 49
    learning_rate: float = 2e-4
    beta2: float = 0.999
    reconstruction: float = 1.0
    identity: float = 1.0 / 3.0
    """Of the distance of face features, where a file of them is given."""
    identity_pictures: int = 16
    """Of a batch, to which that is applied."""
    prior: float = 0.01
    adversarial: float = 0.01


@dataclass(frozen=True)
class SmileConfig(StillSettings):
    """StarGAN and CycleGAN with a Wasserstein loss and a gradient penalty."""

    NETWORKS = ("stargan", "cyclegan")
    BOUNDS = _LEARNING | {
        "size": (32, 256), "generator_width": (2, 256), "blocks": (1, 16), "critic_width": (2, 256),
        "critic_steps": (1, 100), "epoch_steps": (1, 1_000_000),
    }  # fmt: skip

    networks: str = "stargan"
    scope: str = "parts"
    part: str = "mouth"
    """Which one, where the scope is parts: every part has networks of its own."""
    emotions: str = "neutral,happy"
    """StarGAN: all between which it translates; CycleGAN: from, to."""
    size: int = 64
    generator_width: int = 64
    blocks: int = 5
    critic_width: int = 64
    batch: int = 64
    learning_rate: float = 1e-4
    critic_steps: int = 5
    """The generator is trained in every so many steps."""
    gradient_penalty: float = 10.0
    reconstruction: float = 5.0
    """StarGAN's way back; CycleGAN has `cycle`."""
    classes: float = 1.0
    cycle: float = 10.0
    identity: float = 5.0
    noise: float = 0.1
    """Standard deviation of what is added before the critic's convolutions, times 0.99 after every epoch."""
    epoch_steps: int = 94
    """Batches of an epoch: 6,000 samples."""

    def __post_init__(self) -> None:
        super().__post_init__()

        check_choice("scope", self.scope, SCOPES)
        check_choice("part", self.part, PARTS)
        if self.size % 4:
            raise UserError(f"size is {self.size}", remedy="give a multiple of 4")

    def names(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self.emotions.split(",") if name.strip())


@dataclass(frozen=True)
class SmallConfig(StillSettings):
    """The small editor: a U-Net of flow, residual and mask, taught by pairs and finished by an adversary."""

    NETWORKS = ("small",)
    BOUNDS = _LEARNING | {"width": (4, 128), "adversarial_after": (0, 10**9)}

    networks: str = "small"
    width: int = 24
    answer: float = 10.0
    """L1 to the true answer."""
    smooth: float = 0.1
    """Of the flow."""
    sparse: float = 0.02
    """Of the mask."""
    adversarial: float = 0.1
    adversarial_after: int = 3000
    """Steps after which the adversary joins."""
