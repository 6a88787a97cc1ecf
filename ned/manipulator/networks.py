"""The four networks of the paper (supplement, section D), at the widths of its public code.

Sequences are (batch, frames, width). The widths follow the expression space; all else is fixed.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


class Translator(nn.Module):
    """G: a sequence in a style, predicted outright (no residual)."""

    halo = 0

    def __init__(self, width: int, style: int = 16, hidden: int = 512) -> None:
        super().__init__()
        self.before = nn.Sequential(nn.Linear(width + style, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.memory = nn.LSTM(hidden, hidden, num_layers=2, batch_first=True, bidirectional=True)
        self.after = nn.Sequential(
            nn.Linear(2 * hidden, 2 * hidden), nn.ReLU(), nn.Linear(2 * hidden, 2 * hidden), nn.ReLU(),
            nn.Linear(2 * hidden, width),
        )  # fmt: skip

    def forward(
        self, sequence: Float[Tensor, "batch frames width"], style: Float[Tensor, "batch style"]
    ) -> Float[Tensor, "batch frames width"]:
        repeated = style[:, None].expand(-1, sequence.shape[1], -1)
        out, _ = self.memory(self.before(torch.cat([sequence, repeated], -1)))
        return self.after(out)


class _Trunk(nn.Module):
    """What D and E share in form: a number of answers per sequence, averaged over time."""

    def __init__(self, width: int, answers: int) -> None:
        super().__init__()
        self.before = nn.Sequential(nn.Linear(width, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU())
        self.memory = nn.LSTM(256, 128, num_layers=2, batch_first=True, bidirectional=True)
        self.after = nn.Sequential(
            nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, answers)
        )

    def forward(self, sequence: Float[Tensor, "batch frames width"]) -> Float[Tensor, "batch answers"]:
        out, _ = self.memory(self.before(sequence))
        return self.after(out).mean(1)


class StyleEncoder(_Trunk):
    """E: the style of a sequence, whatever its emotion."""

    def __init__(self, width: int, style: int = 16) -> None:
        super().__init__(width, style)


class Discriminator(_Trunk):
    """D: one answer an emotion, 1 for real."""

    def __init__(self, width: int, emotions: int = 7) -> None:
        super().__init__(width, emotions)


class MappingNetwork(nn.Module):
    """M: the style of an emotion, varied by a latent vector."""

    def __init__(self, emotions: int = 7, latent: int = 4, style: int = 16, hidden: int = 64) -> None:
        super().__init__()
        self.shared = nn.Sequential(
            nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, hidden),
            nn.ReLU(),
        )  # fmt: skip
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, style)) for _ in range(emotions)
        )

    def forward(
        self, latent: Float[Tensor, "batch latent"], emotion: Int[Tensor, "batch"]
    ) -> Float[Tensor, "batch style"]:
        styles = torch.stack([head(self.shared(latent)) for head in self.heads], 1)
        return styles[torch.arange(len(latent)), emotion]


def parameter_count(module: nn.Module) -> int:
    """Trainable numbers in a module."""
    return sum(p.numel() for p in module.parameters())
