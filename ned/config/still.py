"""What `ned still` is asked to do; imports nothing heavy, so that wrong options are answered at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ned import workspace
from ned.config.affect import name_of, place_asked
from ned.config.options import check_choice, option
from ned.config.roles import MANIPULATORS
from ned.config.timeline import MAX_INTENSITY
from ned.emotions import EMOTIONS
from ned.errors import UserError
from ned.runtime.extras import need
from ned.workspace.images import check_writes, default_image

LABELS = (*EMOTIONS, "relaxed", "tired", "bored")
"""Everything that has a name in the plane of valence and arousal."""

EDITORS = ("warp", "small", "caae", "stargan", "cyclegan")
"""What changes the pixels: the renderer of videos, or one of `ned.stills.gan`'s networks."""
SCOPES, PARTS = ("image", "face", "parts"), ("mouth", "eyes", "nose")
"""What a network sees of an image, where it was trained so."""
MAX_GRID = 15


def _person(value: Any) -> int | None:
    """A number from 1, or all."""
    if value is None or str(value).lower() == "all":
        return None
    try:
        number = int(str(value))
        if number >= 1:
            return number
    except ValueError:
        pass
    raise UserError(f"person is {str(value)[:40]!r}", remedy="give a number from 1, or all")


def _parts(value: Any) -> tuple[str, ...]:
    """`mouth,eyes`."""
    if not isinstance(value, str):
        return tuple(value)
    return tuple(word.strip() for word in value.split(",") if word.strip())


@dataclass(frozen=True)
class StillConfig:
    """Checked when it is made."""

    input: Path = option(help="photograph; several, a folder or a pattern: all of them", metavar="PHOTO")
    output: Path | None = option(
        None, short="-o", metavar="OUT",
        help="where to write, for several a folder; default: PHOTO's name with the emotion, beside PHOTO",
    )  # fmt: skip
    emotion: str | None = option(
        None, short="-e", choices=LABELS, help="emotion to give every face; happy where nothing else is asked for"
    )
    valence: float | None = option(None, metavar="-1..1", help="displeasure to pleasure, instead of an emotion")
    arousal: float | None = option(None, metavar="-1..1", help="calm to excitement; with valence a point of the disc")
    expression: Path | None = option(None, metavar="CSV", help="take the expression from this ARKit CSV file instead")
    intensity: float = option(1.0, short="-i", metavar="0..1.5", help="strength of the edit; 0 changes nothing")
    person: int | None = option(
        None, short="-p", metavar="N|all", parse=_person, help="only this face, 1 is the most prominent; default: all"
    )
    grid: int | None = option(
        None, metavar="N", help="write a sheet of N×N expressions from all over the plane (7 is usual) instead"
    )
    sweep: bool = option(False, help="write an animation (WebP) that goes around the plane instead")
    editor: str = option("warp", choices=EDITORS, help="what changes the pixels: ned's renderer, or a network")
    editor_weights: tuple[Path, ...] = option(
        (), metavar="FILE", repeat=True,
        help="checkpoint of `ned train small-editor`, `caae`, `stargan` or `cyclegan`; one for each part of the face",
    )  # fmt: skip
    scope: str | None = option(
        None, choices=SCOPES, help="what stargan and cyclegan redraw; default: what their checkpoint was trained on"
    )
    part: tuple[str, ...] = option(
        (), metavar="mouth,eyes,nose", parse=_parts, help="which parts they redraw; default: all there are files for"
    )
    compare_editors: bool = option(
        False, help="write a sheet instead: the faces by the warp and by each network of --editor-weights, side by side"
    )
    manipulator: str = option("vitl", choices=MANIPULATORS, help="how the edited expression is found")
    seed: int = option(0, metavar="N", help="number from which all chance is drawn")
    provenance: bool = option(True, help="sign the output (C2PA): what was done, and to which source")
    provenance_cert: Path | None = option(
        None, metavar="PEM", help="sign with this certificate chain; default: one made for this computer"
    )
    provenance_key: Path | None = option(None, metavar="PEM", help="the private key of that certificate")
    overwrite: bool = option(False, short="-y", help="replace output files that exist")

    def __post_init__(self) -> None:
        check_choice("manipulator", self.manipulator, tuple(MANIPULATORS))
        check_choice("editor", self.editor, EDITORS)
        self._check_editor()
        if self.emotion is not None:
            check_choice("emotion", self.emotion, LABELS)
        if not 0 <= self.intensity <= MAX_INTENSITY:
            remedy = f"choose from 0 (no change) to {MAX_INTENSITY:g}, usually 1"
            raise UserError(f"intensity is {self.intensity:g}", remedy=remedy)
        asked = [name for name in ("emotion", "expression") if getattr(self, name) is not None]
        asked += ["valence"] if (self.valence, self.arousal) != (None, None) else []
        asked += [name for name in ("grid", "sweep") if getattr(self, name)]
        if self.compare_editors and (self.expression or self.grid or self.sweep):
            raise UserError("editors are compared at one emotion or place", remedy=f"leave out --{asked[-1]}")
        if len(asked) > 1:
            flags = ", ".join(f"--{name}" for name in asked)
            raise UserError(f"{flags} do not go together", remedy="give one of them")
        if self.grid is not None and not 2 <= self.grid <= MAX_GRID:
            raise UserError(f"grid is {self.grid}", remedy=f"give 2 to {MAX_GRID}, usually 7")
        place = self.place  # raises outside the disc
        if self.manipulator != "vitl" and (place is not None or self.grid or self.sweep):
            raise UserError(f"{self.manipulator} knows labels only", remedy="use --manipulator vitl, or leave it out")
        if self.manipulator != "vitl" and self.emotion not in (None, *EMOTIONS):
            raise UserError(f"{self.manipulator} does not know {self.emotion}", remedy="use --manipulator vitl")
        if self.seed < 0:
            raise UserError(f"seed is {self.seed}", remedy="give 0 or more")
        if (self.provenance_cert is None) != (self.provenance_key is None):
            remedy = "give --provenance-cert and --provenance-key"
            raise UserError("a certificate and its key go together", remedy=remedy)

    def _check_editor(self) -> None:
        """Raise UserError where editor, weights, scope and parts do not fit; reads no file."""
        network, name = self.editor != "warp", self.editor
        if self.compare_editors and (network or self.scope or self.part):
            raise UserError("a comparison shows all editors", remedy="leave out --editor, --scope and --part")
        if network and not self.editor_weights:
            made = "small-editor" if name == "small" else name
            remedy = f"give --editor-weights FILE, which `ned train {made}` makes"
            raise UserError(f"the editor {name} needs its weights", remedy=remedy)
        if self.editor_weights and not network and not self.compare_editors:
            raise UserError("the warp has no weights", remedy="name an --editor, or --compare-editors")
        if self.editor_weights:
            need("torch", "networks that edit stills")
        if name in ("small", "caae") and len(self.editor_weights) > 1:
            raise UserError(f"the editor {name} takes one file of weights", remedy="give one --editor-weights")
        if (self.scope or self.part) and name not in ("stargan", "cyclegan"):
            raise UserError("scope and part are for stargan and cyclegan", remedy="leave them out")
        if self.scope is not None:
            check_choice("scope", self.scope, SCOPES)
        for part in self.part:
            check_choice("part", part, PARTS)
        if self.part and self.scope not in (None, "parts"):
            raise UserError(f"--part does not go with scope {self.scope}", remedy="leave out one of them")
        if len(set(self.part)) < len(self.part):
            raise UserError("a part is named twice", remedy="name each once")
        if network and (self.expression or self.grid or self.sweep or self.manipulator != "vitl"):
            raise UserError(f"the editor {name} goes to one emotion or place", remedy="leave out the other options")

    @property
    def place(self) -> tuple[float, float] | None:
        """Valence and arousal, where one of them was given. Raises UserError outside the disc."""
        return place_asked(self.valence, self.arousal)

    @property
    def output_path(self) -> Path:
        if self.output is not None:
            return self.output
        if self.grid:
            return default_image(self.input, "plane", ".jpg")
        if self.sweep:
            return default_image(self.input, "sweep", ".webp")
        if self.compare_editors:
            return default_image(self.input, "editors", ".jpg")
        if self.place is not None:
            return default_image(self.input, name_of(self.place))
        return default_image(self.input, "edited" if self.expression else self.emotion or "happy")

    def said(self) -> str:
        """What is done, in words."""
        if self.grid:
            return f"a sheet of {self.grid}x{self.grid} places of valence and arousal"
        if self.sweep:
            return "around the plane of valence and arousal"
        if self.expression is not None:
            return "from a file"
        if self.place is not None:
            return "to valence {:g}, arousal {:g} at intensity {:g}".format(*self.place, self.intensity)
        return f"to {self.emotion or 'happy'} at intensity {self.intensity:g}"

    def check_files(self) -> None:
        """Raise UserError where an input is missing or the output may not be written. Reads and writes nothing."""
        workspace.check_input(self.input, what="image")
        read = [self.input]
        others = (self.expression, "CSV file"), (self.provenance_cert, "PEM file"), (self.provenance_key, "PEM file")
        others += tuple((path, "checkpoint") for path in self.editor_weights)
        for path, what in others:
            if path is not None:
                workspace.check_input(path, what=what)
                read.append(path)
        check_writes(self.output_path)
        if self.sweep and self.output_path.suffix.lower() != ".webp":
            raise UserError("an animation is written as WebP", path=self.output_path, remedy="end its name in .webp")
        workspace.check_output(self.output_path, inputs=read, overwrite=self.overwrite)
