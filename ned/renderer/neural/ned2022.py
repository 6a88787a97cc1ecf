"""The networks of the paper's face renderer (section 3.3), at the widths of its public code.

A conditional GAN that paints a face from nothing but images of its geometry and its own former frames. Images are
in [−1, 1].
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

KIND = "face renderer ned2022"
"""What checkpoints of it say that they hold."""
CONDITION_CHANNELS = 9
"""NMFC, shape and eyes."""
PAST = 2
"""Frames before the current one whose conditions and outputs are seen."""
MOUTH_SHARE = 72 / 256
"""Side of the mouth's crop, of the image's."""
DOWN, ENCODER_BLOCKS, DECODER_BLOCKS = 3, 5, 4


class ResidualBlock(nn.Module):
    """Two convolutions, normalised by instance, beside the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        conv = lambda: nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect")  # noqa: E731
        self.body = nn.Sequential(
            conv(), nn.InstanceNorm2d(channels), nn.ReLU(), conv(), nn.InstanceNorm2d(channels)
        )

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        return x + self.body(x)


class Generator(nn.Module):
    """Encodes conditions and former outputs apart, adds the codes up, and paints. Sides are multiples of 8, from 16.

    Args:
        base: channels at full size; each of the three halvings doubles them. 64: 70.8 million parameters.
    """

    def __init__(self, base: int = 64) -> None:
        super().__init__()
        self.condition = self._encoder(CONDITION_CHANNELS * (PAST + 1), base)
        self.former = self._encoder(3 * PAST, base)
        width = base * 2**DOWN
        layers: list[nn.Module] = [ResidualBlock(width) for _ in range(DECODER_BLOCKS)]
        for _ in range(DOWN):
            layers += [nn.ConvTranspose2d(width, width // 2, 3, stride=2, padding=1, output_padding=1),
                       nn.InstanceNorm2d(width // 2), nn.ReLU()]  # fmt: skip
            width //= 2
        layers += [nn.Conv2d(width, 3, 7, padding=3, padding_mode="reflect"), nn.Tanh()]
        self.paint = nn.Sequential(*layers)

    @staticmethod
    def _encoder(channels: int, base: int) -> nn.Sequential:
        layers = [nn.Conv2d(channels, base, 7, padding=3, padding_mode="reflect"), nn.InstanceNorm2d(base), nn.ReLU()]
        for width in (base * 2**k for k in range(DOWN)):
            layers += [nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), nn.InstanceNorm2d(2 * width), nn.ReLU()]
        return nn.Sequential(*layers, *(ResidualBlock(base * 2**DOWN) for _ in range(ENCODER_BLOCKS)))

    def forward(
        self, conditions: Float[Tensor, "b 27 h w"], former: Float[Tensor, "b 6 h w"]
    ) -> Float[Tensor, "b 3 h w"]:
        """Conditions of the current frame, then of those before it, the latest first; outputs in the same order."""
        return self.paint(self.condition(conditions) + self.former(former))


class PatchDiscriminator(nn.Module):
    """Judges patches of an image beside its condition, at full and at half size (PatchGAN of pix2pixHD).

    Args:
        base: channels of the first of the three layers that halve.
    """

    def __init__(self, channels: int = CONDITION_CHANNELS + 3, base: int = 64, scales: int = 2) -> None:
        super().__init__()
        self.scales = nn.ModuleList(self._scale(channels, base) for _ in range(scales))

    @staticmethod
    def _scale(channels: int, base: int) -> nn.ModuleList:
        widths = (base, 2 * base, 4 * base, 8 * base)
        layers = [nn.Sequential(nn.Conv2d(channels, base, 4, stride=2, padding=2), nn.LeakyReLU(0.2))]
        for before, width in zip(widths[:-1], widths[1:], strict=True):
            stride = 1 if width == widths[-1] else 2
            conv = nn.Conv2d(before, width, 4, stride=stride, padding=2)
            layers.append(nn.Sequential(conv, nn.InstanceNorm2d(width), nn.LeakyReLU(0.2)))
        return nn.ModuleList([*layers, nn.Conv2d(widths[-1], 1, 4, padding=2)])

    def forward(self, condition: Float[Tensor, "b c h w"], image: Float[Tensor, "b 3 h w"]) -> list[list[Tensor]]:
        """By scale the features of each layer; the last is the answer, 1 for real."""
        x, out = torch.cat([condition, image], 1), []
        for k, layers in enumerate(self.scales):
            if k:
                x = nn.functional.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
            features = [x]
            for layer in layers:  # type: ignore[attr-defined]
                features.append(layer(features[-1]))
            out.append(features[1:])
        return out


def initialise(module: nn.Module) -> None:
    """Weights of all convolutions from a normal distribution of spread 0.02, biases 0 (pix2pix, Isola et al., 2017)."""
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(layer.weight, 0.0, 0.02)
            nn.init.zeros_(layer.bias)


def cropped(images: Float[Tensor, "b c h w"], corners: Int[Tensor, "b 2"], side: int) -> Float[Tensor, "b c s s"]:
    """Squares of `side` pixels whose top left corners are at `corners` (x, y)."""
    pairs = zip(images, corners.tolist(), strict=True)
    return torch.stack([image[:, y : y + side, x : x + side] for image, (x, y) in pairs])
