"""Options of the edit: who is edited, into what, when, and by which manipulator."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ned.config.affect import place_asked
from ned.config.affect_path import Stop, parse_path, said_path
from ned.config.options import check_choice, option
from ned.config.roles import FACE_MODELS, FITS, LANDMARKS, MANIPULATORS, SOURCES
from ned.config.timeline import (
    MAX_INTENSITY,
    MAX_TRANSITION_S,
    PATH,
    PLACE,
    REFERENCE,
    TRACK,
    Keyframe,
    PersonEdit,
    parse_edit,
    parse_person,
    parse_timeline,
)
from ned.emotions import EMOTIONS
from ned.errors import UserError
from ned.runtime.extras import need


def _timeline(value: Any) -> tuple[PersonEdit, ...]:
    """Parsed already, text, or YAML's list."""
    return value if _are_edits(value) else parse_timeline(value)


def _edits(value: Any) -> tuple[PersonEdit, ...]:
    """Parsed already, one text, or several."""
    if _are_edits(value):
        return value
    return tuple(parse_edit(edit) for edit in (value if isinstance(value, list | tuple) else [value]))


def _are_edits(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(edit, PersonEdit) for edit in value)


FLAME_VARIABLE = "NED_FLAME"
"""Environment variable that names FLAME's folder where no option does."""


def flame_of_environment() -> Path | None:
    """FLAME's folder, where the environment names one."""
    named = os.environ.get(FLAME_VARIABLE)
    return Path(named).expanduser() if named else None


@dataclass(frozen=True)
class FaceModelOptions:
    """Whose face model, and where its files are. Checked when it is made."""

    face_model: str = option(
        "canonical", choices=FACE_MODELS, help="canonical is shipped; the others come from your own files"
    )
    flame_folder: Path | None = option(None, metavar="DIR", help="folder with FLAME's files, or the model file")
    ict_folder: Path | None = option(None, metavar="DIR", help="clone of ICT-FaceKit")
    fit: str = option(
        LANDMARKS, choices=FITS, help="who reads FLAME's coefficients: landmarks, or an encoder with weights of yours"
    )
    landmarks: str = option(
        SOURCES[0], choices=SOURCES, help="who sees the landmarks that FLAME is fitted to; not mediapipe: optional"
    )
    encoder_weights: Path | None = option(
        None, metavar="FILE", help="checkpoint of the encoder; default: the one among FLAME's files"
    )
    accept_licence: bool = option(
        False, help="say, once, that you may use FLAME and the encoder under their licences"
    )

    @property
    def face_model_folder(self) -> Path | None:
        """Where the chosen model's own files are; None for the one that is shipped."""
        return {"flame": self.flame_folder or flame_of_environment(), "ict": self.ict_folder}.get(self.face_model)

    def check_face_model(self) -> None:
        """Raise UserError for a model without its files."""
        check_choice("face-model", self.face_model, tuple(FACE_MODELS))
        check_choice("fit", self.fit, FITS)
        check_choice("landmarks", self.landmarks, SOURCES)
        if self.landmarks != SOURCES[0] and self.face_model != "flame":
            raise UserError(f"{self.landmarks} has landmarks for FLAME", remedy="add --face-model flame")
        if self.face_model == "flame" and self.face_model_folder is None:
            remedy = f"give --flame-folder DIR or set {FLAME_VARIABLE}; see docs/flame.md"
            raise UserError("FLAME comes from your own files", remedy=remedy)
        if self.fit != LANDMARKS:
            need("torch", f"--fit {self.fit}")
        if self.fit != LANDMARKS and self.face_model != "flame":
            remedy = "add --face-model flame --flame-folder DIR"
            raise UserError(f"{self.fit} gives FLAME's coefficients", remedy=remedy)
        if self.encoder_weights is not None and self.fit == LANDMARKS:
            raise UserError("--encoder-weights is the checkpoint of an encoder", remedy="say which one with --fit")
        for folder, owner in ((self.flame_folder, "flame"), (self.ict_folder, "ict")):
            if folder is not None and self.face_model == "canonical":
                raise UserError(f"--{owner}-folder has no part in --face-model canonical", path=folder,
                                remedy=f"add --face-model {owner}")  # fmt: skip
        if self.face_model == "ict" and self.ict_folder is None:
            raise UserError("ICT-FaceKit comes from your own clone", remedy="give --ict-folder DIR")


@dataclass(frozen=True)
class EditOptions(FaceModelOptions):
    """What is done to the expression; all that the stages before rendering are told. Checked when it is made."""

    emotion: str = option("happy", short="-e", choices=EMOTIONS, help="emotion to give the person")
    valence: float | None = option(
        None, metavar="-1..1", help="displeasure to pleasure, in place of an emotion; with arousal a point of the disc"
    )
    arousal: float | None = option(None, metavar="-1..1", help="calm to excitement, in place of an emotion")
    va_path: tuple[Stop, ...] = option(
        (), metavar="TEXT", parse=parse_path,
        help='glide through valence and arousal, such as "0:-.4,-.2 5:.6,.4": TIME:VALENCE,AROUSAL …',
    )  # fmt: skip
    intensity: float = option(
        1.0, short="-i", metavar="0..1.5", help="strength of the edit; 0 changes nothing, 1 is the usual"
    )
    timeline: tuple[PersonEdit, ...] = option(
        (), metavar="TEXT|YAML", parse=_timeline,
        help='emotions over time, such as "0:neutral 3.5:happy@0.8 7:va(.7,.3)", or a YAML file with more',
    )  # fmt: skip
    transition_s: float = option(
        0.8, flag="--transition", metavar="TIME", help="how long a change of emotion in a timeline takes, in seconds"
    )
    reference: tuple[Path, ...] = option(
        (), metavar="CLIP", repeat=True,
        help="imitate the expressive style of the person in this video; may be given several times",
    )  # fmt: skip
    person: int | str | None = option(
        None, short="-p", metavar="N|all", parse=parse_person,
        help="number in `ned analyse`, or all; default: the most prominent speaker",
    )  # fmt: skip
    person_like: Path | None = option(
        None, metavar="IMAGE", help="edit the person who looks most like the one in this image"
    )
    edit: tuple[PersonEdit, ...] = option(
        (), metavar="N:EMOTION[@I]", repeat=True, parse=_edits,
        help="what happens to one person, such as 2:sad@0.5; may be given several times",
    )  # fmt: skip
    manipulator: str | None = option(
        None, choices=MANIPULATORS,
        help="how the edited expression is found; default: learned, vitl for valence and arousal",
    )  # fmt: skip
    manipulator_weights: Path | None = option(
        None, metavar="FILE", help="checkpoint of `ned train manipulator` or `vitl` to use instead of the shipped one"
    )
    expression: Path | None = option(
        None, metavar="CSV", help="take the expression from this ARKit / Live Link CSV file instead of an emotion"
    )
    seed: int = option(0, metavar="N", help="number from which all chance is drawn; the same seed, the same result")

    def check_edit(self) -> None:
        """Raise UserError for options that do not fit or do not go together."""
        self.check_face_model()
        check_choice("emotion", self.emotion, EMOTIONS)
        if self.manipulator is not None:
            check_choice("manipulator", self.manipulator, tuple(MANIPULATORS))
        if self.manipulator_weights is not None and not MANIPULATORS[self.chosen_manipulator].weights:
            cause = f"the manipulator {self.chosen_manipulator!r} has no weights"
            raise UserError(cause, remedy="leave out one of manipulator, manipulator-weights")
        if not 0 <= self.intensity <= MAX_INTENSITY:
            raise UserError(
                f"intensity is {self.intensity:g}", remedy=f"choose from 0 (no change) to {MAX_INTENSITY:g}, usually 1"
            )
        if self.transition_s > MAX_TRANSITION_S:
            raise UserError(f"transition is {self.transition_s:g} s", remedy=f"give up to {MAX_TRANSITION_S:g}")
        self._check_people()
        if self.seed < 0:
            raise UserError(f"seed is {self.seed}", remedy="give 0 or more")

    @property
    def place(self) -> tuple[float, float] | None:
        """Valence and arousal, where one of them was given for the whole run."""
        return place_asked(self.valence, self.arousal)

    @property
    def chosen_manipulator(self) -> str:
        """The one that was named, else the one that knows what is asked for."""
        if self.manipulator is not None:
            return self.manipulator
        timed = any(key.on_plane for edit in self.edit or self.timeline for key in edit.keyframes)
        return "vitl" if timed or self.va_path or self.place is not None else "learned"

    def person_edits(self) -> tuple[PersonEdit, ...]:
        """What happens to whom, whichever option said it; nothing is left open but who the most prominent speaker is.

        Raises UserError where a timeline asks for a reference that is not there.
        """
        simple = Keyframe(0.0, REFERENCE if self.reference else self.emotion)
        if self.place is not None:
            simple = Keyframe(0.0, PLACE, place=self.place)
        if self.va_path:
            simple = Keyframe(0.0, PATH, path=self.va_path)
        if self.expression is not None:
            simple = Keyframe(0.0, TRACK)
        edits = self.edit or self.timeline or (PersonEdit((simple,)),)
        return tuple(edit.resolved(self.intensity, self.transition_s, self.reference) for edit in edits)

    def _check_people(self) -> None:
        """Raise UserError for options that name people twice, or a timeline without its reference."""
        named = [name for name in ("person", "person_like") if getattr(self, name) is not None]
        asked = [name for name in ("edit", "timeline", "expression") if getattr(self, name)]
        whole = [*asked, *(["reference"] if self.reference else [])]
        if self.va_path and (whole or self.place is not None):
            flags = ", ".join("--" + name for name in whole or ("valence", "arousal"))
            raise UserError(f"--va-path does not go with {flags}", remedy="give one of them")
        if self.place is not None and whole:
            flags = ", ".join("--" + name for name in whole)
            raise UserError(f"valence and arousal do not go with {flags}", remedy="write va(V,A) in the timeline")
        who = [edit.person for edit in self.edit or self.timeline]
        if len(named) > 1 or len(asked) > 1 or (named and who and who != [None]):
            flags = ", ".join("--" + name.replace("_", "-") for name in (*asked, *named))
            raise UserError(f"{flags} do not go together", remedy="give one of them")
        for person in who:
            if who.count(person) > 1:
                whom = f"person {person}" if person is not None else "one person"
                raise UserError(f"there are two edits for {whom}", remedy="give one, or a timeline")
        if self.expression and self.person == "all":
            raise UserError("one CSV file cannot fit all persons", remedy="give the number of one as --person")
        keyframes = [key for edit in self.person_edits() for key in edit.keyframes]
        chosen = self.chosen_manipulator
        if any(key.references for key in keyframes) and chosen in ("prototypes", "vitl"):
            who = "the prototypes" if chosen == "prototypes" else "the slider"
            raise UserError(f"{who} cannot imitate a reference", remedy="use --manipulator learned")
        if any(key.on_plane for key in keyframes) and chosen in ("prototypes", "learned"):
            who = "the prototypes do" if chosen == "prototypes" else "the learned manipulator does"
            raise UserError(f"{who} not know valence and arousal", remedy="use --manipulator vitl, or leave it out")

    def describe(self) -> str:
        """What is done to the expression, in words: `happy, intensity 0.8`."""
        if self.expression:
            return f"expression of {self.expression}"
        edits = self.edit or self.timeline
        if self.va_path:
            return f"along {said_path(self.va_path)}, intensity {self.intensity:g}"
        if not edits and self.place is not None:
            return "valence {:g}, arousal {:g}, intensity {:g}".format(*self.place, self.intensity)
        if not edits:
            style = f"style of {', '.join(clip.name for clip in self.reference)}" if self.reference else self.emotion
            return f"{style}, intensity {self.intensity:g}"
        parts = ["" if edit.person is None else f"person {edit.person}: " for edit in edits]
        return "; ".join(part + edit.describe() for part, edit in zip(parts, self.person_edits(), strict=True))

    def edit_said(self) -> str:
        """What is done to the expression, in words, without paths: `to happy at intensity 0.8`."""
        if self.expression:
            return "from a file"
        if self.va_path:
            return self.describe()
        mixed = self.edit or self.timeline or self.reference or self.place is not None
        return f"to {self.describe()}" if mixed else f"to {self.emotion} at intensity {self.intensity:g}"
