"""ResNet-50 (He et al. 2016) without its classifier, with the usual names of weights; the trunk of DECA and EMOCA."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

WIDTH = 2048
_STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))


class Bottleneck(nn.Module):
    """1×1, 3×3 (which carries the stride) and 1×1 convolution around a shortcut."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        out = 4 * width
        self.conv1, self.bn1 = nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, out, 1, bias=False), nn.BatchNorm2d(out)
        self.downsample: nn.Module | None = None
        if stride != 1 or channels != out:
            self.downsample = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b out h2 w2"]:
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet50(nn.Module):
    """Images → 2048 features, averaged over the image."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        channels = 64
        for k, (width, blocks, stride) in enumerate(_STAGES, start=1):
            layer = []
            for b in range(blocks):
                layer.append(Bottleneck(channels, width, stride if b == 0 else 1))
                channels = 4 * width
            setattr(self, f"layer{k}", nn.Sequential(*layer))

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 2048"]:
        x = self.maxpool(torch.relu(self.bn1(self.conv1(images))))
        for k in range(1, len(_STAGES) + 1):
            x = getattr(self, f"layer{k}")(x)
        return x.mean((2, 3))


class ResnetEncoder(nn.Module):
    """The trunk and two layers: what DECA calls E_flame and E_detail, and EMOCA E_expression."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.encoder = ResNet50()
        self.layers = nn.Sequential(nn.Linear(WIDTH, 1024), nn.ReLU(), nn.Linear(1024, outputs))

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b outputs"]:
        """RGB in [0, 1], neither centred nor scaled; 224 pixels are what checkpoints were trained on."""
        return self.layers(self.encoder(images))


def fused(network: nn.Module) -> nn.Module:
    """`network` with the batch norms of its ResNets taken into the convolutions and its weights laid out channels last:
    the same function to rounding, a quarter faster on a CPU. It can no longer be trained, nor its weights saved."""
    for module in network.modules():
        if isinstance(module, Bottleneck):
            pairs = [(f"conv{k}", f"bn{k}") for k in (1, 2, 3)]
            if module.downsample is not None:
                whole = fuse_conv_bn_eval(module.downsample[0], module.downsample[1])
                module.downsample = nn.Sequential(whole)
        elif isinstance(module, ResNet50):
            pairs = [("conv1", "bn1")]
        else:
            continue
        for conv, norm in pairs:
            setattr(module, conv, fuse_conv_bn_eval(getattr(module, conv), getattr(module, norm)))
            setattr(module, norm, nn.Identity())
    return network.to(memory_format=torch.channels_last)
