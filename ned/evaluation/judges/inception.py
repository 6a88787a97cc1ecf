"""Inception-v3 as the Fréchet Inception distance knows it (Szegedy et al., 2016; Heusel et al., 2017).

Layers have the names and shapes of the weights of 2015 as `pytorch-fid` publishes them. Where these differ from the
paper's network the figures of the field do too: average pools leave the rim out of the mean, and the last block takes
the maximum where the others take the mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn import functional

from ned.errors import UserError

FEATURES, SIDE = 2048, 299

Chain = tuple[tuple[str, int, tuple[int, int], int], ...]
"""Convolutions one after another: name, channels out, kernel (height, width), stride. With stride 1 the size stays."""

_UNUSED = ("fc.",)
"""Of the weights: the classifier."""


class Inception:
    """Pool features of images. UserError where the file holds other weights."""

    name = "inception"

    def __init__(self, path: Path) -> None:
        self._net = InceptionV3()
        try:
            tensors = torch.load(path, map_location="cpu", weights_only=True)
            known = {n: t for n, t in tensors.items() if not n.startswith(_UNUSED) and not n.endswith("_tracked")}
            if any(not bool(torch.isfinite(tensor).all()) for tensor in known.values()):
                raise ValueError("values that are no numbers")
            counted = {n: t for n, t in self._net.state_dict().items() if n.endswith("num_batches_tracked")}
            self._net.load_state_dict(known | counted)
        except Exception as error:  # a damaged archive raises anything
            raise UserError(f"holds no weights of Inception-v3 ({type(error).__name__})", path=path,
                            remedy="fetch it again") from error  # fmt: skip
        self._net.eval().requires_grad_(False)

    def features(self, rgb: UInt8[np.ndarray, "h w 3"]) -> Float[np.ndarray, "2048"]:
        """Of one image, which is brought to 299 pixels square."""
        sized = cv2.resize(rgb, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        planes = torch.from_numpy(sized.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1.0)[None]
        with torch.inference_mode():
            return self._net(planes)[0].numpy().astype(np.float64)


class _Unit(nn.Module):
    """Convolution without bias, normalised, rectified."""

    def __init__(self, before: int, after: int, kernel: tuple[int, int], stride: int, padding: tuple[int, int]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(after, eps=0.001)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d i j"]:
        return functional.relu(self.bn(self.conv(x)))


class _Mixed(nn.Module):
    """Chains side by side, and a pool: `mean`, `max`, or `half`, which halves the size as the other chains do. `forks`:
    by the last name of a chain, what goes on from there side by side."""

    def __init__(
        self, before: int, chains: tuple[Chain, ...], pool: str, pooled: int, forks: Mapping[str, Chain] | None = None
    ) -> None:
        super().__init__()
        forks = forks or {}
        self._chains = [[name for name, *_ in chain] for chain in chains]
        self._forks, self._pool = {end: [name for name, *_ in chain] for end, chain in forks.items()}, pool
        for chain in chains:
            width = before
            for name, after, kernel, stride in chain:
                self.add_module(name, _unit(width, after, kernel, stride))
                width = after
            for name, after, kernel, stride in forks.get(chain[-1][0], ()):
                self.add_module(name, _unit(width, after, kernel, stride))
        if pooled:
            self.add_module("branch_pool", _unit(before, pooled, (1, 1), 1))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d i j"]:
        out = []
        for chain in self._chains:
            y = x
            for name in chain:
                y = self.get_submodule(name)(y)
            out += [self.get_submodule(name)(y) for name in self._forks.get(chain[-1], ())] or [y]
        if self._pool == "half":
            return torch.cat([*out, functional.max_pool2d(x, 3, 2)], 1)
        mean = self._pool == "mean"
        y = functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False) if mean else functional.max_pool2d(x, 3, 1, 1)
        return torch.cat([*out, self.get_submodule("branch_pool")(y)], 1)


def _unit(before: int, after: int, kernel: tuple[int, int], stride: int) -> _Unit:
    padding = (kernel[0] // 2, kernel[1] // 2) if stride == 1 else (0, 0)
    return _Unit(before, after, kernel, stride, padding)


_ONE, _THREE, _FIVE, _WIDE, _TALL = (1, 1), (3, 3), (5, 5), (1, 7), (7, 1)


def _block_a(before: int, pooled: int) -> _Mixed:
    return _Mixed(before, (
        (("branch1x1", 64, _ONE, 1),),
        (("branch5x5_1", 48, _ONE, 1), ("branch5x5_2", 64, _FIVE, 1)),
        (("branch3x3dbl_1", 64, _ONE, 1), ("branch3x3dbl_2", 96, _THREE, 1), ("branch3x3dbl_3", 96, _THREE, 1)),
    ), "mean", pooled)  # fmt: skip


def _block_c(inner: int) -> _Mixed:
    double = [(f"branch7x7dbl_{k}", inner, (_ONE, _TALL, _WIDE, _TALL)[k - 1], 1) for k in (1, 2, 3, 4)]
    return _Mixed(768, (
        (("branch1x1", 192, _ONE, 1),),
        (("branch7x7_1", inner, _ONE, 1), ("branch7x7_2", inner, _WIDE, 1), ("branch7x7_3", 192, _TALL, 1)),
        (*double, ("branch7x7dbl_5", 192, _WIDE, 1)),
    ), "mean", 192)  # fmt: skip


def _block_e(before: int, pool: str) -> _Mixed:
    across, down = (1, 3), (3, 1)
    return _Mixed(before, (
        (("branch1x1", 320, _ONE, 1),),
        (("branch3x3_1", 384, _ONE, 1),),
        (("branch3x3dbl_1", 448, _ONE, 1), ("branch3x3dbl_2", 384, _THREE, 1)),
    ), pool, 192, {
        "branch3x3_1": (("branch3x3_2a", 384, across, 1), ("branch3x3_2b", 384, down, 1)),
        "branch3x3dbl_2": (("branch3x3dbl_3a", 384, across, 1), ("branch3x3dbl_3b", 384, down, 1)),
    })  # fmt: skip


class InceptionV3(nn.Module):
    """Images of −1 to 1 → 2,048 features, averaged over the image."""

    def __init__(self) -> None:
        super().__init__()
        plain = (0, 0)
        self.Conv2d_1a_3x3 = _Unit(3, 32, _THREE, 2, plain)
        self.Conv2d_2a_3x3 = _Unit(32, 32, _THREE, 1, plain)
        self.Conv2d_2b_3x3 = _Unit(32, 64, _THREE, 1, (1, 1))
        self.Conv2d_3b_1x1 = _Unit(64, 80, _ONE, 1, plain)
        self.Conv2d_4a_3x3 = _Unit(80, 192, _THREE, 1, plain)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = _block_a(192, 32), _block_a(256, 64), _block_a(288, 64)
        self.Mixed_6a = _Mixed(288, (
            (("branch3x3", 384, _THREE, 2),),
            (("branch3x3dbl_1", 64, _ONE, 1), ("branch3x3dbl_2", 96, _THREE, 1), ("branch3x3dbl_3", 96, _THREE, 2)),
        ), "half", 0)  # fmt: skip
        self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = map(_block_c, (128, 160, 160, 192))
        self.Mixed_7a = _Mixed(768, (
            (("branch3x3_1", 192, _ONE, 1), ("branch3x3_2", 320, _THREE, 2)),
            (("branch7x7x3_1", 192, _ONE, 1), ("branch7x7x3_2", 192, _WIDE, 1), ("branch7x7x3_3", 192, _TALL, 1),
             ("branch7x7x3_4", 192, _THREE, 2)),
        ), "half", 0)  # fmt: skip
        self.Mixed_7b, self.Mixed_7c = _block_e(1280, "mean"), _block_e(2048, "max")

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 2048"]:
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(functional.max_pool2d(x, 3, 2)))
        x = functional.max_pool2d(x, 3, 2)
        for name in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"):
            x = self.get_submodule(f"Mixed_{name}")(x)
        return x.mean((2, 3))
