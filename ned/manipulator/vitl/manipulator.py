"""The slider as a manipulator: labels are places of the plane, and any other place, or a path through it, will do.

g works on the slow part of a track, mood and not speech; what is quick in the face stays. What g adds is brought from
the scale of what a fit sees to that of what an edit needs. Speech and blinks are guarded last, as for labels.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

from ned.errors import UserError
from ned.face_model import FaceModel
from ned.manipulator.liveliness import VARIATION, slow_noise
from ned.manipulator.protocol import Articulation, Effects, effects_of, unknown_style
from ned.manipulator.prototypes import RESTING_SHARE, SLOW_S, sided
from ned.manipulator.settings import SEEN
from ned.manipulator.speech import keep_blinks, keep_speech, keep_upper_lip, keep_width
from ned.manipulator.vitl.plane import NAMES, check_place, mouth_at, place_of, shares_at
from ned.manipulator.vitl.regression import Transfer
from ned.manipulator.vitl.slider import SHIPPED, load_slider
from ned.types import AffectPath, Edit, Emotion, ExpressionSpace, ExpressionTrack, ValenceArousal

Place = Float[np.ndarray, "2"]


class VitlManipulator:
    """See `ned.manipulator.Manipulator`. `checkpoint` None takes the shipped slider. Raises UserError for a checkpoint
    that is damaged."""

    def __init__(
        self,
        space: ExpressionSpace,
        effects: Effects,
        checkpoint: Path | None = None,
        slider: Transfer | None = None,
    ) -> None:
        self.space, self.effects = space, effects
        self.slider = slider or load_slider(checkpoint or SHIPPED)
        if self.slider.weights.shape[2] != space.width:
            said = f"speaks {self.slider.weights.shape[2]} coefficients, {space.name} has {space.width}"
            raise UserError(said, path=checkpoint or SHIPPED, remedy="name a slider of this face model's space")

    def translate(
        self, expression: ExpressionTrack, articulation: Articulation, frame_rate: float, edit: Edit
    ) -> ExpressionTrack:
        """See `Manipulator.translate`. The labels of the plane are known too: relaxed, tired, bored."""
        asked = edit.style
        if isinstance(asked, AffectPath):
            place = asked.places
        elif isinstance(asked, ValenceArousal):
            place = check_place(asked.valence, asked.arousal)
        elif not isinstance(asked, Emotion):
            raise unknown_style("the slider", asked, "use --manipulator learned")
        elif asked.name not in NAMES:
            raise ValueError(f"unknown emotion {asked.name!r}; known: {', '.join(NAMES)}")
        else:
            place = place_of(asked.name)
        return self.move(expression, articulation, frame_rate, place, edit.intensity, edit.seed)

    def move(
        self,
        expression: ExpressionTrack,
        articulation: Articulation,
        frame_rate: float,
        place: Place | Float[np.ndarray, "frames 2"],
        intensity: float = 1.0,
        seed: int = 0,
        variation: float = VARIATION,
        closing: float = 0.0,
    ) -> ExpressionTrack:
        """The expression at a place (valence, arousal), or at one for each frame; `intensity` scales the change.

        For an image, which is no speech: `variation`, how much the strength drifts over time, is 0, and `closing` is
        the share of a lasting opening of the mouth that is taken away.

        Raises ValueError for an expression of another space, or places that are not those of its frames.
        """
        if expression.space.name != self.space.name:
            raise ValueError(f"the slider speaks {self.space.name}, the expression is in {expression.space.name}")
        if place.ndim == 2 and len(place) != len(expression):
            raise ValueError(f"{len(place)} places for {len(expression)} frames")
        if intensity == 0 or len(expression) == 0:
            return expression
        original = expression.pack().astype(np.float64)
        drift = intensity * _drift(len(original), frame_rate, seed, variation)[:, None]
        slow = self._mood(original, articulation, frame_rate)
        if place.ndim == 1:
            difference = drift * self._change(slow, place)
            difference = keep_blinks(self.space, difference, articulation, self.effects.lids)
            difference = keep_width(self.space, difference, self.effects.width, frame_rate)
            difference = self._spoken(difference, articulation, frame_rate, place, intensity, closing)
        else:
            difference = self._along(drift, slow, articulation, frame_rate, place, intensity)
        edited = (original + difference).astype(expression.jaw_opening.dtype)
        return ExpressionTrack.unpack(self.space, edited)

    def _mood(
        self, original: Float[np.ndarray, "frames width"], articulation: Articulation, frame_rate: float
    ) -> Float[np.ndarray, "frames width"]:
        """The slow part, with the smile that the fit took for a feature of the face."""
        slow = gaussian_filter1d(original, SLOW_S * frame_rate, axis=0, mode="nearest")
        slow[:, sided(self.space, "mouthSmile")] += RESTING_SHARE * articulation.resting_smile
        return slow

    def _change(
        self, slow: Float[np.ndarray, "frames width"], place: Place | Float[np.ndarray, "frames 2"]
    ) -> Float[np.ndarray, "frames width"]:
        """g, on the scale of what an edit needs."""
        return (self.slider.along(slow, np.broadcast_to(place, (len(slow), 2))) - slow) / SEEN

    def _spoken(
        self,
        difference: Float[np.ndarray, "frames width"],
        articulation: Articulation,
        frame_rate: float,
        place: Place,
        intensity: float,
        closing: float = 0.0,
    ) -> Float[np.ndarray, "frames width"]:
        mouth = mouth_at(place)
        mouth = replace(mouth, rest=max(mouth.rest, closing))
        difference = keep_upper_lip(self.space, difference, self.effects.upper_lip, mouth.upper_lip)
        return keep_speech(
            self.space, difference, articulation, self.effects.opening, mouth, frame_rate, intensity
        )

    def _along(
        self,
        drift: Float[np.ndarray, "frames 1"],
        slow: Float[np.ndarray, "frames width"],
        articulation: Articulation,
        frame_rate: float,
        path: Float[np.ndarray, "frames 2"],
        intensity: float,
    ) -> Float[np.ndarray, "frames width"]:
        """Along a path. What the guards do is blended from what they do at the emotions around each of its places:
        exactly so for the mouth's opening, of which they are linear, and for lids since each keeps closed eyes closed.
        """
        difference = drift * self._change(slow, path)
        shares, guards, mouths = shares_at(path), np.zeros_like(difference), np.zeros_like(difference)
        at = [k for k in range(len(NAMES)) if shares[:, k].any()]
        for k in at:
            still = drift * self._change(slow, place_of(NAMES[k]))
            guarded = keep_blinks(self.space, still, articulation, self.effects.lids)
            guarded = keep_width(self.space, guarded, self.effects.width, frame_rate)
            guards += shares[:, k : k + 1] * (guarded - still)
        difference = difference + guards
        for k in at:
            spoken = self._spoken(difference, articulation, frame_rate, place_of(NAMES[k]), intensity)
            mouths += shares[:, k : k + 1] * spoken
        return mouths


def _drift(frames: int, frame_rate: float, seed: int, variation: float) -> Float[np.ndarray, "frames"]:
    """The strength of an edit over time, around 1: nobody holds an expression quite still."""
    if variation == 0:
        return np.ones(frames)
    return 1.0 + variation * slow_noise(np.random.default_rng([seed, 14]), frames, frame_rate)


def build(model: FaceModel, checkpoint: Path | None = None) -> VitlManipulator:
    """See `ned.config.roles.MANIPULATORS`."""
    return VitlManipulator(model.space, effects_of(model), checkpoint)
