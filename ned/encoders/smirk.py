"""SMIRK (Retsinas et al. 2024): three small networks for pose, identity and expression."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ned.encoders.mobilenet import V3_LARGE, V3_SMALL, MobileNetV3Minimal
from ned.encoders.parameters import EncodedFaces

IDENTITIES, EXPRESSIONS, LIDS, JAW = 300, 50, 2, 3
SIDEWAYS_RAD = 0.2
"""The jaw's turns to the sides are clipped to this."""


class _Encoder(nn.Module):
    def __init__(self, stages: tuple, head: str, outputs: int) -> None:
        super().__init__()
        self.encoder = MobileNetV3Minimal(stages)
        self._head = head
        setattr(self, head, nn.Sequential(nn.Linear(self.encoder.width, outputs)))

    def forward(self, images: Float[Tensor, "b 3 224 224"]) -> Float[Tensor, "b outputs"]:
        return getattr(self, self._head)(self.encoder(images))


class Smirk(nn.Module):
    """Images are RGB in [0, 1], 224 pixels, 1.4 times the box of MediaPipe's landmarks."""

    needs = ("pose_encoder", "shape_encoder", "expression_encoder")
    edition = "2020"

    def __init__(self) -> None:
        super().__init__()
        self.pose_encoder = _Encoder(V3_SMALL, "pose_cam_layers", 6)
        self.shape_encoder = _Encoder(V3_LARGE, "shape_layers", IDENTITIES)
        self.expression_encoder = _Encoder(V3_LARGE, "expression_layers", EXPRESSIONS + LIDS + JAW)

    @torch.inference_mode()
    def encode(self, images: Float[Tensor, "b 3 224 224"], detail: bool = False) -> EncodedFaces:
        """Coefficients; lids in [0, 1], the jaw opens only and turns little to the sides. There is no detail."""
        pose = self.pose_encoder(images)
        expression, lids, jaw = self.expression_encoder(images).split([EXPRESSIONS, LIDS, JAW], 1)
        jaw = torch.cat([torch.relu(jaw[:, :1]), jaw[:, 1:].clamp(-SIDEWAYS_RAD, SIDEWAYS_RAD)], 1)
        return EncodedFaces(
            shape=self.shape_encoder(images).cpu().numpy(), expression=expression.cpu().numpy(),
            global_pose=pose[:, :3].cpu().numpy(), jaw_pose=jaw.cpu().numpy(), camera=pose[:, 3:].cpu().numpy(),
            eyelids=lids.clamp(0, 1).cpu().numpy(),
        )  # fmt: skip
