"""What the page asks for, as options, as YAML, and as a command line: three ways of saying one thing.

A job is made from the YAML that "copy as YAML" gives, so what the page does and what the command repeats cannot differ.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ned.config import ProcessConfig
from ned.config.still import StillConfig
from ned.config.timeline import MAX_TRANSITION_S, PersonEdit, parse_timeline
from ned.errors import UserError

MAX_KEYFRAMES = 500
OPTIONS = {f.name: f.default for f in fields(ProcessConfig) if f.name in ("renderer", "quality")}
"""Of `ned process`, beside the timeline, that the page offers, with what they are where nobody says otherwise."""
STILL_OPTIONS = ("emotion", "valence", "arousal", "intensity", "person")
DEFAULT_TRANSITION_S = next(f.default for f in fields(ProcessConfig) if f.name == "transition_s")


@dataclass(frozen=True)
class Document:
    """A checked wish for a video."""

    overrides: Mapping[str, Any]
    """As a YAML file says it: plain values."""
    edits: tuple[PersonEdit, ...]

    @classmethod
    def read(cls, said: Any, clip_of: Callable[[str], Path | None]) -> Document:
        """From JSON; `clip_of` gives the reference clip of an id. Raises UserError for what `ned process` would not
        take."""
        if not isinstance(said, Mapping) or not isinstance(said.get("timeline"), list):
            raise UserError("no timeline was sent", remedy="reload the page")
        if len(said["timeline"]) > MAX_KEYFRAMES:
            raise UserError(f"more than {MAX_KEYFRAMES} keyframes", remedy="remove some")
        entries = [_entry(one, clip_of) for one in said["timeline"]]
        if not entries:
            raise UserError("nobody is edited yet", remedy="choose a person and an emotion")
        overrides: dict[str, Any] = {"timeline": entries}
        for name, usual in OPTIONS.items():
            if said.get(name) not in (None, usual):
                overrides[name] = str(said[name])[:40]
        return cls(overrides, parse_timeline(entries))

    def config(self, source: Path, **more: Any) -> ProcessConfig:
        """The options of a run. Raises UserError."""
        values = {**self.overrides, "timeline": self.edits}
        return ProcessConfig.build(values, input=source, **more)

    def yaml(self) -> str:
        """For `ned process --config`."""
        return to_yaml(self.overrides)

    def command(self, source: Path, output: str) -> str:
        """A line for a POSIX shell, or a few where a line cannot say it."""
        rest = [word for name in OPTIONS if name in self.overrides for word in (f"--{name}", self.overrides[name])]
        end = [*rest, "--report", "--output", output]
        plain = self._flags()
        if plain is not None:
            return shlex.join(["ned", "process", str(source), *plain, *end])
        file = f"{Path(output).stem}.yaml"
        run = shlex.join(["ned", "process", str(source), "--config", file, "--report", "--output", output])
        return f"cat > {shlex.quote(file)} <<'YAML'\n{self.yaml()}YAML\n{run}"

    def name(self, source: Path, suffix: str) -> str:
        """What the result is called."""
        said = {key.style for edit in self.edits for key in edit.keyframes}
        what = said.pop() if len(said) == 1 else "edited"
        return f"{source.stem}_{what}{suffix}"

    def _flags(self) -> list[str] | None:
        """`--edit` for each person; None where keyframes differ in what only YAML says one by one."""
        later = [(k, key) for edit in self.edits for k, key in enumerate(edit.keyframes) if k or key.time_s > 0]
        lengths = {key.transition_s for _, key in later}
        clips = {key.references for edit in self.edits for key in edit.keyframes if key.references}
        if len(lengths) > 1 or len(clips) > 1 or any(edit.person is None for edit in self.edits):
            return None
        words = []
        for edit in self.edits:
            keys = [(key, "reference" if key.references else key.style) for key in edit.keyframes]
            said = [(key, "va({},{})".format(*map(_plain, key.place)) if key.place else style) for key, style in keys]
            told = [f"{style}@{_plain(key.intensity)}" for key, style in said]
            alone = len(told) == 1 and not edit.keyframes[0].time_s
            whole = " ".join(f"{_plain(key.time_s)}:{one}" for key, one in zip(edit.keyframes, told, strict=True))
            words += ["--edit", f"{edit.person}:{told[0] if alone else whole}"]
        for length in lengths:
            words += ["--transition", _plain(length)]
        for several in clips:
            words += [word for clip in several for word in ("--reference", str(clip))]
        return words


@dataclass(frozen=True)
class StillDocument:
    """A checked wish for a photograph."""

    overrides: Mapping[str, Any]

    @classmethod
    def read(cls, said: Any) -> StillDocument:
        """From JSON. Raises UserError for what is no number or text."""
        if not isinstance(said, Mapping):
            raise UserError("nothing was sent", remedy="reload the page")
        given = {name: said[name] for name in STILL_OPTIONS if said.get(name) is not None}
        numbers = {name: _number(given[name], name) for name in ("valence", "arousal", "intensity") if name in given}
        words = {name: str(given[name])[:40] for name in ("emotion", "person") if name in given}
        return cls(words | numbers)

    def config(self, source: Path, **more: Any) -> StillConfig:
        """The options of a run. Raises UserError."""
        from ned.config.options import convert_all

        return StillConfig(**convert_all(StillConfig, {**self.overrides, "input": source, **more}))

    def yaml(self) -> str:
        return to_yaml(self.overrides)

    def command(self, source: Path, output: str) -> str:
        """A line for a POSIX shell."""
        said = [f"--{name}={value}" for name, value in self.overrides.items()]
        return shlex.join(["ned", "still", str(source), *said, "--output", output])

    def name(self, source: Path, suffix: str) -> str:
        """What the result is called."""
        return f"{source.stem}_{self.overrides.get('emotion', 'edited')}{suffix}"


def to_yaml(values: Mapping[str, Any]) -> str:
    """Plain values, a line each."""
    import yaml

    return yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)


def _entry(one: Any, clip_of: Callable[[str], Path | None]) -> dict[str, Any]:
    """A keyframe as YAML says it."""
    if not isinstance(one, Mapping):
        raise UserError("a keyframe is none", remedy="reload the page")
    entry: dict[str, Any] = {"person": _whole(one.get("person")), "time": round(_number(one.get("time"), "time"), 3)}
    if "reference" in one:
        clip = clip_of(str(one["reference"]))
        if clip is None:
            raise UserError("the reference clip is not there any more", remedy="choose it again")
        entry["reference"] = str(clip)
    else:
        entry["emotion"] = str(one.get("emotion"))[:60]
    entry["intensity"] = round(_number(one.get("intensity", 1.0), "intensity"), 3)
    length = _number(one.get("transition", DEFAULT_TRANSITION_S), "transition")
    entry["transition"] = round(min(length, MAX_TRANSITION_S), 3)
    return entry


def _plain(number: float | None) -> str:
    """All that a number says, without an exponent."""
    return f"{number:.6f}".rstrip("0").rstrip(".")


def _number(value: Any, what: str) -> float:
    try:
        number = math.nan if isinstance(value, bool) or not isinstance(value, int | float) else float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise UserError(f"{what} is {str(value)[:40]!r}", remedy="give a number")
    return number


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise UserError(f"person is {str(value)[:40]!r}", remedy="reload the page")
    return value
