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

RIDGE = 1e-3
"""Of `corrections`, against the usual size of an effect."""
_KINDS = {
    Reference: "a reference", ValenceArousal: "valence and arousal", AffectPath: "a path of valence and arousal",
    Track: "an expression from elsewhere",
}  # fmt: skip


def unknown_style(who: str, style: Style, remedy: str) -> UserError:
    """What to raise for a kind of style that a manipulator does not know."""
    return UserError(f"{who} cannot imitate {_KINDS.get(type(style), repr(style))}", remedy=remedy)


class Corrections(NamedTuple):
    """The change of coefficients, jaw apart, by which the guards bring about 1 cm of one effect and none of the others.

    In spaces whose coefficients have names they need none: there the names say which to use.
    """

    opening: Float[np.ndarray, "width"]
    lids: Float[np.ndarray, "width 2"]
    width: Float[np.ndarray, "width"]
    upper_lip: Float[np.ndarray, "width"]


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
    by: Corrections | None = None


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
    unit, regions = model.basis, model.topology.regions
    mouth, lids = gaps_of_shapes(unit, regions)
    right, left = regions.mouth_corners
    across = (unit[:, left, 0] - unit[:, right, 0]).astype(np.float64)
    effects = Effects(mouth, lids, across, unit[:, regions.inner_lips[0], 1].astype(np.float64))
    return effects if model.space.name == "arkit52" else effects._replace(by=corrections(effects))


def corrections(effects: Effects) -> Corrections:
    """The least changes (in the coefficients' own spread) with one effect each. Of effects that the model hardly has,
    as lids that its expressions do not move, less is corrected rather than all else moved far."""
    rows = np.stack([effects.opening, *effects.lids.T, effects.width, effects.upper_lip])
    rows[:, 0] = 0.0  # the jaw has its own share
    products = rows @ rows.T
    least = RIDGE * float(np.median(np.diag(products)))
    change = rows.T @ np.linalg.inv(products + least * np.eye(len(rows)))
    return Corrections(change[:, 0], change[:, 1:3], change[:, 3], change[:, 4])


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
