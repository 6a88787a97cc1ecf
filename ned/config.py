"""Every option of `ned process`, written once: the command line, YAML files and Python all build `ProcessConfig`.

This module imports nothing heavy, so that wrong options are answered at once.
"""

from __future__ import annotations

import math
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ned import workspace
from ned.errors import UserError
from ned.exchange.yaml import read_yaml
from ned.options import check_choice, check_times, convert_all, did_you_mean, option
from ned.timeline import (
    EMOTIONS,
    MAX_INTENSITY,
    MAX_TRANSITION_S,
    REFERENCE,
    Keyframe,
    PersonEdit,
    parse_edit,
    parse_person,
    parse_timeline,
)

RENDERERS = ("auto", "warp", "neural")
MANIPULATORS = ("learned", "prototypes", "vitl")
QUALITIES = ("draft", "good", "best", "lossless")


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


@dataclass(frozen=True)
class ProcessConfig:
    """What `ned process` is asked to do; checked when it is made. Times in seconds of the input video."""

    input: Path = option(help="video with a talking person; several, a folder or a pattern: all of them", metavar="IN")
    output: Path | None = option(
        None, short="-o", metavar="OUT",
        help="where to write, for several videos a folder; default: IN's name with the emotion, beside IN",
    )
    emotion: str = option("happy", short="-e", choices=EMOTIONS, help="emotion to give the person")
    intensity: float = option(
        1.0, short="-i", metavar="0..1.5", help="strength of the edit; 0 changes nothing, 1 is the usual"
    )
    timeline: tuple[PersonEdit, ...] = option(
        (), metavar="TEXT|YAML", parse=_timeline,
        help='emotions over time, such as "0:neutral 3.5:happy@0.8", or a YAML file with more',
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
        None, metavar="PICTURE", help="edit the person who looks most like the one in this picture"
    )
    edit: tuple[PersonEdit, ...] = option(
        (), metavar="N:EMOTION[@I]", repeat=True, parse=_edits,
        help="what happens to one person, such as 2:sad@0.5; may be given several times",
    )  # fmt: skip
    renderer: str = option("auto", choices=RENDERERS, help="how faces are rendered; auto takes the best that is there")
    actor: str | None = option(
        None, metavar="NAME", help="paint with the network that `ned finetune` made for this actor"
    )
    finetune_minutes: float = option(
        0.0, metavar="M", help="first fine-tune the neural renderer to the edited person for so many minutes"
    )
    manipulator: str = option("learned", choices=MANIPULATORS, help="how the edited expression is found")
    manipulator_weights: Path | None = option(
        None, metavar="FILE", help="checkpoint of `ned train manipulator` to use instead of the shipped one"
    )
    expression: Path | None = option(
        None, metavar="CSV", help="take the expression from this ARKit / Live Link CSV file instead of an emotion"
    )
    start_s: float | None = option(
        None, flag="--start", metavar="TIME", help="begin here: seconds or [hh:]mm:ss[.f]; default: the first frame"
    )
    end_s: float | None = option(
        None, flag="--end", metavar="TIME", help="stop here: seconds or [hh:]mm:ss[.f]; default: the last frame"
    )
    compare: bool = option(False, help="also write original and edited side by side")
    report: bool = option(False, help="also write an HTML page with pictures and plots of what was done")
    encoder: str = option("libx264", metavar="NAME", help="video encoder; `ned doctor` lists those that work here")
    quality: str = option(
        "good", short="-q", metavar="Q", help="draft, good, best, lossless, or a number on the encoder's own scale"
    )
    preset: str | None = option(None, metavar="NAME", help="the encoder's preset, slow and small to fast and large")
    seed: int = option(0, metavar="N", help="number from which all chance is drawn; the same seed, the same result")
    provenance: bool = option(True, help="sign the output (C2PA) and say in it that it was edited")
    provenance_cert: Path | None = option(
        None, metavar="PEM", help="sign with this certificate chain; default: one made for this computer"
    )
    provenance_key: Path | None = option(None, metavar="PEM", help="the private key of that certificate")
    overwrite: bool = option(False, short="-y", help="replace output files that exist")
    cache: bool = option(True, help="keep and use the analysis of a video")
    keep: bool = option(False, help="leave OUT.part, from which the same command goes on, on Ctrl-C too")

    def __post_init__(self) -> None:
        check_choice("emotion", self.emotion, EMOTIONS)
        check_choice("renderer", self.renderer, RENDERERS)
        check_choice("manipulator", self.manipulator, MANIPULATORS)
        if self.manipulator_weights is not None and self.manipulator == "prototypes":
            raise UserError("prototypes have no weights", remedy="leave out one of manipulator, manipulator-weights")
        if self.renderer == "warp" and (self.actor or self.finetune_minutes):
            raise UserError("the warp renderer knows no actors", remedy="use --renderer neural, or leave it out")
        if self.finetune_minutes and (self.start_s is not None or self.end_s is not None):
            # people are numbered over what is analysed, and fine-tuning looks at the whole video
            remedy = "run `ned finetune` on the video and pass --actor"
            raise UserError("fine-tuning does not go with a start or an end", remedy=remedy)
        if self.finetune_minutes < 0:
            raise UserError(f"finetune-minutes is {self.finetune_minutes:g}", remedy="give 0 or more")
        if not 0 <= self.intensity <= MAX_INTENSITY:
            raise UserError(
                f"intensity is {self.intensity:g}", remedy=f"choose from 0 (no change) to {MAX_INTENSITY:g}, usually 1"
            )
        if self.transition_s > MAX_TRANSITION_S:
            raise UserError(f"transition is {self.transition_s:g} s", remedy=f"give up to {MAX_TRANSITION_S:g}")
        self._check_people()
        if self.seed < 0:
            raise UserError(f"seed is {self.seed}", remedy="give 0 or more")
        if (self.provenance_cert is None) != (self.provenance_key is None):
            remedy = "give --provenance-cert and --provenance-key"
            raise UserError("a certificate and its key go together", remedy=remedy)
        check_times(self.start_s, self.end_s)
        if self.quality not in QUALITIES and not _is_number(self.quality):
            choices = ", ".join(QUALITIES)
            raise UserError(f"quality is {self.quality!r}", remedy=f"choose one of: {choices}, or the encoder's number")

    @classmethod
    def build(cls, overrides: Mapping[str, Any] | None = None, /, **options: Any) -> ProcessConfig:
        """From `overrides` (of a YAML file) and, before them, `options`; values may be text as a user writes it.

        Raises UserError for an unknown key or a value that does not fit.
        """
        values = {**(overrides or {}), **options}
        known = {f.name: f for f in fields(cls)}
        for key in values:
            if key not in known:
                raise UserError(f"unknown option {key!r}", remedy=did_you_mean(str(key), known))
        if "input" not in values:
            raise UserError("no input video", remedy="name one")
        return cls(**convert_all(cls, values))

    def person_edits(self) -> tuple[PersonEdit, ...]:
        """What happens to whom, whichever option said it; nothing is left open but who the most prominent speaker is.

        Raises UserError where a timeline asks for a reference that is not there.
        """
        simple = Keyframe(0.0, REFERENCE if self.reference else self.emotion)
        edits = self.edit or self.timeline or (PersonEdit((simple,)),)
        return tuple(edit.resolved(self.intensity, self.transition_s, self.reference) for edit in edits)

    def _check_people(self) -> None:
        """Raise UserError for options that name people twice, or a timeline without its reference."""
        named = [name for name in ("person", "person_like") if getattr(self, name) is not None]
        asked = [name for name in ("edit", "timeline", "expression") if getattr(self, name)]
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
        references = any(key.references for edit in self.person_edits() for key in edit.keyframes)
        if references and self.manipulator != "learned":
            raise UserError(f"{self.manipulator} cannot imitate a reference", remedy="use --manipulator learned")

    def said(self) -> str:
        """What is done to the expression, in words: `happy, intensity 0.8`."""
        if self.expression:
            return f"expression of {self.expression}"
        edits = self.edit or self.timeline
        if not edits:
            style = f"style of {', '.join(clip.name for clip in self.reference)}" if self.reference else self.emotion
            return f"{style}, intensity {self.intensity:g}"
        parts = ["" if edit.person is None else f"person {edit.person}: " for edit in edits]
        return "; ".join(part + edit.said() for part, edit in zip(parts, self.person_edits(), strict=True))

    @property
    def output_path(self) -> Path:
        """Where the edited video goes."""
        mixed = self.expression or self.timeline or self.edit or self.reference
        what = "edited" if mixed else self.emotion
        return self.output or workspace.default_output(self.input, what, self.encoder)

    @property
    def compare_path(self) -> Path | None:
        """Where the side-by-side video goes, None where none is wanted."""
        return workspace.compare_path(self.output_path) if self.compare else None

    @property
    def report_path(self) -> Path | None:
        """Where the report goes, None where none is wanted."""
        return workspace.report_path(self.output_path) if self.report else None

    def identity(self) -> dict[str, Any]:
        """All that decides what is in the output, by name; for `ned.workspace.job_key`."""
        elsewhere = {"output", "overwrite", "cache", "keep", "provenance", "provenance_cert", "provenance_key"}
        kept = self.actor is not None and not self.finetune_minutes  # with minutes the run itself makes the weights
        return {
            "actor_weights": workspace.actor_weights(self.actor) if kept else None,
            **{f.name: getattr(self, f.name) for f in fields(self) if f.name not in elsewhere},
            "container": self.output_path.suffix.lower(),
        }

    def check_files(self) -> None:
        """Raise UserError where an input is missing, an output may not be written, or the encoder is not there.

        Reads and writes nothing; cheap beside the work that it saves.
        """
        workspace.check_input(self.input)
        if self.expression is not None:
            workspace.check_input(self.expression, what="CSV file")
        for path in (self.provenance_cert, self.provenance_key):
            if path is not None:
                workspace.check_input(path, what="PEM file")
        if self.person_like is not None:
            workspace.check_input(self.person_like, what="picture")
        clips = {clip for edit in self.person_edits() for key in edit.keyframes for clip in key.references}
        for clip in sorted(clips):
            workspace.check_input(clip, what="reference clip")
        if self.manipulator_weights is not None:
            workspace.check_input(self.manipulator_weights, what="checkpoint")
        read = (self.input, self.expression, self.person_like, self.manipulator_weights, *clips)
        inputs = [path for path in read if path is not None]
        workspace.check_container(self.output_path)
        manifests = [workspace.manifest_path(video) for video in (self.output_path, self.compare_path) if video]
        for path in (self.output_path, self.compare_path, self.report_path, *(manifests if self.provenance else ())):
            if path is not None:
                # what an interrupted run of this very job has put in its place may be put there again
                ours = path.exists() and path.resolve() in workspace.publishing(self.output_path, self.identity())
                workspace.check_output(path, inputs=inputs, overwrite=self.overwrite or ours)
        from ned.video.encoders import choose_encoder, quality_options

        choose_encoder(self.encoder)
        quality_options(self.encoder, self.quality, self.preset)


def load_overrides(path: str | Path) -> dict[str, Any]:
    """The options in a YAML file, relative paths taken from its folder. Raises UserError, also for unknown keys."""
    path = Path(path)
    values = read_yaml(path)
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise UserError("does not hold options", path=path, remedy="write one `option: value` a line")
    known = {f.name: f for f in fields(ProcessConfig)}
    types = typing.get_type_hints(ProcessConfig)
    for key, value in values.items():
        if key not in known:
            raise UserError(f"unknown option {str(key)[:80]!r}", path=path, remedy=did_you_mean(str(key), known))
        if types[key] == tuple[Path, ...]:
            clips = value if isinstance(value, list) else [value]
            values[key] = tuple(path.parent / str(clip) for clip in clips)
        elif Path in typing.get_args(types[key]) or types[key] is Path:
            values[key] = value if value is None else path.parent / str(value)
        elif key == "timeline" and value is not None:
            values[key] = parse_timeline(value, path.parent)
    return values


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
