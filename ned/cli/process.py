"""`ned process`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ned.cli.arguments import Command, add_options
from ned.config import ProcessConfig, convert_all, load_overrides, option
from ned.progress import for_stream

if TYPE_CHECKING:
    from ned.pipeline import ProcessResult


@dataclass(frozen=True)
class Process(Command):
    """Change the emotion of a person in a video; sound, timing and all that is no face stay."""

    name = "process"
    settings: ProcessConfig
    config: Path | None = option(
        None, short="-c", metavar="YAML", help="take options from this file; the command line comes before it"
    )
    quiet: bool = option(False, help="say nothing but the last line and errors")

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        add_options(parser, ProcessConfig)
        add_options(parser, cls)

    @classmethod
    def from_arguments(cls, given: Mapping[str, Any]) -> Command:
        given = dict(given)
        own = convert_all(cls, {name: given.pop(name) for name in ("config", "quiet") if name in given})
        overrides = load_overrides(own["config"]) if own.get("config") else {}
        return cls(ProcessConfig.build(overrides, **given), **own)

    def main(self) -> int:
        self.settings.check_files()
        from ned.pipeline import process

        began = time.monotonic()
        result = process(self.settings, for_stream(quiet=self.quiet))
        seconds = time.monotonic() - began
        for path in (result.compare, result.report):
            if path is not None and not self.quiet:
                print(path)
        for line in shortfalls(result):
            print(f"ned: note: {line}", file=sys.stderr)
        unsigned = "" if self.settings.provenance else ", not signed (--no-provenance)"
        print(summary(result, seconds, _length_s(result), self.settings) + unsigned)
        return 0


def summary(result: ProcessResult, seconds: float, length_s: float, config: ProcessConfig) -> str:
    """The last line: the output, what was done and how long it took (`length_s` of video; 0 where not known)."""
    people = [person for person in result.people if person.edited]
    if not result.edited_frames:
        done = f"none of {result.frames} frames changed"
    elif len(people) > 1:
        parts = [f"person {person.number} in {person.edited} ({person.said})" for person in people]
        done = f"{', '.join(parts)} of {result.frames} frames"
    else:
        why = f", {people[0].why}," if people and people[0].why else ""
        done = f"person {result.person}{why} in {result.edited_frames} of {result.frames} frames ({config.said()})"
    speed = f", {length_s / seconds:.2f}× real time" if length_s > 0 and seconds > 0 else ""
    return f"{result.output}: {done}, {seconds:.1f} s{speed}"


def shortfalls(result: ProcessResult) -> list[str]:
    """Where people could not be edited, one line a reason that matters."""
    lines = []
    for person in result.people:
        for count, reason in (
            (person.turned_away, "turned away"),
            (person.lost, "not to be seen (covered, blurred or out of the picture)"),
        ):
            if count:
                frames = f"{count} of {person.span} frames"
                lines.append(f"person {person.number} was {reason} in {frames}: not edited there")
    return lines


def _length_s(result: ProcessResult) -> float:
    """Seconds of video in the output; 0 where it does not say."""
    from ned.errors import NedError
    from ned.video import probe

    try:
        return result.frames / float(probe(result.output).frame_rate)
    except (NedError, ZeroDivisionError):
        return 0.0
