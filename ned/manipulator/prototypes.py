"""Hand-made manipulator: emotion prototypes after FACS and EMFACS as coefficient differences.

Action units of the emotions: P. Ekman, W. V. Friesen, J. C. Hager, *Facial Action Coding System* (2002),
chapter on emotion predictions. An edit first takes back what the actor already shows of other
emotions, then adds the prototype with slow, seeded variation; speech and blinks are guarded last.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

from ned.face_model import FaceModel
from ned.manipulator.liveliness import STRESS, STRESSED, VARIATION, loudness, slow_noise
from ned.manipulator.protocol import Articulation, Effects, effects_of, unknown_style
from ned.manipulator.speech import MouthTarget, keep_all, open_share
from ned.types import EMOTIONS, Edit, Emotion, ExpressionSpace, ExpressionTrack

SLOW_S = 0.5
"""Standard deviation in seconds of the low-pass that separates mood from speech and gesture."""

RESTING_SHARE = 0.8
"""How much of what may be a resting smile, or just the shape of the mouth, is taken for a smile."""

VARIANT_BIAS = 0.3
"""How far a seed prefers the variants of an emotion with an open mouth, or with a shut one."""

ASYMMETRY = 0.06
"""Largest difference of the two sides from their mean, as a share; constant for a seed."""


@dataclass(frozen=True)
class Prototype:
    """What an emotion adds at intensity 1 and how much of the actor's own expression it leaves.

    Names without a side ("mouthSmile") stand for both sides.
    """

    adds: dict[str, float]
    keeps: dict[str, float] = field(default_factory=dict)
    """Share of the actor's own slow expression that stays; what is not named stays whole."""
    keeps_fast: float = 1.0
    """Share of the actor's fast expression that stays, for the names in `keeps`."""
    mouth: MouthTarget = MouthTarget()
    open: dict[str, float] = field(default_factory=dict)
    """What it adds beside that while the mouth is mostly open, as in a bared smile, and"""
    shut: dict[str, float] = field(default_factory=dict)
    """while it is mostly shut, as in a pressed one."""


_SMILE = ("mouthSmile", "cheekSquint", "mouthDimple")
_FROWN = ("mouthFrown", "mouthShrugLower")
_SCOWL = ("browDown", "noseSneer")
_RAISE = ("browInnerUp", "browOuterUp", "eyeWide")
_POUT = ("mouthPucker", "mouthFunnel")


def _taken_back(share: float, *groups: tuple[str, ...]) -> dict[str, float]:
    """`share` of what these coefficients show stays; below 0 more is taken than was seen, for fits are shy."""
    return {name: share for group in groups for name in group}


PROTOTYPES: dict[str, Prototype] = {
    "neutral": Prototype(
        adds={"eyeWide": -0.2, "mouthSmile": -0.1},
        keeps=_taken_back(-0.5, _SMILE, _FROWN, _SCOWL, _RAISE, ("eyeSquint", "mouthPress", "mouthStretch", *_POUT)),
        keeps_fast=0.15,
        mouth=MouthTarget(gain=0.9, rest=0.5),
    ),
    "happy": Prototype(
        adds={"mouthSmile": 0.84, "cheekSquint": 0.6, "eyeSquint": 0.1, "mouthDimple": 0.15},
        keeps=_taken_back(0.0, _FROWN, _SCOWL, ("browInnerUp",)),
        mouth=MouthTarget(gain=1.12),
        open={"mouthUpperUp": 0.2},
        shut={"mouthPress": 0.1, "mouthDimple": 0.15},
    ),
    "sad": Prototype(
        adds={
            "browInnerUp": 0.88, "browDown": 0.48, "mouthFrown": 0.6, "mouthShrugLower": 0.35, "eyeBlink": 0.22,
            "mouthStretch": 0.1,
        },
        keeps=_taken_back(-0.2, _SMILE) | _taken_back(0.0, ("eyeWide", "browOuterUp")),
        mouth=MouthTarget(gain=0.97, rest=0.5),
    ),
    "angry": Prototype(
        adds={"browDown": 1.02, "browInnerUp": -0.4, "noseSneer": 0.5, "eyeSquint": 0.1, "mouthDimple": 0.5},
        keeps=_taken_back(0.0, _SMILE, ("browInnerUp", "browOuterUp", "eyeWide")),
        mouth=MouthTarget(gain=1.15, upper_lip=0.5, rest=0.4),
        open={"mouthStretch": 0.35, "mouthUpperUp": 0.2, "mouthLowerDown": 0.3},
        shut={"mouthPress": 0.6, "mouthStretch": 0.3},
    ),
    "surprised": Prototype(
        adds={"browInnerUp": 0.52, "browOuterUp": 0.42, "eyeWide": 0.35, "mouthStretch": 0.1},
        keeps=_taken_back(0.0, _SMILE, _FROWN, _SCOWL, ("eyeSquint",)),
        mouth=MouthTarget(gain=1.35, offset=0.006, silent_opening=0.014),
    ),
    "fear": Prototype(
        adds={
            "browInnerUp": 0.95, "browOuterUp": 0.42, "browDown": 0.4, "eyeWide": 0.58, "mouthStretch": 0.8,
            "mouthLowerDown": 0.2,
        },
        keeps=_taken_back(-0.2, _SMILE),
        mouth=MouthTarget(gain=1.1, offset=0.004),
    ),
    "disgusted": Prototype(
        adds={
            "noseSneer": 0.95, "browDown": 0.35, "eyeSquint": 0.15, "mouthFrown": 0.4, "cheekSquint": 0.35,
            "mouthShrugLower": 0.2,
        },
        keeps=_taken_back(-0.2, _SMILE) | _taken_back(0.0, ("browOuterUp", "eyeWide")),
        mouth=MouthTarget(gain=1.05, upper_lip=0.7),
        open={"mouthUpperUp": 0.7},
        shut={"mouthUpperUp": 0.5, "mouthShrugLower": 0.2},
    ),
}  # fmt: skip
"""Which coefficients: the action units that FACS and EMFACS name. How much: what, drawn into 13 clips and measured as
photographs were, changes a face as 580 labelled photographs of real people differ from neutral ones (means, in units of
the distance of the eyes: happy, mouth wider by .157, its corners .072 higher, lids .025 closer; angry, inner brows .052
lower, lids .020 closer, mouth .030 wider; surprised, brows .045 and .021 higher, mouth .19 more open; sad, inner brows
.027 higher, lids .038 closer), up to twice that. Speech leaves the mouth less, so the upper face carries more."""


def sided(space: ExpressionSpace, name: str) -> list[int]:
    """Columns of `name`, or of its left and right form."""
    found = [space.names.index(n) for n in (name, f"{name}Left", f"{name}Right") if n in space.names]
    if not found:
        raise KeyError(f"{space.name} has no coefficient {name}")
    return found


class PrototypeManipulator:
    """See the module."""

    def __init__(self, space: ExpressionSpace, effects: Effects) -> None:
        self.space, self.effects = space, effects

    def translate(
        self, expression: ExpressionTrack, articulation: Articulation, frame_rate: float, edit: Edit
    ) -> ExpressionTrack:
        """See `Manipulator.translate`."""
        if expression.space.name != self.space.name:
            raise ValueError(f"prototypes speak {self.space.name}, the expression is in {expression.space.name}")
        if not isinstance(edit.style, Emotion):
            raise unknown_style("the prototypes", edit.style, "use --manipulator learned")
        if edit.style.name not in EMOTIONS:
            raise ValueError(f"unknown emotion {edit.style.name!r}; known: {', '.join(EMOTIONS)}")
        original = expression.pack()
        if edit.intensity == 0 or len(expression) == 0:
            return expression
        prototype = PROTOTYPES[edit.style.name]
        edited = self._take_back(original, prototype, articulation, frame_rate, edit.intensity)
        edited = self._add(edited, prototype, articulation, frame_rate, edit.style.name, edit)
        difference = keep_all(
            self.space, edited - original, articulation, self.effects, prototype.mouth, frame_rate, edit.intensity
        )
        return ExpressionTrack.unpack(self.space, original + difference)

    def _take_back(
        self, original, prototype: Prototype, articulation: Articulation, frame_rate: float, intensity: float
    ):
        """The actor's own expression without what speaks against the target."""
        out = original.copy()
        strength = min(intensity, 1.0)
        slow = gaussian_filter1d(original, SLOW_S * frame_rate, axis=0, mode="nearest")
        for name, share in prototype.keeps.items():
            resting = RESTING_SHARE * articulation.resting_smile if name == "mouthSmile" else 0.0
            for i in sided(self.space, name):
                fast = original[:, i] - slow[:, i]
                left = share * slow[:, i] + prototype.keeps_fast * fast - min(1.0 - share, 1.0) * resting
                out[:, i] += strength * (np.minimum(left, original[:, i]) - original[:, i])
        return out

    def _add(
        self,
        current,
        prototype: Prototype,
        articulation: Articulation,
        frame_rate: float,
        emotion: str,
        edit: Edit,
    ):
        """Adds the prototype; a coefficient that is already strong takes less more."""
        rng = np.random.default_rng([edit.seed, EMOTIONS.index(emotion)])
        drift = 1.0 + VARIATION * slow_noise(rng, len(current), frame_rate)
        tilt = ASYMMETRY * rng.uniform(-1.0, 1.0)
        loud = loudness(articulation.mouth_opening, frame_rate)
        opened = np.clip(open_share(articulation, frame_rate) + VARIANT_BIAS * rng.uniform(-1.0, 1.0), 0.0, 1.0)
        out = current.copy()
        always = np.ones(len(current))
        for adds, share in ((prototype.adds, always), (prototype.open, opened), (prototype.shut, 1.0 - opened)):
            for name, amount in adds.items():
                for i in sided(self.space, name):
                    side = 1.0 + tilt * (self.space.names[i].endswith("Left") - self.space.names[i].endswith("Right"))
                    room = 1.0 - 0.7 * np.clip(current[:, i], 0.0, 1.0)
                    stress = 1.0 + STRESS * loud * self.space.names[i].startswith(STRESSED)
                    out[:, i] += edit.intensity * amount * side * share * drift * stress * room
        return out


def build(model: FaceModel, checkpoint: Path | None = None) -> PrototypeManipulator:
    """See `ned.config.roles.MANIPULATORS`; there are no weights to take."""
    return PrototypeManipulator(model.space, effects_of(model))
