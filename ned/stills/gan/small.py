"""The small editor: from 96 pixels and a place of the plane to a flow, a residual and a mask.

They are smooth, so they are enlarged and applied at the image's own resolution, which keeps its detail: what the
network cannot see it does not have to draw. At least under a million parameters.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

SIZE = 96
MAX_FLOW = 0.15
"""Farthest that a pixel comes from, as a share of half the image's side."""


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, label: int, stride: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.film = nn.Linear(label, 2 * outputs)

    def forward(self, hidden: Tensor, label: Tensor) -> Tensor:
        gain, shift = self.film(label)[..., None, None].chunk(2, 1)
        hidden = nn.functional.silu(self.first(hidden)) * (1 + gain) + shift
        return nn.functional.silu(self.second(hidden))


class SmallEditor(nn.Module):
    """A U-Net that is told valence and arousal at every level; untrained it changes nothing."""

    def __init__(self, width: int = 24, label: int = 16) -> None:
        super().__init__()
        sizes = (width, 2 * width, 3 * width, 4 * width)
        self.label = nn.Sequential(nn.Linear(2, label), nn.SiLU(), nn.Linear(label, label))
        self.start = nn.Conv2d(3, width, 3, padding=1)
        self.down = nn.ModuleList(_Block(a, b, label, 2) for a, b in zip(sizes, sizes[1:], strict=False))
        self.up = nn.ModuleList(_Block(a + b, b, label) for a, b in zip(sizes[::-1], sizes[-2::-1], strict=False))
        self.last = nn.Conv2d(width, 6, 3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(
        self, image: Float[Tensor, "batch 3 96 96"], place: Float[Tensor, "batch 2"]
    ) -> tuple[Float[Tensor, "batch 2 96 96"], Float[Tensor, "batch 3 96 96"], Float[Tensor, "batch 1 96 96"]]:
        """Flow (shares of half the side), residual (of images in [-1, 1]) and mask in [0, 1]."""
        label = self.label(place)
        levels = [self.start(image)]
        for block in self.down:
            levels.append(block(levels[-1], label))
        hidden = levels.pop()
        for block in self.up:
            hidden = nn.functional.interpolate(hidden, scale_factor=2, mode="bilinear", align_corners=False)
            hidden = block(torch.cat([hidden, levels.pop()], 1), label)
        answer = self.last(hidden)
        flow = MAX_FLOW * torch.tanh(answer[:, :2])
        return flow, torch.tanh(answer[:, 2:5]), torch.sigmoid(answer[:, 5:6] + 1.0)


def applied(
    image: Float[Tensor, "batch 3 h w"],
    flow: Float[Tensor, "batch 2 a b"],
    residual: Float[Tensor, "batch 3 a b"],
    mask: Float[Tensor, "batch 1 a b"],
    gain: float = 1.0,
) -> Float[Tensor, "batch 3 h w"]:
    """The edited image, of any size: moved, added to, and mixed with itself. `gain` scales flow and residual."""
    size = image.shape[2:]
    grow = lambda x: nn.functional.interpolate(x, size, mode="bilinear", align_corners=False)  # noqa: E731
    flow, residual, mask = ((grow(x) if x.shape[2:] != size else x) for x in (flow, residual, mask))
    at = nn.functional.affine_grid(
        torch.eye(2, 3, dtype=image.dtype).expand(len(image), 2, 3), list(image.shape), align_corners=False
    )
    taken = at + gain * flow.movedim(1, 3)
    moved = nn.functional.grid_sample(image, taken, mode="bilinear", padding_mode="border", align_corners=False)
    return image + mask * (moved + gain * residual - image)


class SmallCritic(nn.Module):
    """Logits of "real, at this place", a patch each."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        sizes = (width, 2 * width, 4 * width)
        inputs = (5, *sizes[:-1])
        spectral = nn.utils.parametrizations.spectral_norm
        self.layers = nn.ModuleList(
            spectral(nn.Conv2d(a, b, 4, stride=2, padding=1)) for a, b in zip(inputs, sizes, strict=True)
        )
        self.answer = nn.Conv2d(sizes[-1], 1, 3, padding=1)

    def forward(
        self, image: Float[Tensor, "batch 3 h w"], place: Float[Tensor, "batch 2"]
    ) -> Float[Tensor, "batch patches"]:
        said = place[..., None, None].expand(-1, -1, *image.shape[2:])
        hidden = torch.cat([image, said], 1)
        for layer in self.layers:
            hidden = nn.functional.leaky_relu(layer(hidden), 0.2)
        return self.answer(hidden).flatten(1)
