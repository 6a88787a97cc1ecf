"""Points of a face that follow identity, expression and a turning jaw, and nothing else: what fitting needs.

Skinning is linear in the vertices, so a point between three of them is skinned exactly by sums over the three: each
array comes once as it is and once weighted by the jaw's share. So 478 points cost what 478 vertices cost, not 5023.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from ned.face_model.flame.skinning import axis_angle_to_matrix


@dataclass(frozen=True, eq=False)
class ArticulatedFace:
    """Axes and unit of `ned` (cm, x to the actor's left, y down, z away). `..._jaw` arrays are times the jaw's share.

    A model whose jaw is a shape like the others has `jaw_share` 0 and no correctives.
    """

    rest: Float[np.ndarray, "points 3"]
    rest_jaw: Float[np.ndarray, "points 3"]
    jaw_share: Float[np.ndarray, "points"]
    identity: Float[np.ndarray, "identities points 3"]
    identity_jaw: Float[np.ndarray, "identities points 3"]
    expression: Float[np.ndarray, "expressions points 3"]
    expression_jaw: Float[np.ndarray, "expressions points 3"]
    joint: Float[np.ndarray, "3"]
    """Of the jaw, in the mean face."""
    joint_identity: Float[np.ndarray, "identities 3"]
    joint_expression: Float[np.ndarray, "expressions 3"]
    correctives: Float[np.ndarray, "9 points 3"]
    """For each element of the jaw's rotation minus the identity."""
    correctives_jaw: Float[np.ndarray, "9 points 3"]

    @property
    def articulated(self) -> bool:
        """Whether the jaw turns."""
        return bool(np.abs(self.jaw_share).max(initial=0.0) > 0)

    @cached_property
    def _driven(self) -> tuple[np.ndarray, np.ndarray]:
        """What expressions and correctives add, a row each, once as it is and once times the jaw's share."""
        whole = np.concatenate([self.expression, self.correctives])
        jaw = np.concatenate([self.expression_jaw, self.correctives_jaw])
        return whole.reshape(len(whole), -1), jaw.reshape(len(jaw), -1)

    def shaped(self, identity: Float[np.ndarray, "identities"]) -> ArticulatedFace:
        """The face of one person: its identity taken into the rest, none left."""
        none = np.zeros((0, *self.rest.shape))
        return replace(
            self,
            rest=self.rest + np.tensordot(identity, self.identity, 1),
            rest_jaw=self.rest_jaw + np.tensordot(identity, self.identity_jaw, 1),
            joint=self.joint + identity @ self.joint_identity,
            identity=none, identity_jaw=none, joint_identity=np.zeros((0, 3)),
        )  # fmt: skip

    def parts(
        self, expression: Float[np.ndarray, "frames expressions"], rotation: Float[np.ndarray, "frames 3 3"]
    ) -> tuple[Float[np.ndarray, "frames points 3"], Float[np.ndarray, "frames points 3"]]:
        """What stays with the head, and what turns with the jaw (about the origin, turned already)."""
        frames, points = len(expression), self.rest.shape[0]
        features = (rotation - np.eye(3)).reshape(frames, 9)
        drive = np.concatenate([expression, features], 1)
        whole, jaw = self._driven
        x = self.rest + (drive @ whole).reshape(frames, points, 3)
        y = self.rest_jaw + (drive @ jaw).reshape(frames, points, 3)
        joint = self.jaw_share[:, None] * (self.joint + expression @ self.joint_expression)[:, None]
        return x - y + joint, np.matmul(y - joint, rotation.transpose(0, 2, 1))

    def positions(
        self, expression: Float[np.ndarray, "frames expressions"], jaw: Float[np.ndarray, "frames 3"]
    ) -> Float[np.ndarray, "frames points 3"]:
        """Points (cm) for expression coefficients and the jaw's axis-angle (rad, `ned`'s axes) on the rest shape."""
        held, turned = self.parts(np.asarray(expression, np.float64), axis_angle_to_matrix(np.asarray(jaw, np.float64)))
        return held + turned

    def take(self, points: Int[np.ndarray, "some"]) -> ArticulatedFace:
        """Some of the points."""
        cut = ("identity", "identity_jaw", "expression", "expression_jaw", "correctives", "correctives_jaw")
        arrays = {name: getattr(self, name)[:, points] for name in cut}
        return replace(self, rest=self.rest[points], rest_jaw=self.rest_jaw[points],
                       jaw_share=self.jaw_share[points], **arrays)  # fmt: skip


def linear_face(
    mean: Float[np.ndarray, "points 3"],
    expression: Float[np.ndarray, "expressions points 3"],
    identity: Float[np.ndarray, "identities points 3"] | None = None,
) -> ArticulatedFace:
    """A face whose expressions, the jaw's opening among them, are all added up."""
    mean, expression = np.asarray(mean, np.float64), np.asarray(expression, np.float64)
    identity = np.zeros((0, *mean.shape)) if identity is None else np.asarray(identity, np.float64)
    none = np.zeros((9, *mean.shape))
    return ArticulatedFace(
        rest=mean, rest_jaw=np.zeros_like(mean), jaw_share=np.zeros(len(mean)),
        identity=identity, identity_jaw=np.zeros_like(identity),
        expression=expression, expression_jaw=np.zeros_like(expression),
        joint=np.zeros(3), joint_identity=np.zeros((len(identity), 3)), joint_expression=np.zeros((len(expression), 3)),
        correctives=none, correctives_jaw=none,
    )  # fmt: skip
