"""The warp field of many faces at once, in torch: the twin of `ned.renderer.warp.field` and of
`ned.composite.resample.sample` for devices that do much at a time.

What depends on meshes alone is small and stays where it was (`drawn_mesh`); what depends on pixels is done for all
faces together, at full resolution: there is nothing to save where all pixels are worked on at once. Regions of
different sizes lie in the upper left of a common one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from ned.composite.resample import STEPS
from ned.geometry.rasterize_batched import rasterize_batched
from ned.renderer.warp.field import FAR, HOLE, NEAR, OFF_SKIN, REACH, DrawnMesh


@dataclass(frozen=True)
class WarpFields:
    """As `WarpField`, of faces `b`, but with folds and what is unseen for every pixel."""

    source_xy: Float[Tensor, "b h w 2"]
    gain: Float[Tensor, "b h w"]
    folds: Float[Tensor, "b h w"]
    unseen: Float[Tensor, "b h w"]


def warp_fields(
    drawn: Sequence[DrawnMesh],
    sigmas: Sequence[float],
    textures: Float[Tensor, "b s s 2"],
    size: tuple[int, int],
) -> WarpFields:
    """The inverse warps of faces in regions of `size` (height, width), on the device of `textures`.

    Args:
        drawn: of each face, by `ned.renderer.warp.field.drawn_mesh`, all of one face model.
        sigmas: how far each is evened out, in pixels (`softness_px`).
        textures: as of `warp_field`.
    """
    device = textures.device
    vertices, attributes = (
        torch.from_numpy(np.stack(parts)).to(device)
        for parts in ([mesh.vertices for mesh in drawn], [mesh.attributes for mesh in drawn])
    )
    triangles = torch.from_numpy(drawn[0].triangles).to(device).long()
    empty = torch.zeros((len(drawn), *size, 6), device=device)
    empty[..., 2:4] = float(OFF_SKIN)
    image, _ = rasterize_batched(vertices[..., :2], vertices[..., 2], attributes, triangles, empty)
    smooth = _soften(image[..., [0, 1, 4]], image[..., 2] != float(HOLE), sigmas)
    at = (2 * image[..., 2:4] - 1).clamp(-3, 3)  # in [−1, 1] over the texture
    both = functional.grid_sample(textures.permute(0, 3, 1, 2), at, "bilinear", "zeros", align_corners=True)
    both = torch.where((image[..., 2] >= 0)[:, None], both, 0.0)
    source_xy = pixels(size, device) + smooth[..., :2]
    return WarpFields(source_xy, 1 + smooth[..., 2] + both[:, 0], both[:, 1], image[..., 5])


def pixels(size: tuple[int, int], device: torch.device) -> Float[Tensor, "h w 2"]:
    """The position (x, y) of every pixel."""
    rows, columns = (torch.arange(n, dtype=torch.float32, device=device) for n in size)
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    return torch.stack([x, y], -1)


def sample_batched(
    images: Float[Tensor, "b h w 3"], source_xy: Float[Tensor, "b m n 2"]
) -> Float[Tensor, "b m n 3"]:
    """Each image at its places, by cubic polynomials; at its border it goes on as it ends. As `sample`, places between
    pixels are rounded to steps, so that both show the same."""
    edge = torch.tensor([images.shape[2] - 1, images.shape[1] - 1], device=images.device)
    at = 2 * ((source_xy * STEPS + 0.5).floor() / STEPS) / edge - 1
    taken = functional.grid_sample(images.permute(0, 3, 1, 2), at, "bicubic", "border", align_corners=True)
    return taken.permute(0, 2, 3, 1)


def _soften(
    values: Float[Tensor, "b h w c"], skin: Float[Tensor, "b h w"] | Tensor, sigmas: Sequence[float]
) -> Float[Tensor, "b h w c"]:
    """Each face's values blurred over skin by its sigma, by the share of skin around a pixel (see `NEAR`)."""
    mask = skin.to(values.dtype)[..., None]
    blurred = _blur(torch.cat([values * mask, mask], -1), sigmas)
    around = blurred[..., -1:]
    share = ((around - float(NEAR)) / float(FAR - NEAR)).clamp(0, 1)
    share = share * share * (3 - 2 * share) * mask
    return values + share * (blurred[..., :-1] / around.clamp(min=1e-3) - values)


def _blur(values: Float[Tensor, "b h w c"], sigmas: Sequence[float]) -> Float[Tensor, "b h w c"]:
    """Gaussian, of each face's own width; at the border values go on as they end."""
    batch, height, width, channels = values.shape
    reach = min(int(np.ceil(REACH * max(sigmas))), height - 1, width - 1)
    at = torch.arange(-reach, reach + 1, dtype=values.dtype, device=values.device)
    wide = torch.tensor(sigmas, dtype=values.dtype, device=values.device)[:, None]
    kernels = torch.exp(-0.5 * (at / wide) ** 2)
    kernels = (kernels / kernels.sum(1, keepdim=True)).repeat_interleave(channels, 0)[:, None]
    flat = values.permute(0, 3, 1, 2).reshape(1, batch * channels, height, width)
    padded = functional.pad(flat, (reach, reach, 0, 0), "replicate")
    flat = functional.conv2d(padded, kernels[:, :, None], groups=batch * channels)
    padded = functional.pad(flat, (0, 0, reach, reach), "replicate")
    flat = functional.conv2d(padded, kernels[..., None], groups=batch * channels)
    return flat.reshape(batch, channels, height, width).permute(0, 2, 3, 1)
