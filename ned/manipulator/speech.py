"""Guards that keep speech and blinks whatever a manipulator has done to the coefficients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d, minimum_filter1d

from ned.manipulator.protocol import Articulation, Effects
from ned.types import ExpressionSpace

CLOSED_SHARE = 0.012
"""Mouth opening, as a share of the face's height, below which the lips count as closed."""

SEAL = 0.7
"""Share of a remaining gap that is closed where the lips touch."""

SILENCE_S = 1.5
"""A closure longer than this is silence, not a consonant: it may open where the emotion asks for it."""

REST_S = 1.5
"""The lips of a speaker meet, or nearly, at least this often."""

WIDTH_S, WIDTH_DRIFT = 1.0, 0.3
"""Time scale of what an edit may change in the mouth's width, and how much of that is left beside the constant part."""

CHEEKS, CHEEKS_S = 0.6, 0.5
"""How far cheeks go down, as `cheekSquint`, for each unit of a smile that is taken back, and the time scale of it."""

SMILE_WIDTH, SMILE_LIP = 0.7, 0.3
"""Where a smile is taken back: the share of its width that goes with it, and how far the upper lip that it had raised
goes down, as `mouthUpperUp` for each unit of it."""

OPEN_S = 0.8
"""Time scale over which a mouth counts as mostly open or mostly shut."""

LID_FACTORS = (0.55, 1.6)
"""Least and most that an edit scales the opening of the eyes by."""

_SIDES = ("Left", "Right")
_JAW_SHARE = 0.5  # how much of a correction of the opening the jaw makes; the lips do the rest
_LIP_NAMES = ("mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight")


@dataclass(frozen=True)
class MouthTarget:
    """How an emotion changes the mouth opening: gain · opening + offset while the mouth is open."""

    gain: float = 1.0
    offset: float = 0.0
    """Share of the face's height; fades out towards closed lips."""
    silent_opening: float = 0.0
    """Share of the face's height by which a silent mouth opens."""
    upper_lip: float = 0.3
    """How much of what the edit wants to move the middle of the upper lip is left."""
    rest: float = 0.0
    """Share of the resting opening that is taken away: lips that never meet, as in a broad smile, come together."""


def keep_blinks(
    space: ExpressionSpace,
    difference: Float[np.ndarray, "frames width"],
    articulation: Articulation,
    lids_per_unit: Float[np.ndarray, "width 2"],
    by: Float[np.ndarray, "width 2"] | None = None,
) -> Float[np.ndarray, "frames width"]:
    """`difference` with the upper lids corrected so that the opening of each eye is the source's times a
    constant: closed eyes stay closed, blinks keep their shape.

    The constant is what the edit does to open eyes in the median. `lids_per_unit`: change of the opening of
    the actor's left and right eye per unit of each coefficient, in cm. `by`: the change of coefficients that opens each
    eye by 1 cm; by default of `eyeBlink`.
    """
    out = difference.copy()
    if by is None:
        by = np.stack([_by(space, lids_per_unit[:, k], "eyeBlink" + side) for k, side in enumerate(_SIDES)], 1)
    for eye in range(2):
        opening = articulation.lid_opening[:, eye]
        edit = difference @ lids_per_unit[:, eye]
        awake = opening >= np.quantile(opening, 0.4)
        factor = 1.0 + np.median(edit[awake]) / max(float(np.median(opening[awake])), 1e-6)
        factor = np.clip(factor, *LID_FACTORS)
        out += ((factor - 1.0) * opening - edit)[:, None] * by[:, eye]
    return out


def keep_width(
    space: ExpressionSpace,
    difference: Float[np.ndarray, "frames width"],
    width_per_unit: Float[np.ndarray, "width"],
    frame_rate: float,
    by: Float[np.ndarray, "width"] | None = None,
    mood: Float[np.ndarray, "frames"] | float = 0.0,
) -> Float[np.ndarray, "frames width"]:
    """`difference` with the corners of the mouth corrected so that its width changes by what is constant over the
    track, and a little of what is slow: rounded and spread vowels are speech.

    `width_per_unit`: change of the mouth's width per unit of each coefficient, in cm. `by`: the change of coefficients
    that widens it by 1 cm; by default of `mouthStretch`. `mood`: change in cm that is none of speech, and stays.
    """
    change = difference @ width_per_unit - mood
    slow = gaussian_filter1d(change, WIDTH_S * frame_rate, mode="nearest")
    middle = float(np.median(slow))
    missing = middle + WIDTH_DRIFT * (slow - middle) - change
    by = _by(space, width_per_unit, "mouthStretchLeft", "mouthStretchRight") if by is None else by
    return difference + missing[:, None] * by


def smile_taken_back(
    space: ExpressionSpace, difference: Float[np.ndarray, "frames width"], frame_rate: float
) -> Float[np.ndarray, "frames 2"]:
    """How much of a smile goes in each frame, as `mouthSmile` of the actor's left and right side; none below 0."""
    smiles = difference[:, [space.index(f"mouthSmile{side}") for side in _SIDES]]
    return np.maximum(-gaussian_filter1d(smiles, CHEEKS_S * frame_rate, axis=0, mode="nearest"), 0.0)


def relax_smile(
    space: ExpressionSpace,
    difference: Float[np.ndarray, "frames width"],
    taken: Float[np.ndarray, "frames 2"],
) -> Float[np.ndarray, "frames width"]:
    """`difference` with cheeks and upper lip that go down where a smile is taken back: a smile lifts them, but points
    on the skin hardly show the one, and a fit takes the other for speech; a frown under round cheeks, or over bared
    teeth, looks put on."""
    out = difference.copy()
    for side, smile in zip(_SIDES, taken.T, strict=True):
        out[:, space.index(f"cheekSquint{side}")] -= CHEEKS * smile
        out[:, space.index(f"mouthUpperUp{side}")] -= SMILE_LIP * smile
    return out


def keep_upper_lip(
    space: ExpressionSpace,
    difference: Float[np.ndarray, "frames width"],
    upper_lip_per_unit: Float[np.ndarray, "width"],
    share: float,
    by: Float[np.ndarray, "width"] | None = None,
) -> Float[np.ndarray, "frames width"]:
    """`difference` with only a `share` left of what raises or lowers the middle of the upper lip: teeth belong to the
    skull, and those that the lip has covered are in no image. A smile is in the corners of the mouth.

    `upper_lip_per_unit`: how far the middle of the upper lip goes down per unit of each coefficient, in cm. `by`: the
    change of coefficients that lowers it by 1 cm; by default of `mouthUpperUp`.
    """
    excess = (1.0 - share) * (difference @ upper_lip_per_unit)
    by = _by(space, upper_lip_per_unit, "mouthUpperUpLeft", "mouthUpperUpRight") if by is None else by
    return difference - excess[:, None] * by


def open_share(articulation: Articulation, frame_rate: float) -> Float[np.ndarray, "frames"]:
    """How much of the time around each frame the mouth is open, 0 to 1."""
    closed = CLOSED_SHARE * articulation.face_height
    opened = _smoothstep((articulation.mouth_opening - closed) / closed)
    return gaussian_filter1d(opened, OPEN_S * frame_rate, mode="nearest")


def wanted_opening(
    articulation: Articulation, target: MouthTarget, frame_rate: float, intensity: float
) -> Float[np.ndarray, "frames"]:
    """The mouth opening in cm that the edited video should have."""
    opening, height = articulation.mouth_opening, articulation.face_height
    if target.rest > 0:
        opening = opening - min(intensity, 1.0) * target.rest * resting_opening(opening, frame_rate)
    closed = CLOSED_SHARE * height
    gate = _smoothstep((opening - closed) / (2.5 * closed))
    gain = 1.0 + intensity * (target.gain - 1.0)
    out = opening * (1.0 + (gain - 1.0) * gate) + intensity * target.offset * height * gate
    # lips that (nearly) touch are pressed together: a moved lip looks more open than it is
    out = out - min(intensity, 1.0) * SEAL * opening * (1.0 - _smoothstep(opening / (1.5 * closed)))
    if target.silent_opening > 0:
        out = out + intensity * target.silent_opening * height * silence(opening < closed, frame_rate)
    return out


def _smoothstep(x: Float[np.ndarray, "frames"]) -> Float[np.ndarray, "frames"]:
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3 - 2 * x)


def resting_opening(opening: Float[np.ndarray, "frames"], frame_rate: float) -> Float[np.ndarray, "frames"]:
    """The opening to which the lips return again and again, never more than `opening` itself."""
    window = max(3, int(REST_S * frame_rate))
    lower = gaussian_filter1d(minimum_filter1d(opening, window, mode="nearest"), window / 4, mode="nearest")
    return np.minimum(lower, opening)


def silence(closed: np.ndarray, frame_rate: float) -> Float[np.ndarray, "frames"]:
    """1 in the middle of closures longer than `SILENCE_S`, 0 elsewhere, with soft flanks inside them."""
    out = np.zeros(len(closed))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], closed.astype(np.int8), [0]])))
    margin = 0.25 * SILENCE_S * frame_rate
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop - start < SILENCE_S * frame_rate:
            continue
        i = np.arange(start, stop)
        since = i - start if start > 0 else np.full(len(i), margin)
        until = stop - 1 - i if stop < len(closed) else np.full(len(i), margin)
        ramp = np.clip(np.minimum(since, until) / margin, 0.0, 1.0)
        out[start:stop] = _smoothstep(ramp)
    return out


def keep_speech(
    space: ExpressionSpace,
    difference: Float[np.ndarray, "frames width"],
    articulation: Articulation,
    opening_per_unit: Float[np.ndarray, "width"],
    target: MouthTarget,
    frame_rate: float,
    intensity: float,
    by: Float[np.ndarray, "width"] | None = None,
) -> Float[np.ndarray, "frames width"]:
    """`difference` corrected by jaw and lips so that the mouth opens exactly as `wanted_opening` says.

    `by`: the change of coefficients other than the jaw that opens the lips by 1 cm; by default of those that part them.
    """
    wanted = wanted_opening(articulation, target, frame_rate, intensity)
    resulting = articulation.mouth_opening + difference @ opening_per_unit
    missing = wanted - resulting
    out = difference.copy()
    out[:, 0] += _JAW_SHARE * missing / opening_per_unit[0]
    by = _by(space, opening_per_unit, *_LIP_NAMES) if by is None else by
    return out + ((1.0 - _JAW_SHARE) * missing)[:, None] * by


def _by(space: ExpressionSpace, per_unit: Float[np.ndarray, "width"], *names: str) -> Float[np.ndarray, "width"]:
    """The change of these coefficients, all alike, whose effect is 1."""
    columns, out = [space.index(name) for name in names], np.zeros(space.width)
    out[columns] = 1.0 / float(per_unit[columns].sum())
    return out


def keep_all(
    space: ExpressionSpace,
    difference: Float[np.ndarray, "frames width"],
    articulation: Articulation,
    effects: Effects,
    target: MouthTarget,
    frame_rate: float,
    intensity: float,
) -> Float[np.ndarray, "frames width"]:
    """All guards, one after another, in any space; the mouth's opening has the last word."""
    lids, width, lip, opening = (effects.by.lids, effects.by.width, effects.by.upper_lip, effects.by.opening) if (
        effects.by) else (None, None, None, None)  # fmt: skip
    difference = keep_blinks(space, difference, articulation, effects.lids, lids)
    if effects.by is not None:  # where smile and cheeks have no names
        difference = keep_width(space, difference, effects.width, frame_rate, width)
        difference = keep_upper_lip(space, difference, effects.upper_lip, target.upper_lip, lip)
    else:
        taken = smile_taken_back(space, difference, frame_rate)
        corners = [space.index(f"mouthSmile{side}") for side in _SIDES]
        mood = -SMILE_WIDTH * taken @ effects.width[corners]
        difference = keep_width(space, difference, effects.width, frame_rate, mood=mood)
        difference = keep_upper_lip(space, difference, effects.upper_lip, target.upper_lip)
        difference = relax_smile(space, difference, taken)
    return keep_speech(space, difference, articulation, effects.opening, target, frame_rate, intensity, opening)
