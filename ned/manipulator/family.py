"""The networks of one configuration, made, moved and saved together: three that edit, and the one that only trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ned.files.checkpoint import load_strictly, part_of
from ned.manipulator import networks, temporal
from ned.manipulator.settings import LATENT, ManipulatorConfig
from ned.types import EMOTIONS, ExpressionSpace


@dataclass(frozen=True)
class Family:
    """G, E and M: what an edit needs."""

    translator: nn.Module
    encoder: nn.Module
    mapping: nn.Module
    window: int
    """Frames of the sequences that it was trained on, without context."""

    def modules(self) -> dict[str, nn.Module]:
        """By name, as in a checkpoint."""
        return {"translator": self.translator, "encoder": self.encoder, "mapping": self.mapping}

    @property
    def halo(self) -> int:
        """Frames of context that the translator eats on either side."""
        return self.translator.halo


@dataclass(frozen=True)
class TrainingFamily(Family):
    """With D, which tells real sequences from edited ones while the others are trained."""

    discriminator: nn.Module

    def modules(self) -> dict[str, nn.Module]:
        """See `Family.modules`."""
        return super().modules() | {"discriminator": self.discriminator}


def build_family(space: ExpressionSpace, config: ManipulatorConfig) -> TrainingFamily:
    """Fresh networks; what is random comes from the configuration's seed."""
    width, count = space.width, len(EMOTIONS)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        family = _editing(width, config)
        if config.networks == "ned2022":
            return TrainingFamily(**vars(family), discriminator=networks.Discriminator(width, count))
        discriminator = temporal.TemporalDiscriminator(width, count, config.trunk_channels)
        return TrainingFamily(**vars(family), discriminator=discriminator)


def _editing(width: int, config: ManipulatorConfig) -> Family:
    """The networks of an edit, of so many coefficients."""
    mapping = networks.MappingNetwork(len(EMOTIONS), LATENT, config.style)
    if config.networks == "ned2022":
        translator = networks.Translator(width, config.style)
        return Family(translator, networks.StyleEncoder(width, config.style), mapping, config.window)
    dilations = tuple(2**k for k in range(config.levels))
    return Family(
        temporal.TemporalTranslator(width, config.style, config.channels, dilations=dilations),
        temporal.TemporalEncoder(width, config.style, config.trunk_channels),
        mapping,
        config.window,
    )


def normalise(family: Family, values: Float[Tensor, "frames width"]) -> None:
    """Sets what the temporal networks take for the middle and the size of each coefficient."""
    for module in family.modules().values():
        if hasattr(module, "scale"):
            module.mean.copy_(values.mean(0))
            module.scale.copy_(values.std(0).clamp_min(0.03))


def load_family(
    space: ExpressionSpace, config: ManipulatorConfig, tensors: Mapping[str, Tensor], path: Path
) -> Family:
    """From a checkpoint's tensors, strictly; those of a discriminator are not needed."""
    with torch.random.fork_rng(devices=[]):
        family = _editing(space.width, config)
    for name, module in family.modules().items():
        load_strictly(module, part_of(tensors, name + "."), path)
        module.eval().requires_grad_(False)
    return family


def as_seen(values: Float[Tensor, "*batch width"], space: ExpressionSpace) -> Float[Tensor, "*batch width"]:
    """What a fit would see of edited coefficients: ARKit's stay within [0, 1]. Gradients pass unchanged."""
    if space.name != "arkit52":
        return values
    return values + (values.clamp(0.0, 1.0) - values).detach()
