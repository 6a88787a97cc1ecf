"""Faces of an image, edited and painted by the stages of video."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt, UInt8

from ned.edit.track_edit import TrackEdit
from ned.exchange.livelink import read_expression
from ned.face_model import FaceModel
from ned.manipulator import build_manipulator, effects_of
from ned.manipulator.playback import Playback
from ned.manipulator.protocol import Articulation, unknown_style
from ned.manipulator.vitl.manipulator import VitlManipulator
from ned.manipulator.vitl.plane import NAMES, check_place, place_of, shares_at
from ned.renderer import build_renderer
from ned.rendering.painter import Painter
from ned.stills.faces import Face, Portrait
from ned.stills.frame import RATE, OneFrame, pixels_of
from ned.stills.upright import StillImage, eight_bits
from ned.types import Edit, Emotion, ExpressionTrack, Style, Track, ValenceArousal
from ned.video import Frame

HELD = 101
"""Frames that the manipulators of labels see an image held for: four seconds."""

OPEN_NAMES = ("happy", "surprised", "fear")
"""What opens the mouth; elsewhere in the plane an open mouth of an image, which is no speech, closes in part."""

CLOSING = 0.75


@dataclass(frozen=True)
class Wish:
    """What is asked for one image's faces: a label or a place of the plane, or a file with an expression."""

    style: Style = Emotion("happy")
    expression: Path | None = None
    intensity: float = 1.0
    manipulator: str = "vitl"
    seed: int = 0
    editor: str = "warp"
    """What changes the pixels, one of `ned.config.still.EDITORS`; all but the warp are networks."""
    editor_weights: tuple[Path, ...] = ()
    scope: str | None = None
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class EditedStill:
    """What came of an image."""

    image: StillImage
    edits: tuple[TrackEdit, ...]


def edit_faces(portrait: Portrait, wish: Wish) -> EditedStill:
    """The image with every face of the portrait edited; what is outside faces keeps its samples."""
    model = portrait.model
    change = manipulate_with(wish, model)
    edits = tuple(
        TrackEdit(face.track, face.fit, change(face), model, face.strength) for face in portrait.faces
    )
    if wish.editor != "warp":
        from ned.stills.gan.choice import load_painter  # networks need torch

        paint_with = load_painter(wish.editor, wish.editor_weights, wish.scope, wish.parts)
        painted = paint_with(portrait.frame, portrait.faces, wish.style, wish.intensity)
    else:
        painted = paint(portrait.frame, edits, model)
    pixels = pixels_of(painted)
    if portrait.image.grey:
        pixels = _in_grey(pixels)
    return EditedStill(portrait.image.with_pixels(pixels), edits)


def paint(frame: Frame, edits: Sequence[TrackEdit], model: FaceModel) -> Frame:
    """The frame with these edits, one upon another."""
    still = OneFrame(frame)
    for edit in edits:
        if edit.changed().any():
            painter = Painter(edit, build_renderer(model), still)
            try:
                frame = painter.paint(frame, 0)
            finally:
                painter.close()
    return frame


def manipulate_with(wish: Wish, model: FaceModel) -> Callable[[Face], ExpressionTrack]:
    """What gives the edited expression of a face. Raises UserError for an expression that does not fit."""
    if wish.expression is not None:

        def from_file(face: Face) -> ExpressionTrack:
            own = face.fit.expression
            given = Track(read_expression(wish.expression, own, np.zeros(1), Fraction(int(RATE))))
            return Playback(model.space).translate(own, face.articulation, RATE, Edit(given, wish.intensity))

        return from_file
    if wish.manipulator != "vitl":
        manipulator = build_manipulator(wish.manipulator, model)

        def by_label(face: Face) -> ExpressionTrack:
            track, said = hold(face.fit.expression, face.articulation)
            asked = Edit(wish.style, wish.intensity, wish.seed)
            edited = manipulator.translate(track, said, RATE, asked)
            return edited[HELD // 2 : HELD // 2 + 1]

        return by_label
    slider = VitlManipulator(model.space, effects_of(model))
    place = place_asked(wish)

    def by_place(face: Face) -> ExpressionTrack:
        track, said = hold(face.fit.expression, face.articulation)
        moved = slider.move(track, said, RATE, place, wish.intensity, variation=0.0, closing=closing_at(place))
        return moved[HELD // 2 : HELD // 2 + 1]

    return by_place


def place_asked(wish: Wish) -> Float[np.ndarray, "2"]:
    """The point of the plane that a wish means. Raises UserError for another kind of style."""
    if isinstance(wish.style, ValenceArousal):
        return check_place(wish.style.valence, wish.style.arousal)
    if not isinstance(wish.style, Emotion):
        raise unknown_style("the slider", wish.style, "ask for an emotion, or for valence and arousal")
    return place_of(wish.style.name)


def closing_at(place: Float[np.ndarray, "2"]) -> float:
    """Share of an open mouth that closes there, since in an image it is expression and not speech."""
    shares = shares_at(place[None])[0]
    return CLOSING * float(1.0 - sum(shares[NAMES.index(name)] for name in OPEN_NAMES))


def hold(expression: ExpressionTrack, articulation: Articulation) -> tuple[ExpressionTrack, Articulation]:
    """An image as video sees somebody who holds still: manipulators know silence from speech by its length."""
    packed = np.repeat(expression.pack()[:1], HELD, axis=0)
    longer = replace(
        articulation, mouth_opening=np.repeat(articulation.mouth_opening[:1], HELD),
        lid_opening=np.repeat(articulation.lid_opening[:1], HELD, axis=0),
    )  # fmt: skip
    return ExpressionTrack.unpack(expression.space, packed), longer


def _in_grey(pixels: UInt[np.ndarray, "h w 3"]) -> UInt[np.ndarray, "h w 3"]:
    """Luma in all three channels; in bands, for the sake of memory."""
    out = np.empty_like(pixels)
    for top in range(0, len(pixels), 256):
        luma = pixels[top : top + 256] @ np.array([0.2126, 0.7152, 0.0722])
        out[top : top + 256] = np.round(luma)[..., None]
    return out


def rgb_of(frame: Frame) -> UInt8[np.ndarray, "h w 3"]:
    """A frame in 8 bits."""
    return eight_bits(pixels_of(frame))
