"""Our networks: temporal convolutions over 5 s of context, a residual prediction, dynamics as input.

Nothing is padded with zeros: the translator eats `halo` frames on either side of what it answers, so a track
is translated alike in one piece or in many, and its ends are ordinary frames after their own are repeated.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

SLOW_FRAMES = 12.5
"""Standard deviation of the low-pass that parts mood from speech; half a second at the nominal rate."""


class TemporalTranslator(nn.Module):
    """G: adds to the middle frames of a sequence what turns it into a style.

    The residual is a share of what is slow (moods), a share of what is fast (speech, gestures) and something
    new, all three decided anew in every frame: taking a mood back is one factor, whatever its size.
    """

    def __init__(
        self,
        width: int,
        style: int = 16,
        channels: int = 96,
        kernel: int = 5,
        dilations: tuple[int, ...] = (1, 2, 4, 8, 16),
    ) -> None:
        super().__init__()
        self.halo = sum(d * (kernel - 1) // 2 for d in dilations)
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        self.before = nn.Linear(width, channels)
        self.blocks = nn.ModuleList(_Block(channels, style, kernel, d) for d in dilations)
        self.film = nn.Linear(style, 2 * channels)
        self.after = nn.Linear(channels, 3 * width)
        reach = torch.arange(-self.halo, self.halo + 1)
        bell = torch.exp(-0.5 * (reach / SLOW_FRAMES) ** 2)
        self.register_buffer("bell", bell / bell.sum())
        nn.init.zeros_(self.after.weight)
        nn.init.zeros_(self.after.bias)

    def forward(
        self, sequence: Float[Tensor, "batch frames width"], style: Float[Tensor, "batch ..."]
    ) -> Float[Tensor, "batch inner width"]:
        """`style` (batch, style) or one a frame (batch, frames, style); inner = frames - 2 halo."""
        middle = sequence[:, self.halo : sequence.shape[1] - self.halo]
        return middle + self.residual(sequence, style)

    def residual(
        self, sequence: Float[Tensor, "batch frames width"], style: Float[Tensor, "batch ..."]
    ) -> Float[Tensor, "batch inner width"]:
        """What is added."""
        of_slow, of_fast, new = self.factors(sequence, style).chunk(3, -1)
        slow = self._band(sequence.shape[1]) @ sequence
        fast = sequence[:, self.halo : sequence.shape[1] - self.halo] - slow
        return of_slow * slow + of_fast * fast + new

    def factors(
        self, sequence: Float[Tensor, "batch frames width"], style: Float[Tensor, "batch ..."]
    ) -> Float[Tensor, "batch inner three_widths"]:
        """Shares of the slow and of the fast part, and what is new, one after another."""
        if style.ndim == 2:
            style = style[:, None]
        hidden = self.before((sequence - self.mean) / self.scale).transpose(-1, -2)
        for block in self.blocks:
            if style.shape[1] > 1:  # of the frames that are left
                style = style[:, block.margin : style.shape[1] - block.margin]
            hidden = block(hidden, style)
        gain, shift = self.film(style).chunk(2, -1)
        return self.after(functional.gelu(hidden.transpose(-1, -2) * (1 + gain) + shift))

    def _band(self, frames: int) -> Float[Tensor, "inner frames"]:
        """The low-pass as a matrix: far faster than a long convolution of one channel."""
        inner = frames - 2 * self.halo
        offset = torch.arange(frames)[None] - torch.arange(inner)[:, None]
        band = self.bell[offset.clamp(0, 2 * self.halo)]
        return band * ((offset >= 0) & (offset <= 2 * self.halo))


class _Block(nn.Module):
    def __init__(self, channels: int, style: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.margin = dilation * (kernel - 1) // 2
        self.convolve = nn.Conv1d(channels, channels, kernel, dilation=dilation)
        self.film = nn.Linear(style, 2 * channels)
        self.mix = nn.Conv1d(channels, channels, 1)

    def forward(self, hidden: Tensor, style: Tensor) -> Tensor:
        kept = hidden[..., self.margin : hidden.shape[-1] - self.margin]
        new = self.convolve(hidden)
        gain, shift = self.film(style).transpose(-1, -2).chunk(2, 1)
        return kept + self.mix(functional.gelu(new * (1 + gain) + shift))


class _TemporalTrunk(nn.Module):
    """Strided convolutions over values and their speeds; mean and spread over time, then the answers."""

    def __init__(self, width: int, answers: int, channels: int = 64) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        sizes = (2 * width, channels, channels, channels)
        self.layers = nn.ModuleList(
            nn.Conv1d(a, b, 5, stride=2, padding=2, padding_mode="replicate")
            for a, b in zip(sizes, sizes[1:], strict=False)
        )
        self.after = nn.Sequential(nn.Linear(2 * channels, channels), nn.GELU(), nn.Linear(channels, answers))

    def forward(self, sequence: Float[Tensor, "batch frames width"]) -> Float[Tensor, "batch answers"]:
        values = (sequence - self.mean) / self.scale
        values = values.transpose(1, 2)
        speeds = functional.pad(values[..., 1:] - values[..., :-1], (1, 0), mode="replicate")
        hidden = torch.cat([values, 4 * speeds], 1)
        for layer in self.layers:
            hidden = functional.gelu(layer(hidden))
        spread = (hidden.var(-1, unbiased=False) + 1e-4).sqrt()
        return self.after(torch.cat([hidden.mean(-1), spread], 1))


class TemporalEncoder(_TemporalTrunk):
    """E: the style of a sequence."""

    def __init__(self, width: int, style: int = 16, channels: int = 64) -> None:
        super().__init__(width, style, channels)


class TemporalDiscriminator(_TemporalTrunk):
    """D, and the classifier of the evaluation: one answer an emotion."""

    def __init__(self, width: int, emotions: int = 7, channels: int = 64) -> None:
        super().__init__(width, emotions, channels)
