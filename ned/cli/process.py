"""`ned process`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ned.cli.arguments import Command, add_options
from ned.config import ProcessConfig, load_overrides
from ned.errors import NedError, UserError
from ned.options import convert_all, option
from ned.progress import for_stream
from ned.workspace import compare_path, job_key, work_mark
from ned.workspace.inputs import check_apart, expand, is_many
from ned.workspace.pictures import is_picture

if TYPE_CHECKING:
    from ned.pipeline import ProcessResult


@dataclass(frozen=True)
class Process(Command):
    """Change the emotion of a person in a video; sound, timing and all that is no face stay."""

    name = "process"
    settings: ProcessConfig
    batch: tuple[ProcessConfig, ...] = ()
    """Where several videos are asked for, all of them; `settings` is the first."""
    config: Path | None = option(
        None, short="-c", metavar="YAML", help="take options from this file; the command line comes before it"
    )
    quiet: bool = option(False, help="say nothing but the last line and errors")

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        add_options(parser, ProcessConfig, many=("input",))
        add_options(parser, cls)

    @classmethod
    def from_arguments(cls, given: Mapping[str, Any]) -> Command:
        given = dict(given)
        if given["input"] and all(is_picture(path) for path in given["input"]):
            from ned.cli.still import Still

            return Still.of_process(given)
        own = convert_all(cls, {name: given.pop(name) for name in ("config", "quiet") if name in given})
        overrides = load_overrides(own["config"]) if own.get("config") else {}
        inputs = given.pop("input")
        if is_many(inputs):
            return cls(*_many(inputs, overrides, given), **own)
        return cls(ProcessConfig.build(overrides, **given, input=inputs[0]), **own)

    def main(self) -> int:
        return self._all() if self.batch else self._one(self.settings)

    def _all(self) -> int:
        """Every video, one after another; 1 where any failed."""
        done, skipped, failed = 0, 0, []
        for number, settings in enumerate(self.batch, 1):
            if not self.quiet:
                print(f"[{number}/{len(self.batch)}] {settings.input}", flush=True)
            try:
                if not settings.overwrite and is_done(settings):
                    print(f"{settings.output_path}: done already")
                    skipped += 1
                    continue
                self._one(settings)
                done += 1
            except Exception as error:
                if isinstance(error, BrokenPipeError):
                    raise
                said = str(error) if isinstance(error, NedError) else f"unexpected {type(error).__name__}: {error}"
                failed.append(said if str(settings.input) in said else f"{settings.input}: {said}")
                print(f"ned: error: {' '.join(failed[-1].split())}", file=sys.stderr, flush=True)
        print(f"{done} done, {skipped} done before, {len(failed)} failed")
        for said in failed:
            print(f"failed: {' '.join(said.split())}")
        return 1 if failed else 0

    def _one(self, settings: ProcessConfig) -> int:
        settings.check_files()
        from ned.pipeline import process

        began = time.monotonic()
        result = process(settings, for_stream(quiet=self.quiet))
        seconds = time.monotonic() - began
        for path in (result.compare, result.report):
            if path is not None and not self.quiet:
                print(path)
        for line in shortfalls(result):
            print(f"ned: note: {line}", file=sys.stderr)
        unsigned = "" if settings.provenance else ", not signed (--no-provenance)"
        print(summary(result, seconds, _length_s(result), settings) + unsigned)
        return 0


def _many(
    inputs: list[str], overrides: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[ProcessConfig, tuple[ProcessConfig, ...]]:
    """The configuration of each video; `--output` is a folder, which is made where it is missing."""
    rest = {**overrides, **given}
    folder = Path(rest.pop("output")).expanduser() if rest.get("output") is not None else None
    rest.pop("input", None)

    def config(source: Path) -> ProcessConfig:
        plain = ProcessConfig.build(rest, input=source)
        return plain if folder is None else replace(plain, output=folder / plain.output_path.name)

    def made_of(source: Path) -> list[Path]:
        one = config(source)
        return [path for path in (one.output_path, compare_path(one.output_path)) if path != source]

    batch = tuple(config(source) for source in expand(inputs, made_of))
    check_apart((one.input, one.output_path) for one in batch)
    if folder is not None:
        if folder.exists() and not folder.is_dir():
            raise UserError("is no folder", path=folder, remedy="several videos need a folder as --output")
        folder.mkdir(parents=True, exist_ok=True)
    return batch[0], batch


def is_done(settings: ProcessConfig) -> bool:
    """Whether the output is there and says that it comes from this very input and these options."""
    if not settings.output_path.exists() or not settings.input.is_file():
        return False
    import av

    mark = work_mark(job_key(settings.identity()))
    try:
        with av.open(str(settings.output_path), metadata_errors="replace") as container:
            said = {key.lower(): value for key, value in container.metadata.items()}
            return mark in said.get("comment", "")
    except (av.error.FFmpegError, OSError):
        return False


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
