"""DECA (Feng et al. 2021), and EMOCA (Daněček et al. 2022) and SPECTRE (Filntisis et al. 2022), which add to it."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ned.encoders.mobilenet import V2_WIDTH, MobileNetV2
from ned.encoders.parameters import DECA_WIDTHS, EncodedFaces, unpack_deca
from ned.encoders.resnet import ResnetEncoder

DETAIL_WIDTH, EXPRESSION_WIDTH, JAW_WIDTH = 128, 50, 3
UV_SIZE = 256
_ODD_EPS = 0.8  # the publisher's inner batch norms have it, since 0.8 stands where PyTorch expects eps


class DetailDecoder(nn.Module):
    """D_detail: jaw, expression and detail code → displacement along the normals over the UV map, in metres."""

    def __init__(self) -> None:
        super().__init__()
        self.l1 = nn.Sequential(nn.Linear(JAW_WIDTH + EXPRESSION_WIDTH + DETAIL_WIDTH, 128 * 8 * 8))
        layers: list[nn.Module] = [nn.BatchNorm2d(128)]
        for channels, out in ((128, 128), (128, 64), (64, 64), (64, 32), (32, 16)):
            layers += [nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(channels, out, 3, 1, 1),
                       nn.BatchNorm2d(out, _ODD_EPS), nn.LeakyReLU(0.2)]  # fmt: skip
        self.conv_blocks = nn.Sequential(*layers, nn.Conv2d(16, 1, 3, 1, 1), nn.Tanh())

    def forward(
        self, jaw: Float[Tensor, "b 3"], expression: Float[Tensor, "b 50"], detail: Float[Tensor, "b 128"]
    ) -> Float[Tensor, "b 1 256 256"]:
        x = self.l1(torch.cat([jaw, expression, detail], 1)).reshape(-1, 128, 8, 8)
        return 0.01 * self.conv_blocks(x)


class Deca(nn.Module):
    """DECA's three networks. Images are RGB in [0, 1], 224 pixels, cropped by `ned.encoders.crop`."""

    needs = ("E_flame", "E_detail", "D_detail")
    edition = "2020"
    """Of the FLAME that its coefficients belong to."""

    def __init__(self) -> None:
        super().__init__()
        self.E_flame = ResnetEncoder(sum(DECA_WIDTHS.values()))
        self.E_detail = ResnetEncoder(DETAIL_WIDTH)
        self.D_detail = DetailDecoder()

    @torch.inference_mode()
    def encode(self, images: Float[Tensor, "b 3 224 224"], detail: bool = True) -> EncodedFaces:
        """Coefficients, with the code of details where it is wanted."""
        code = self.E_detail(images).cpu().numpy() if detail else None
        return replace(_coarse(self.E_flame, images), detail=code)


class Emoca(Deca):
    """EMOCA: DECA, and a second ResNet whose expression and jaw take the place of DECA's."""

    needs = ("E_flame", "E_detail", "D_detail", "E_expression")

    def __init__(self) -> None:
        super().__init__()
        self.E_expression = ResnetEncoder(EXPRESSION_WIDTH + JAW_WIDTH)

    @torch.inference_mode()
    def encode(self, images: Float[Tensor, "b 3 224 224"], detail: bool = True) -> EncodedFaces:
        return _replaced(super().encode(images, detail), self.E_expression(images))


class PerceptualEncoder(nn.Module):
    """SPECTRE's E_expression: MobileNetV2 on each frame, a convolution over five frames, 53 numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = MobileNetV2()
        self.temporal = nn.Sequential(nn.Conv1d(V2_WIDTH, 256, 5, padding=2), nn.BatchNorm1d(256), nn.ReLU())
        self.layers = nn.Sequential(nn.Linear(256, EXPRESSION_WIDTH + JAW_WIDTH))

    def forward(self, images: Float[Tensor, "frames 3 224 224"]) -> Float[Tensor, "frames 53"]:
        """Consecutive frames of one track; the jaw does not turn upwards."""
        over_time = self.temporal(self.encoder(images).T[None])[0].T
        out = self.layers(over_time)
        jaw = torch.relu(out[:, EXPRESSION_WIDTH : EXPRESSION_WIDTH + 1])
        return torch.cat([out[:, :EXPRESSION_WIDTH], jaw, out[:, EXPRESSION_WIDTH + 1 :]], 1)


class Spectre(nn.Module):
    """SPECTRE: DECA's E_flame, and expression and jaw from consecutive frames. It has no detail of its own."""

    needs = ("E_flame", "E_expression")
    edition = "2020"

    def __init__(self) -> None:
        super().__init__()
        self.E_flame = ResnetEncoder(sum(DECA_WIDTHS.values()))
        self.E_expression = PerceptualEncoder()

    @torch.inference_mode()
    def encode(self, images: Float[Tensor, "frames 3 224 224"], detail: bool = False) -> EncodedFaces:
        """Consecutive frames; two more on either side make the ends as good as the middle."""
        return _replaced(_coarse(self.E_flame, images), self.E_expression(images))


def _coarse(network: nn.Module, images: Float[Tensor, "b 3 224 224"]) -> EncodedFaces:
    """What E_flame says."""
    found = unpack_deca(network(images).cpu().numpy())
    return EncodedFaces(
        shape=found["shape"], expression=found["expression"], global_pose=found["pose"][:, :3],
        jaw_pose=found["pose"][:, 3:], camera=found["camera"], texture=found["texture"],
        light=found["light"].reshape(-1, 9, 3),
    )  # fmt: skip


def _replaced(faces: EncodedFaces, numbers: Float[Tensor, "b 53"]) -> EncodedFaces:
    found = numbers.cpu().numpy()
    return replace(faces, expression=found[:, :EXPRESSION_WIDTH], jaw_pose=found[:, EXPRESSION_WIDTH:])
