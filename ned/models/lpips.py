"""LPIPS (Zhang et al., The Unreasonable Effectiveness of Deep Features as a Perceptual Metric, 2018), place by place.

AlexNet's features of ImageNet, of unit length at every place; squared differences, weighed by the published linear
heads (version 0.1). The package `lpips` says the same, but needs a torchvision that fits the installed torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import resources

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

WIDTHS = (64, 192, 384, 256, 256)
"""Channels of AlexNet's five convolutions, whose outputs after ReLU are compared."""

_LAYERS = ((0, 4, 2), (3, 1, 2), (6, 1, 1), (8, 1, 1), (10, 1, 1))
"""Index of the convolution in AlexNet's `features`, its stride, its padding."""

_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""ImageNet's mean and deviation for values of −1 to 1."""


def alexnet_features(
    weights: Mapping[str, Tensor], images: Float[Tensor, "n 3 h w"]
) -> list[Float[Tensor, "n _ _ _"]]:
    """The five feature maps of images from −1 to 1. `weights` have torchvision's names (`features.0.weight`, …)."""
    shift, scale = (images.new_tensor(v).view(1, 3, 1, 1) for v in (_SHIFT, _SCALE))
    x, out = (images - shift) / scale, []
    for k, (index, stride, padding) in enumerate(_LAYERS):
        if k in (1, 2):
            x = functional.max_pool2d(x, 3, 2)
        weight, bias = weights[f"features.{index}.weight"], weights[f"features.{index}.bias"]
        x = functional.relu(functional.conv2d(x, weight, bias, stride, padding))
        out.append(x)
    return out


def distances(
    pair: Float[Tensor, "2 3 h w"], weights: Mapping[str, Tensor], heads: list[Float[Tensor, "_"]] | None = None
) -> Iterator[Float[Tensor, "_ _"]]:
    """Of two images from −1 to 1 the distance at every place of each layer, in that layer's resolution."""
    heads = published_heads() if heads is None else heads
    for features, head in zip(alexnet_features(weights, pair), heads, strict=True):
        unit = features / (features.norm(dim=1, keepdim=True) + 1e-10)
        yield ((unit[0] - unit[1]) ** 2 * head.view(-1, 1, 1)).sum(0)


def lpips_map(
    a: Float[np.ndarray, "h w 3"],
    b: Float[np.ndarray, "h w 3"],
    weights: Mapping[str, Tensor],
    heads: list[Float[Tensor, "_"]] | None = None,
) -> Float[np.ndarray, "h w"]:
    """Distance at every pixel of two images from 0 to 1, its mean the distance of the two."""
    pair = torch.from_numpy(np.stack([a, b]).transpose(0, 3, 1, 2).astype(np.float32)) * 2 - 1
    with torch.inference_mode():
        layers = [
            functional.interpolate(layer[None, None], a.shape[:2], mode="bilinear", align_corners=False)
            for layer in distances(pair, weights, heads)
        ]
        return sum(layers)[0, 0].numpy()  # type: ignore[index, union-attr]


@lru_cache(maxsize=1)
def published_heads() -> list[Float[Tensor, "_"]]:
    """The linear heads for AlexNet as their authors published them (BSD-2-Clause)."""
    with resources.as_file(resources.files("ned") / "assets" / "lpips_alex_heads.npz") as path, np.load(path) as stored:
        return [torch.from_numpy(stored[f"lin{k}"]) for k in range(len(WIDTHS))]
