"""Faces of an image, found and fitted by the stages of video."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ned.edit.track_edit import edit_strength, measure_articulation
from ned.errors import UserError
from ned.face_model import FaceModel, load_face_model
from ned.fitting.least_squares import fit_face
from ned.manipulator.protocol import Articulation
from ned.stills.frame import RATE, analyse_image, frame_of
from ned.stills.upright import StillImage, eight_bits
from ned.types import Analysis, FaceFit, FaceTrack
from ned.video import Frame

LEAST_PX, MOST_FACES = 44.0, 100
"""Width of the least face that is edited, and how many are edited unless one is named."""

AROUND = 1.5625
"""Side of a close-up, as a share of the face's larger side."""


@dataclass(frozen=True)
class Face:
    """One face of an image, ready to be edited."""

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
    """An image with its faces."""

    image: StillImage
    frame: Frame
    faces: tuple[Face, ...]
    analysis: Analysis
    left_out: int
    """Faces that are too small."""

    @property
    def model(self) -> FaceModel:
        return load_face_model("canonical")


def find_faces(image: StillImage, person: int | None = None) -> Portrait:
    """The faces of an image, or the one numbered `person`. Raises UserError where none can be edited, or a number that
    is not there is named."""
    analysis = analyse_image(image, eight_bits(image.pixels))
    known = analysis.tracks
    large = [track for track in known if track.boxes[0, 2] - track.boxes[0, 0] >= LEAST_PX]
    if not large:
        what = "the faces in it are too small" if known else "no face was found"
        remedy = "give an image in which a face is at least about 60 pixels wide and looks at the camera"
        raise UserError(what, path=image.path, remedy=remedy)
    if person is not None:
        numbers = ", ".join(str(track.person) for track in large[:20])
        large = [track for track in large if track.person == person]
        if not large:
            small = any(track.person == person for track in known)
            said = f"the face of person {person} is too small" if small else f"there is no person {person}"
            raise UserError(said, path=image.path, remedy=f"choose one of: {numbers}")
    elif len(large) > MOST_FACES:
        said = f"shows {len(large)} faces, more than {MOST_FACES}"
        raise UserError(said, path=image.path, remedy="name one as --person, 1 is the most prominent")
    model = load_face_model("canonical")
    faces = tuple(prepare(track, model, analysis) for track in large)
    small = len(known) - len(large) if person is None else 0
    return Portrait(image, frame_of(image.pixels), faces, analysis, small)


def prepare(track: FaceTrack, model: FaceModel, analysis: Analysis) -> Face:
    """Fit one face."""
    fit = fit_face(track, model, RATE)
    return Face(track, fit, measure_articulation(track, fit, model), edit_strength(track, fit, analysis))


def square_around(face: Face) -> tuple[float, float, float]:
    """Left, top and side in pixels of the square that a close-up shows; it may reach out of the image."""
    box = face.track.boxes[0]
    side = AROUND * float((box[2:] - box[:2]).max())
    x0, y0 = (float(v) for v in (box[:2] + box[2:]) / 2 - side / 2)
    return x0, y0, side
