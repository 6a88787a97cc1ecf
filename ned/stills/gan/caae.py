"""Networks of the conditional adversarial autoencoder (Z. Zhang, Y. Song, H. Qi, 2017) with valence and arousal.

E encodes a face of 96 × 96 pixels, in [-1, 1], as z in [-1, 1]^50; G draws the face from z and a label; D_z holds z to
a uniform prior, D_img faces to real ones with that label. Convolutions are 5 × 5; ReLU in E and G.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

SIZE = 96


def repeated(label: Float[Tensor, "batch 2"], count: int) -> Float[Tensor, "batch labels"]:
    """Valence `count` times, then arousal as often: two numbers would drown among fifty."""
    return label.repeat_interleave(count, 1)


class Encoder(nn.Module):
    """E: four convolutions of stride 2, then the code."""

    def __init__(self, code: int = 50, width: int = 64) -> None:
        super().__init__()
        sizes = (3, width, 2 * width, 4 * width, 8 * width)
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, 5, stride=2, padding=2) for a, b in zip(sizes, sizes[1:], strict=False)
        )
        self.code = nn.Linear(8 * width * (SIZE // 16) ** 2, code)

    def forward(self, image: Float[Tensor, "batch 3 96 96"]) -> Float[Tensor, "batch code"]:
        for layer in self.layers:
            image = torch.relu(layer(image))
        return torch.tanh(self.code(image.flatten(1)))


class Generator(nn.Module):
    """G: the code and the repeated label, up by four transposed convolutions, then two of stride 1."""

    def __init__(self, code: int = 50, width: int = 64) -> None:
        super().__init__()
        self.count = code
        first = 16 * width
        self.start = nn.Linear(3 * code, first * (SIZE // 16) ** 2)
        sizes = (first, 8 * width, 4 * width, 2 * width, width)
        self.layers = nn.ModuleList(
            nn.ConvTranspose2d(a, b, 5, stride=2, padding=2, output_padding=1)
            for a, b in zip(sizes, sizes[1:], strict=False)
        )
        self.last = nn.ModuleList([
            nn.ConvTranspose2d(width, width // 2, 5, padding=2), nn.ConvTranspose2d(width // 2, 3, 5, padding=2)
        ])  # fmt: skip

    def forward(
        self, code: Float[Tensor, "batch code"], label: Float[Tensor, "batch 2"]
    ) -> Float[Tensor, "batch 3 96 96"]:
        hidden = torch.relu(self.start(torch.cat([code, repeated(label, self.count)], 1)))
        hidden = hidden.unflatten(1, (-1, SIZE // 16, SIZE // 16))
        for layer in (*self.layers, self.last[0]):
            hidden = torch.relu(layer(hidden))
        return torch.tanh(self.last[1](hidden))


class ImageDiscriminator(nn.Module):
    """D_img: the label is concatenated after every block; logits of "real and with this label"."""

    def __init__(self, code: int = 50, width: int = 64) -> None:
        super().__init__()
        self.count = code
        labels, quarter = 2 * code, width // 4
        sizes = (quarter, 2 * quarter, 4 * quarter, 8 * quarter)
        inputs = (3, *(size + labels for size in sizes[:-1]))
        self.layers = nn.ModuleList(
            nn.Conv2d(a, b, 5, stride=2, padding=2) for a, b in zip(inputs, sizes, strict=True)
        )
        # of the batch itself: nothing of it is used after training
        self.norms = nn.ModuleList(nn.BatchNorm2d(size, track_running_stats=False) for size in sizes)
        self.hidden = nn.Linear((sizes[-1] + labels) * (SIZE // 16) ** 2, 16 * width)
        self.answer = nn.Linear(16 * width, 1)

    def forward(
        self, image: Float[Tensor, "batch 3 96 96"], label: Float[Tensor, "batch 2"]
    ) -> Float[Tensor, "batch"]:
        said = repeated(label, self.count)[..., None, None]
        hidden = image
        for layer, norm in zip(self.layers, self.norms, strict=True):
            hidden = torch.relu(norm(layer(hidden)))
            hidden = torch.cat([hidden, said.expand(-1, -1, *hidden.shape[2:])], 1)
        hidden = nn.functional.leaky_relu(self.hidden(hidden.flatten(1)), 0.2)
        return self.answer(hidden)[:, 0]


class CodeDiscriminator(nn.Module):
    """D_z: logits of "drawn from the prior"."""

    def __init__(self, code: int = 50) -> None:
        super().__init__()
        sizes = (code, 64, 32, 16)
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:], strict=False))
        self.norms = nn.ModuleList(nn.BatchNorm1d(b, track_running_stats=False) for b in sizes[1:])
        self.answer = nn.Linear(16, 1)

    def forward(self, code: Float[Tensor, "batch code"]) -> Float[Tensor, "batch"]:
        for layer, norm in zip(self.layers, self.norms, strict=True):
            code = torch.relu(norm(layer(code)))
        return self.answer(code)[:, 0]


def initialise(module: nn.Module) -> None:
    """Weights from N(0, 0.02), biases zero."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(part.weight, 0.0, 0.02)
            nn.init.zeros_(part.bias)
