"""MobileNetV2 (Sandler et al. 2018), trunk of SPECTRE, and the minimal MobileNetV3 (Howard et al. 2019) of SMIRK.

With the names of weights of torchvision and timm, neither of which need be installed.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

_V2_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
V2_WIDTH = 1280

V3_LARGE = (
    ((1, 16, 1),),
    ((4, 24, 2), (3, 24, 1)),
    ((3, 40, 2), (3, 40, 1), (3, 40, 1)),
    ((6, 80, 2), (2.5, 80, 1), (2.3, 80, 1), (2.3, 80, 1)),
    ((6, 112, 1), (6, 112, 1)),
    ((6, 160, 2), (6, 160, 1), (6, 160, 1)),
)
"""`tf_mobilenetv3_large_minimal_100`: expansion, channels, stride of each block of each stage."""
V3_SMALL = (
    ((1, 16, 2),),
    ((4.5, 24, 2), (3.67, 24, 1)),
    ((4, 40, 2), (6, 40, 1), (6, 40, 1)),
    ((3, 48, 1), (3, 48, 1)),
    ((6, 96, 2), (6, 96, 1), (6, 96, 1)),
)
"""`tf_mobilenetv3_small_minimal_100`."""
_TF_EPS = 1e-3


def _unit(channels: int, out: int, kernel: int, stride: int, groups: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out), nn.ReLU6())


class InvertedResidual(nn.Module):
    """MobileNetV2's block."""

    def __init__(self, channels: int, out: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = channels * expansion
        layers: list[nn.Module] = [] if expansion == 1 else [_unit(channels, hidden, 1, 1)]
        layers += [_unit(hidden, hidden, 3, stride, hidden), nn.Conv2d(hidden, out, 1, bias=False), nn.BatchNorm2d(out)]
        self.conv = nn.Sequential(*layers)
        self._shortcut = stride == 1 and channels == out

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b out h2 w2"]:
        return x + self.conv(x) if self._shortcut else self.conv(x)


class MobileNetV2(nn.Module):
    """Images → 1280 features. The classifier is there because checkpoints carry it; it is not used."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [_unit(3, 32, 3, 2)]
        channels = 32
        for expansion, out, count, stride in _V2_STAGES:
            for k in range(count):
                layers.append(InvertedResidual(channels, out, stride if k == 0 else 1, expansion))
                channels = out
        layers.append(_unit(channels, V2_WIDTH, 1, 1))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(V2_WIDTH, 1000))

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 1280"]:
        return self.features(images).mean((2, 3))


class SameConv2d(nn.Conv2d):
    """A convolution that pads as TensorFlow does: more at right and bottom where it does not come out even."""

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b out h2 w2"]:
        pads = []
        for size, kernel, stride in zip(x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True):
            need = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [need // 2, need - need // 2]
        return F.conv2d(F.pad(x, pads), self.weight, self.bias, self.stride, 0, self.dilation, self.groups)


def _conv(channels: int, out: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    return SameConv2d(channels, out, kernel, stride, groups=groups, bias=False)


class DepthwiseSeparable(nn.Module):
    """MobileNetV3's first block."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv_dw = _conv(channels, channels, 3, stride, channels)
        self.bn1 = nn.BatchNorm2d(channels, _TF_EPS)
        self.conv_pw, self.bn2 = _conv(channels, out, 1), nn.BatchNorm2d(out, _TF_EPS)
        self._shortcut = stride == 1 and channels == out

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b out h2 w2"]:
        y = self.bn2(self.conv_pw(torch.relu(self.bn1(self.conv_dw(x)))))
        return x + y if self._shortcut else y


class InvertedResidualV3(nn.Module):
    """MobileNetV3's block without squeeze-and-excitation, as in the minimal models."""

    def __init__(self, channels: int, out: int, stride: int, expansion: float | int) -> None:
        super().__init__()
        hidden = _divisible(channels * expansion)
        self.conv_pw, self.bn1 = _conv(channels, hidden, 1), nn.BatchNorm2d(hidden, _TF_EPS)
        self.conv_dw, self.bn2 = _conv(hidden, hidden, 3, stride, hidden), nn.BatchNorm2d(hidden, _TF_EPS)
        self.conv_pwl, self.bn3 = _conv(hidden, out, 1), nn.BatchNorm2d(out, _TF_EPS)
        self._shortcut = stride == 1 and channels == out

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b out h2 w2"]:
        y = torch.relu(self.bn1(self.conv_pw(x)))
        y = self.bn3(self.conv_pwl(torch.relu(self.bn2(self.conv_dw(y)))))
        return x + y if self._shortcut else y


class _Last(nn.Module):
    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv, self.bn1 = _conv(channels, out, 1), nn.BatchNorm2d(out, _TF_EPS)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b out h w"]:
        return torch.relu(self.bn1(self.conv(x)))


class MobileNetV3Minimal(nn.Module):
    """Images → features of the last stage, averaged over the image: 960 of the large model, 576 of the small."""

    def __init__(self, stages: tuple = V3_LARGE) -> None:
        super().__init__()
        self.conv_stem, self.bn1 = _conv(3, 16, 3, 2), nn.BatchNorm2d(16, _TF_EPS)
        channels, blocks = 16, []
        for stage in stages:
            members: list[nn.Module] = []
            for expansion, out, stride in stage:
                plain = expansion == 1
                members.append(DepthwiseSeparable(channels, out, stride) if plain
                               else InvertedResidualV3(channels, out, stride, expansion))  # fmt: skip
                channels = out
            blocks.append(nn.Sequential(*members))
        self.width = 6 * channels
        blocks.append(nn.Sequential(_Last(channels, self.width)))
        self.blocks = nn.Sequential(*blocks)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b width"]:
        return self.blocks(torch.relu(self.bn1(self.conv_stem(images)))).mean((2, 3))


def _divisible(width: float | int, by: int = 8) -> int:
    rounded = max(by, int(width + by / 2) // by * by)
    return rounded + by if rounded < 0.9 * width else rounded
