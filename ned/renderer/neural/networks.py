"""The network of the neural renderer: it chooses between warped images of the actor and adds what none shows."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ned.renderer.neural.settings import RendererConfig

KIND = "face renderer"
"""What checkpoints of it say that they hold."""
CANDIDATES = 4
"""The frame (or the nearest one), a mean, the best mouth, the best lids."""
CANDIDATE_CHANNELS = 5
"""RGB in [0, 1], and the displacement of each pixel."""
CONDITION_CHANNELS = 12
"""NMFC, shape, eyes, mask, mouth, and whether the first candidate is the wanted frame itself."""
STATE_CHANNELS = 12
DISPLACEMENT_SCALE = 10.0
HEAD_START = (1.0, 1.0, 0.0, 0.0)
"""Of the candidates before training."""
FARTHEST = 4.0
"""Pixels that the network may shift a candidate by: about what the tracking errs."""


class Block(nn.Module):
    """Two convolutions beside the input; begins as the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.gain = nn.Parameter(torch.zeros(1))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        return x + self.gain * self.second(nn.functional.silu(self.first(nn.functional.silu(x))))


class CandidateNetwork(nn.Module):
    """A U-Net over candidates and conditioning. It shifts the candidates so that lips lie on lips (the tracking errs by
    about a pixel, and what does not lie on itself blurs when it is mixed), mixes them, and adds what is missing.

    The state is an image of half the size that it hands on from frame to frame; `None` begins anew.

    Args:
        base: channels at full size; each halving adds as many.
    """

    def __init__(self, base: int = 24) -> None:
        super().__init__()
        inputs = CANDIDATES * CANDIDATE_CHANNELS + CONDITION_CHANNELS
        widths = [base, 2 * base, 3 * base, 4 * base, 5 * base]
        self.enter = nn.Conv2d(inputs, base, 3, padding=1)
        self.down = nn.ModuleList(
            nn.Conv2d(a + (STATE_CHANNELS if k == 1 else 0), b, 4, stride=2, padding=1)
            for k, (a, b) in enumerate(zip(widths[:-1], widths[1:], strict=True))
        )
        self.encode = nn.ModuleList(
            nn.Sequential(*(Block(width) for _ in range(count)))
            for width, count in zip(widths[1:], (1, 2, 2, 2), strict=True)
        )
        self.up = nn.ModuleList(
            nn.Conv2d(a + b, b, 3, padding=1) for a, b in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.decode = nn.ModuleList(Block(width) for width in widths[-2:0:-1])
        self.remember = nn.Conv2d(widths[1], STATE_CHANNELS, 3, padding=1)
        self.choose = nn.Conv2d(base, CANDIDATES + 3 + 2 * CANDIDATES, 3, padding=1)
        nn.init.zeros_(self.choose.weight)
        nn.init.zeros_(self.choose.bias)
        with torch.no_grad():
            self.choose.bias[:CANDIDATES] = torch.tensor(HEAD_START)

    def forward(
        self,
        candidates: Float[Tensor, "b 4 5 h w"],
        condition: Float[Tensor, "b 12 h w"],
        state: Float[Tensor, "b 12 h2 w2"] | None = None,
    ) -> tuple[Float[Tensor, "b 3 h w"], Float[Tensor, "b 12 h2 w2"]]:
        """The image (RGB, about [0, 1]) and the state for the next frame."""
        images, displacements = candidates[:, :, :3], candidates[:, :, 3:]
        moved = DISPLACEMENT_SCALE * displacements
        seen = torch.cat([(2.0 * images - 1.0).flatten(1, 2), moved.flatten(1, 2), condition], 1)
        x = self.enter(seen)
        skips = []
        for k, (down, encode) in enumerate(zip(self.down, self.encode, strict=True)):
            skips.append(x)
            if k == 1:
                if state is None:
                    state = x.new_zeros(len(x), STATE_CHANNELS, *x.shape[2:])
                x = torch.cat([x, state], 1)
            x = encode(down(nn.functional.silu(x)))
        new_state = None
        for k, up in enumerate(self.up):
            x = nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")
            x = up(nn.functional.silu(torch.cat([x, skips[-1 - k]], 1)))
            if k < len(self.decode):
                x = self.decode[k](x)
            if k == len(self.up) - 2:
                new_state = torch.tanh(self.remember(x))
        assert new_state is not None
        heads = self.choose(nn.functional.silu(x)).float()  # half precision would dim the images themselves
        shares, missing, shifts = heads.split((CANDIDATES, 3, 2 * CANDIDATES), 1)
        shifted = shift(images, shifts.unflatten(1, (CANDIDATES, 2)))
        return (torch.softmax(shares, 1)[:, :, None] * shifted).sum(1) + missing, new_state


def shift(
    images: Float[Tensor, "b n c h w"], displacement: Float[Tensor, "b n xy=2 h w"], farthest: float = FARTHEST
) -> Float[Tensor, "b n c h w"]:
    """Every pixel from up to about `farthest` pixels away, where `displacement` (pixels) points; linear."""
    height, width = images.shape[3:]
    displacement = farthest * torch.tanh(displacement.float() / farthest)
    rows = torch.arange(height, device=displacement.device, dtype=displacement.dtype)
    columns = torch.arange(width, device=displacement.device, dtype=displacement.dtype)
    x = (columns + displacement[:, :, 0]) * (2.0 / (width - 1)) - 1.0
    y = (rows[:, None] + displacement[:, :, 1]) * (2.0 / (height - 1)) - 1.0
    taken = nn.functional.grid_sample(
        images.flatten(0, 1).float(), torch.stack([x, y], -1).flatten(0, 1), padding_mode="border", align_corners=True
    )
    return taken.unflatten(0, images.shape[:2])


def build_network(config: RendererConfig) -> CandidateNetwork:
    """Fresh weights, decided by the configuration's seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return CandidateNetwork(config.base).to(memory_format=torch.channels_last)
