"""Edits over time as a user writes them: from when on which style, how strong, and of whom.

On the command line `0:neutral 3.5:happy 7:surprised@0.6`; in YAML a list of entries with `time`, `emotion` or
`reference`, `intensity`, `transition` and `person`. This module imports nothing heavy, so that wrong timelines are
answered at once; `ned.edit.keyframes` applies them.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ned.config.affect import parse_place
from ned.config.affect_path import Stop, said_path
from ned.config.options import EXPECTED_TIME, parse_time
from ned.config.yaml import read_yaml
from ned.emotions import EMOTIONS
from ned.errors import UserError

ORIGINAL, REFERENCE, PLACE, PATH, TRACK = "original", "reference", "va", "va-path", "expression"
"""Styles beside the emotions: the actor's own expression; that of a reference clip; a place of valence and arousal, or
a path of such; an expression from a file."""
STYLES = (*EMOTIONS, ORIGINAL, REFERENCE)
ALL = "all"
"""Everybody who is not named."""
MAX_INTENSITY = 1.5
MAX_TRANSITION_S = 60.0

_EXPECTED = 'write TIME:EMOTION[@INTENSITY] with ascending times, for example "0:neutral 3.5:happy 7:surprised@0.6"'
_EXPECTED_EDIT = 'write PERSON:EMOTION[@INTENSITY] or PERSON:TIMELINE, for example "2:sad@0.5" or "1:0:neutral 3:happy"'
_EXPECTED_FILE = "write a list of entries such as {time: 3.5, emotion: happy, intensity: 0.8, transition: 1, person: 2}"
_KEYS = ("time", "emotion", "reference", "intensity", "transition", "person")


@dataclass(frozen=True)
class Keyframe:
    """From `time_s` (seconds of the input video) on the person turns to a style."""

    time_s: float
    style: str
    """One of `STYLES`, `PLACE`, `PATH` or `TRACK`."""
    intensity: float | None = None
    """None: as given for the whole run."""
    transition_s: float | None = None
    """How long the change takes from `time_s` on; None: as given for the whole run."""
    references: tuple[Path, ...] = ()
    """Clips to imitate, for the style `reference`; empty: those given for the whole run."""
    place: tuple[float, float] | None = None
    """Valence and arousal, for the style `PLACE`."""
    path: tuple[Stop, ...] = ()
    """For the style `PATH`."""

    @property
    def on_plane(self) -> bool:
        """Is it said by valence and arousal?"""
        return self.style in (PLACE, PATH)

    def describe(self) -> str:
        """For example `happy@0.8`."""
        what = " and ".join(clip.name for clip in self.references) or self.style
        if self.place is not None:
            what = "va({:g},{:g})".format(*self.place)
        if self.path:
            what = f"along {said_path(self.path)}"
        return what if self.intensity is None or self.style == ORIGINAL else f"{what}@{self.intensity:g}"


@dataclass(frozen=True)
class PersonEdit:
    """What happens to one person, or to everybody else."""

    keyframes: tuple[Keyframe, ...]
    """At least one, times ascending. Before the first the face is the actor's own."""
    person: int | str | None = None
    """Number, `ALL`, or None: whom `--person` or `--person-like` names, else the most prominent speaker."""

    def resolved(self, intensity: float, transition_s: float, references: tuple[Path, ...]) -> PersonEdit:
        """The same with what the keyframes leave open filled in. Raises UserError where a reference is missing."""
        keyframes = []
        for key in self.keyframes:
            clips = (key.references or references) if key.style == REFERENCE else ()
            if key.style == REFERENCE and not clips:
                raise UserError("the timeline asks for a reference, but there is none", remedy="pass --reference CLIP")
            keyframes.append(
                replace(
                    key, references=clips,
                    intensity=intensity if key.intensity is None else key.intensity,
                    transition_s=transition_s if key.transition_s is None else key.transition_s,
                )
            )  # fmt: skip
        return replace(self, keyframes=tuple(keyframes))

    def describe(self) -> str:
        """For example `neutral@1 to happy@0.8`."""
        return " to ".join(key.describe() for key in self.keyframes)


def parse_keyframes(text: str) -> tuple[Keyframe, ...]:
    """Keyframes from `TIME:STYLE[@INTENSITY] …`, separated by spaces or commas. Raises UserError.

    A style may be a place of valence and arousal, such as `va(.7,.3)`.
    """
    entries = re.findall(r"(?:\([^()]*\)|[^\s,;])+", text)
    if not entries:
        raise UserError("the timeline is empty", remedy=_EXPECTED)
    keyframes = []
    for entry in entries:
        time, colon, style = entry.rpartition(":")
        if not colon:
            raise UserError(f"timeline: {_short(entry)} is no TIME:EMOTION", remedy=_EXPECTED)
        keyframes.append(_with_style(_time(time), style, "timeline"))
    return _ascending(keyframes)


def parse_edit(text: str) -> PersonEdit:
    """Person and edit from `PERSON:STYLE[@INTENSITY]` or `PERSON:TIMELINE`. Raises UserError."""
    who, colon, what = str(text).strip().partition(":")
    if not colon or not what.strip():
        raise UserError(f"edit is {_short(str(text))}", remedy=_EXPECTED_EDIT)
    person = parse_person(who)
    keyframes = parse_keyframes(what) if ":" in what else (_with_style(0.0, what.strip(), "edit"),)
    return PersonEdit(keyframes, person)


def parse_person(value: Any) -> int | str:
    """A person's number from 0 on, or `ALL`. Raises UserError."""
    text = str(value).strip().lower()
    if text == ALL:
        return ALL
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,9}(\.0*)?", text):
        remedy = "give a whole number that `ned analyse` lists, or all"
        raise UserError(f"person is {_short(str(value))}", remedy=remedy)
    return int(float(text))


def parse_timeline(value: Any, folder: Path = Path()) -> tuple[PersonEdit, ...]:
    """A timeline as text, as the path of a YAML file, or as YAML's list of entries; one edit a person.

    Paths of reference clips in a list are taken from `folder`. Raises UserError.
    """
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _from_entries(value, folder)
    text = str(value).strip()
    if text.lower().endswith((".yaml", ".yml")):
        return _from_file(folder / Path(text).expanduser())
    return (PersonEdit(parse_keyframes(text)),)


def _from_file(path: Path) -> tuple[PersonEdit, ...]:
    entries = read_yaml(path)
    if not isinstance(entries, list):
        raise UserError("does not hold a timeline", path=path, remedy=_EXPECTED_FILE)
    try:
        return _from_entries(entries, path.parent)
    except UserError as error:
        raise UserError(error.cause, path=path, remedy=error.remedy) from error


def _from_entries(entries: Sequence[Any], folder: Path) -> tuple[PersonEdit, ...]:
    if not entries:
        raise UserError("the timeline is empty", remedy=_EXPECTED_FILE)
    found: dict[int | str | None, list[Keyframe]] = {}
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, Mapping):
            raise UserError(f"timeline entry {number} is {_short(str(entry))}", remedy=_EXPECTED_FILE)
        for key in entry:
            if key not in _KEYS:
                near = difflib.get_close_matches(str(key), _KEYS, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known are: {', '.join(_KEYS)}"
                raise UserError(f"timeline entry {number} has an unknown key {_short(str(key))}", remedy=hint)
        person = parse_person(entry["person"]) if entry.get("person") is not None else None
        found.setdefault(person, []).append(_from_entry(entry, number, folder))
    return tuple(PersonEdit(_ascending(keyframes), person) for person, keyframes in found.items())


def _from_entry(entry: Mapping[str, Any], number: int, folder: Path) -> Keyframe:
    where = f"timeline entry {number}"
    if ("emotion" in entry) == ("reference" in entry):
        raise UserError(f"{where} needs either an emotion or a reference", remedy=_EXPECTED_FILE)
    key = Keyframe(_time(entry.get("time", 0)), REFERENCE)
    if "emotion" in entry:
        key = _with_style(key.time_s, str(entry["emotion"]), where)
    else:
        clips = entry["reference"] if isinstance(entry["reference"], list) else [entry["reference"]]
        if not clips or not all(isinstance(clip, str) and clip for clip in clips):
            raise UserError(f"{where}: its reference is no path", remedy="name one clip or a list of clips")
        key = replace(key, references=tuple(folder / Path(clip).expanduser() for clip in clips))
    if entry.get("intensity") is not None:
        key = replace(key, intensity=_number(entry["intensity"], f"{where}: intensity", MAX_INTENSITY))
    if entry.get("transition") is not None:
        key = replace(key, transition_s=_number(entry["transition"], f"{where}: transition", MAX_TRANSITION_S))
    return key


def _with_style(time_s: float, text: str, where: str) -> Keyframe:
    style, at, intensity = text.partition("@")
    place = parse_place(style)
    if place is None and style not in STYLES:
        near = difflib.get_close_matches(style.lower(), STYLES, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UserError(f"{where}: unknown emotion {_short(style)}", remedy=f"{hint}choose one of: {', '.join(STYLES)}")
    strength = _number(intensity, f"{where}: intensity of {style}", MAX_INTENSITY) if at else None
    return Keyframe(time_s, style if place is None else PLACE, strength, place=place)


def _time(value: Any) -> float:
    try:
        if isinstance(value, bool):
            raise ValueError
        return parse_time(value)
    except ValueError as error:
        cause = f"timeline: {_short(str(value))} is no time"
        raise UserError(cause, remedy=f"give {EXPECTED_TIME}") from error


def _number(value: Any, what: str, most: float) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number <= most:
        raise UserError(f"{what} is {_short(str(value))}", remedy=f"give a number from 0 to {most:g}")
    return number


def _ascending(keyframes: Sequence[Keyframe]) -> tuple[Keyframe, ...]:
    for before, after in zip(keyframes, keyframes[1:], strict=False):
        if after.time_s <= before.time_s:
            raise UserError(
                f"timeline: {after.time_s:g} s ({after.style}) comes after {before.time_s:g} s ({before.style})",
                remedy="write the times in ascending order, each once",
            )
    return tuple(keyframes)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "…")
