"""FLAME's skinning on tensors, differentiable, on any device; the twin of `ned.face_model.flame.skinning`."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ned.face_model.flame.model import PARENTS, FlameModel


def axis_angle_to_matrix(turns: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3 3"]:
    """The matrix exponential of the cross-product matrix; smooth at zero, where Rodrigues' formula divides by it."""
    x, y, z = turns.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*turns.shape, 3)
    return torch.linalg.matrix_exp(cross)


class FlameSkinning(nn.Module):
    """A batch of meshes from identity, expression and pose."""

    def __init__(self, model: FlameModel, identities: int = 100, expressions: int = 50) -> None:
        super().__init__()
        arrays = {
            "template": model.template, "identity": model.identity[:identities],
            "expression": model.expression[:expressions], "correctives": model.pose_correctives,
            "regressor": model.joint_regressor, "weights": model.weights,
        }  # fmt: skip
        for name, array in arrays.items():
            self.register_buffer(name, torch.from_numpy(array.copy()))

    def forward(
        self,
        identity: Float[Tensor, "batch identities"],
        expression: Float[Tensor, "batch expressions"],
        pose: Float[Tensor, "batch 5 3"],
    ) -> Float[Tensor, "batch 5023 3"]:
        """Metres in FLAME's axes; `pose` are axis-angles of root, neck, jaw, left and right eye."""
        shaped = self.template + torch.einsum("bi,ivk->bvk", identity, self.identity)
        shaped = shaped + torch.einsum("be,evk->bvk", expression, self.expression)
        joints = torch.einsum("jv,bvk->bjk", self.regressor, shaped)
        turns = axis_angle_to_matrix(pose)
        features = (turns[:, 1:] - torch.eye(3, dtype=turns.dtype, device=turns.device)).flatten(1)
        posed = shaped + torch.einsum("bc,cvk->bvk", features, self.correctives)
        rotations: list[Tensor] = []
        origins: list[Tensor] = []
        for j, parent in enumerate(PARENTS):
            if parent < 0:
                rotation, origin = turns[:, j], joints[:, j]
            else:
                rotation = rotations[parent] @ turns[:, j]
                step = joints[:, j] - joints[:, parent]
                origin = origins[parent] + (rotations[parent] @ step[..., None])[..., 0]
            rotations.append(rotation)
            origins.append(origin)
        rotation, origin = torch.stack(rotations, 1), torch.stack(origins, 1)
        offset = origin - (rotation @ joints[..., None])[..., 0]
        blended = torch.einsum("vj,bjik->bvik", self.weights, torch.cat([rotation, offset[..., None]], -1))
        return (blended[..., :3] @ posed[..., None])[..., 0] + blended[..., 3]
