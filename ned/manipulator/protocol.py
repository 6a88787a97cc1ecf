"""The contract of an emotion manipulator: expression sequence in, expression sequence out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from ned.errors import UserError
from ned.face_model import FaceModel
from ned.geometry.articulation import gaps_of_shapes
from ned.types import (
    AffectPath,
    Edit,
    ExpressionSpace,
    ExpressionTrack,
    Reference,
    Style,
    Track,
    ValenceArousal,
)

_KINDS = {
    Reference: "a reference", ValenceArousal: "valence and arousal", AffectPath: "a path of valence and arousal",
    Track: "an expression from elsewhere",
}  # fmt: skip


def unknown_style(who: str, style: Style, remedy: str) -> UserError:
    """What to raise for a kind of style that a manipulator does not know."""
    return UserError(f"{who} cannot imitate {_KINDS.get(type(style), repr(style))}", remedy=remedy)


class Effects(NamedTuple):
    """What one unit of each coefficient changes in what the guards keep, in cm."""

    opening: Float[np.ndarray, "width"]
    """Distance of the inner lips in the middle of the mouth."""
    lids: Float[np.ndarray, "width 2"]
    """Opening of the actor's left and right eye."""
    width: Float[np.ndarray, "width"]
    """Distance of the corners of the mouth."""
    upper_lip: Float[np.ndarray, "width"]
    """How far the middle of the inner upper lip goes down."""


@dataclass(frozen=True)
class Articulation:
    """What the landmarks themselves say of mouth and lids, in the face model's units (cm).

    Coefficients are a fit; speech and blinks are kept by these measurements, not by the fit.
    """

    mouth_opening: Float[np.ndarray, "frames"]
    """Distance of the inner lips in the middle of the mouth; 0 where they touch."""
    lid_opening: Float[np.ndarray, "frames 2"]
    """Distance of the lids, the actor's left and right eye."""
    face_height: float
    """Top of the forehead to chin, of the actor's neutral face."""
    resting_smile: float = 0.0
    """Smile coefficient that the fit took for a feature of the face, since the actor hardly ever stops smiling."""


def effects_of(model: FaceModel) -> Effects:
    """What each coefficient at 1 does to mouth and lids."""
    unit, regions = model.displacements(np.eye(model.space.width, dtype=np.float32)), model.topology.regions
    mouth, lids = gaps_of_shapes(unit, regions)
    right, left = regions.mouth_corners
    across = (unit[:, left, 0] - unit[:, right, 0]).astype(np.float64)
    return Effects(mouth, lids, across, unit[:, regions.inner_lips[0], 1].astype(np.float64))


@runtime_checkable
class Manipulator(Protocol):
    """Translates the expressions of any actor into an emotion; implementations keep no state."""

    space: ExpressionSpace

    def translate(
        self, expression: ExpressionTrack, articulation: Articulation, frame_rate: float, edit: Edit
    ) -> ExpressionTrack:
        """The edited expression of one shot, of the same length and space.

        At intensity 0 it equals `expression`. Lip closures and blinks of the original are kept.

        Raises:
            ValueError: `expression` speaks another space than the manipulator.
            UserError: the manipulator does not know this kind of style.
        """
        ...
