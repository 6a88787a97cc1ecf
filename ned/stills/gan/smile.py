"""StarGAN and CycleGAN as the smile paper has them: instance norm in the generator, layer norm in the critic.

Down by convolutions, residual blocks, up bilinearly; the critic ends in a PatchGAN head. Images are in [-1, 1].
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norms = nn.ModuleList(nn.InstanceNorm2d(width, affine=True) for _ in range(2))

    def forward(self, hidden: Tensor) -> Tensor:
        new = nn.functional.leaky_relu(self.norms[0](self.first(hidden)), 0.2)
        return hidden + self.norms[1](self.second(new))


class Translator(nn.Module):
    """G of both: StarGAN's is told the wanted class in further channels, CycleGAN's (`classes` 0) knows it."""

    def __init__(self, classes: int, width: int = 64, blocks: int = 5) -> None:
        super().__init__()
        self.classes = classes
        sizes = (width, 2 * width, 4 * width)
        self.start = nn.Conv2d(3 + classes, width, 7, padding=3, bias=False)
        self.down = nn.ModuleList(
            nn.Conv2d(a, b, 4, stride=2, padding=1, bias=False) for a, b in zip(sizes, sizes[1:], strict=False)
        )
        self.blocks = nn.ModuleList(_Residual(sizes[-1]) for _ in range(blocks))
        self.up = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in zip(sizes[::-1], sizes[-2::-1], strict=False)
        )
        norms = [*sizes, *sizes[-2::-1]]
        self.norms = nn.ModuleList(nn.InstanceNorm2d(size, affine=True) for size in norms)
        self.last = nn.Conv2d(width, 3, 7, padding=3)

    def forward(
        self, image: Float[Tensor, "batch 3 size size"], wanted: Float[Tensor, "batch classes"] | None = None
    ) -> Float[Tensor, "batch 3 size size"]:
        if self.classes:
            said = wanted[..., None, None].expand(-1, -1, *image.shape[2:])
            image = torch.cat([image, said], 1)
        norms = iter(self.norms)
        hidden = nn.functional.leaky_relu(next(norms)(self.start(image)), 0.2)
        for layer in self.down:
            hidden = nn.functional.leaky_relu(next(norms)(layer(hidden)), 0.2)
        for block in self.blocks:
            hidden = block(hidden)
        for layer in self.up:
            hidden = nn.functional.interpolate(hidden, scale_factor=2, mode="bilinear", align_corners=False)
            hidden = nn.functional.leaky_relu(next(norms)(layer(hidden)), 0.2)
        return torch.tanh(self.last(hidden))


class _Noisy(nn.Module):
    """A convolution with noise before it, whose strength is set from outside and fades."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.convolution, self.sigma = convolution, 0.0

    def forward(self, hidden: Tensor) -> Tensor:
        if self.sigma > 0 and self.training:
            hidden = hidden + self.sigma * torch.randn_like(hidden)
        return self.convolution(hidden)


class _Critic(nn.Module):
    """Strided convolutions with layer norm (over channels and places) but in the first."""

    def __init__(self, sizes: tuple[int, ...], strides: tuple[int, ...]) -> None:
        super().__init__()
        inputs = (3, *sizes[:-1])
        self.layers = nn.ModuleList(
            _Noisy(nn.Conv2d(a, b, 4, stride=s, padding=1)) for a, b, s in zip(inputs, sizes, strides, strict=True)
        )
        self.norms = nn.ModuleList(nn.GroupNorm(1, size) for size in sizes[1:])

    def hidden(self, image: Tensor) -> Tensor:
        for k, layer in enumerate(self.layers):
            image = layer(image)
            image = nn.functional.leaky_relu(self.norms[k - 1](image) if k else image, 0.2)
        return image

    def quieten(self, sigma: float) -> None:
        """Set the noise's standard deviation."""
        for part in self.modules():
            if isinstance(part, _Noisy):
                part.sigma = sigma


class StarCritic(_Critic):
    """StarGAN's D: five layers of stride 2; how real each patch is, and which class the image shows."""

    def __init__(self, classes: int, size: int = 64, width: int = 64) -> None:
        sizes = tuple(width * 2**k for k in range(5))
        super().__init__(sizes, (2,) * 5)
        self.real = _Noisy(nn.Conv2d(sizes[-1], 1, 3, padding=1, bias=False))
        self.kind = _Noisy(nn.Conv2d(sizes[-1], classes, size // 32, bias=False))

    def forward(
        self, image: Float[Tensor, "batch 3 size size"]
    ) -> tuple[Float[Tensor, "batch"], Float[Tensor, "batch classes"]]:
        hidden = self.hidden(image)
        return self.real(hidden).mean((1, 2, 3)), self.kind(hidden)[..., 0, 0]


class PatchCritic(_Critic):
    """CycleGAN's D: a PatchGAN that sees 70 pixels."""

    def __init__(self, width: int = 64) -> None:
        super().__init__(tuple(width * 2**k for k in range(4)), (2, 2, 2, 1))
        self.real = _Noisy(nn.Conv2d(8 * width, 1, 4, padding=1))

    def forward(self, image: Float[Tensor, "batch 3 size size"]) -> Float[Tensor, "batch"]:
        return self.real(self.hidden(image)).mean((1, 2, 3))
