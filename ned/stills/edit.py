"""Faces of a picture: found, fitted, edited and painted by the stages of video."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt, UInt8

from ned.analysis.fit import fit_face
from ned.errors import UserError
from ned.exchange.livelink import read_expression
from ned.face_model import FaceModel, load_face_model
from ned.manipulator import build_manipulator, effects_of
from ned.manipulator.protocol import Articulation
from ned.manipulator.vitl.manipulator import VitlManipulator
from ned.manipulator.vitl.plane import NAMES, check_place, place_of, shares_at
from ned.paint import Painter
from ned.plan import TrackEdit, edit_strength, measure_articulation
from ned.renderer import build_renderer
from ned.stills.frame import RATE, OneFrame, analyse_picture, frame_of, pixels_of
from ned.stills.picture import Picture, eight_bits
from ned.types import Analysis, Edit, ExpressionTrack, FaceFit, FaceTrack
from ned.video import Frame

LEAST_PX, MOST_FACES = 44.0, 100
"""Width of the least face that is edited, and how many are edited unless one is named."""

HELD = 101
"""Frames that the manipulators of labels see a picture held for: four seconds."""

OPEN_NAMES = ("happy", "surprised", "fear")
"""What opens the mouth; elsewhere in the plane an open mouth of a picture, which is no speech, closes in part."""

CLOSING = 0.75


@dataclass(frozen=True)
class Wish:
    """What is asked for one picture's faces: a label, a place of the plane, or a file with an expression."""

    emotion: str | None = None
    place: tuple[float, float] | None = None
    expression: Path | None = None
    intensity: float = 1.0
    manipulator: str = "vitl"
    seed: int = 0
    editor_weights: Path | None = None
    """Of the small editor, which then changes the pixels; None is the warp."""


@dataclass(frozen=True)
class Face:
    """One face of a picture, ready to be edited."""

    track: FaceTrack
    fit: FaceFit
    articulation: Articulation
    strength: Float[np.ndarray, "frames"]

    @property
    def number(self) -> int:
        return self.track.person

    @property
    def width_px(self) -> float:
        return float(self.track.boxes[0, 2] - self.track.boxes[0, 0])


@dataclass(frozen=True)
class Portrait:
    """A picture with its faces."""

    picture: Picture
    frame: Frame
    faces: tuple[Face, ...]
    analysis: Analysis
    left_out: int
    """Faces that are too small."""

    @property
    def model(self) -> FaceModel:
        return load_face_model("canonical")


@dataclass(frozen=True)
class EditedStill:
    """What came of a picture."""

    picture: Picture
    edits: tuple[TrackEdit, ...]


def find_faces(picture: Picture, person: int | None = None) -> Portrait:
    """The faces of a picture, or the one numbered `person`. Raises UserError where none can be edited, or a number that
    is not there is named."""
    analysis = analyse_picture(picture, eight_bits(picture.pixels))
    known = analysis.tracks
    large = [track for track in known if track.boxes[0, 2] - track.boxes[0, 0] >= LEAST_PX]
    if not large:
        what = "the faces in it are too small" if known else "no face was found"
        remedy = "give a picture in which a face is at least about 60 pixels wide and looks at the camera"
        raise UserError(what, path=picture.path, remedy=remedy)
    if person is not None:
        large = [track for track in large if track.person == person]
        if not large:
            numbers = ", ".join(str(track.person) for track in known[:20])
            raise UserError(f"there is no person {person}", path=picture.path, remedy=f"choose one of: {numbers}")
    elif len(large) > MOST_FACES:
        said = f"shows {len(large)} faces, more than {MOST_FACES}"
        raise UserError(said, path=picture.path, remedy="name one as --person, 1 is the most prominent")
    model = load_face_model("canonical")
    faces = tuple(prepare(track, model, analysis) for track in large)
    small = len(known) - len(large) if person is None else 0
    return Portrait(picture, frame_of(picture.pixels), faces, analysis, small)


def prepare(track: FaceTrack, model: FaceModel, analysis: Analysis) -> Face:
    """Fit one face."""
    fit = fit_face(track, model, RATE)
    return Face(track, fit, measure_articulation(track, fit, model), edit_strength(track, fit, analysis))


def edit_faces(portrait: Portrait, wish: Wish) -> EditedStill:
    """The picture with every face of the portrait edited; what is outside faces keeps its samples."""
    model = portrait.model
    change = manipulate_with(wish, model)
    edits = tuple(
        TrackEdit(face.track, face.fit, change(face), model, face.strength) for face in portrait.faces
    )
    if wish.editor_weights is not None:
        from ned.stills.gan.apply import edit_with, load_editor

        editor = load_editor(wish.editor_weights)
        painted = edit_with(editor, portrait.frame, portrait.faces, place_asked(wish), wish.intensity)
    else:
        painted = paint(portrait.frame, edits, model)
    pixels = pixels_of(painted)
    if portrait.picture.grey:
        pixels = _in_grey(pixels)
    return EditedStill(portrait.picture.with_pixels(pixels), edits)


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
            return read_expression(wish.expression, face.fit.expression, np.zeros(1), Fraction(int(RATE)))

        return from_file
    if wish.place is None and wish.manipulator != "vitl":
        manipulator = build_manipulator(wish.manipulator, model)

        def by_label(face: Face) -> ExpressionTrack:
            track, said = hold(face.fit.expression, face.articulation)
            asked = Edit(wish.emotion or "happy", wish.intensity, wish.seed)
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
    """The point of the plane that a wish means."""
    return place_of(wish.emotion or "happy") if wish.place is None else check_place(*wish.place)


def closing_at(place: Float[np.ndarray, "2"]) -> float:
    """Share of an open mouth that closes there, since in a picture it is expression and not speech."""
    shares = shares_at(place[None])[0]
    return CLOSING * float(1.0 - sum(shares[NAMES.index(name)] for name in OPEN_NAMES))


def hold(expression: ExpressionTrack, articulation: Articulation) -> tuple[ExpressionTrack, Articulation]:
    """A picture as film sees somebody who holds still: manipulators know silence from speech by its length."""
    packed = np.repeat(expression.pack()[:1], HELD, axis=0)
    longer = replace(
        articulation, mouth_opening=np.repeat(articulation.mouth_opening[:1], HELD),
        lid_opening=np.repeat(articulation.lid_opening[:1], HELD, axis=0),
    )  # fmt: skip
    return ExpressionTrack.unpack(expression.space, packed), longer


def _in_grey(pixels: UInt[np.ndarray, "h w 3"]) -> UInt[np.ndarray, "h w 3"]:
    grey = np.round(pixels @ np.array([0.2126, 0.7152, 0.0722])).astype(pixels.dtype)
    return np.repeat(grey[..., None], 3, 2)


def rgb_of(frame: Frame) -> UInt8[np.ndarray, "h w 3"]:
    """A frame in 8 bits."""
    return eight_bits(pixels_of(frame))
