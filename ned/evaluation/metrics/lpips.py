"""LPIPS (Zhang et al., The Unreasonable Effectiveness of Deep Features as a Perceptual Metric, 2018)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from ned.models.lpips import distances


def lpips(
    a: UInt8[np.ndarray, "h w 3"],
    b: UInt8[np.ndarray, "h w 3"],
    weights: Mapping[str, Tensor],
    heads: list[Float[Tensor, "_"]] | None = None,
) -> float:
    """Distance of two images, 0 for equal ones; meant for about 64 pixels or more.

    `weights` of AlexNet, `heads` the weights of each layer's channels (default: the published ones).
    """
    pair = torch.from_numpy(np.stack([a, b]).transpose(0, 3, 1, 2).astype(np.float32)) / 127.5 - 1
    with torch.inference_mode():
        return sum(float(layer.mean()) for layer in distances(pair, weights, heads))
