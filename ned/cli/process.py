"""`ned process`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ned.cli.arguments import Command, add_options
from ned.cli.cut import is_cut, jobs_of, write_cut
from ned.cli.printer import Printer, said_of
from ned.config import ProcessConfig, load_overrides
from ned.config.options import convert_all, option
from ned.errors import UserError
from ned.exchange.cut import Cut
from ned.runtime.progress import for_stream
from ned.workspace import compare_path, is_numbered
from ned.workspace.images import is_image
from ned.workspace.inputs import check_apart, expand, is_many


@dataclass(frozen=True)
class Process(Command):
    """Change the emotion of a person in a video; sound, timing and all that is no face stay."""

    name = "process"
    settings: ProcessConfig
    batch: tuple[ProcessConfig, ...] = ()
    """Where several videos are asked for, all of them; `settings` is the first."""
    cut: Cut | None = None
    """Where they are the clips of a cut."""
    new_cut: Path | None = None
    """And where that goes once they are done."""
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
        if given["input"] and all(is_image(path) and not is_numbered(path) for path in given["input"]):
            from ned.cli.still import Still

            return Still.of_process(given)
        own = convert_all(cls, {name: given.pop(name) for name in ("config", "quiet") if name in given})
        overrides = load_overrides(own["config"]) if own.get("config") else {}
        inputs = given.pop("input")
        if is_cut(inputs):
            cut, batch, target = jobs_of(Path(inputs[0]).expanduser(), overrides, given)
            return cls(batch[0], batch, cut, target, **own)
        if is_many(inputs):
            return cls(*_many(inputs, overrides, given), **own)
        return cls(ProcessConfig.build(overrides, **given, input=inputs[0]), **own)

    def main(self) -> int:
        if self.batch:
            return self._all()
        self.settings.check_files(lambda: _published(self.settings))
        from ned.jobs import run_job

        outcome = run_job(self.settings, self._printer().listen)
        if outcome.error is not None:
            raise outcome.error
        return 0

    def _all(self) -> int:
        """Every video, one after another; 1 where any failed."""
        from ned.jobs import run_batch

        outcomes = run_batch(self.batch, self._printer(batch=True).listen)
        if self.cut is not None and self.new_cut is not None:
            write_cut(self.cut, outcomes, self.new_cut)
            print(self.new_cut)
        states = [outcome.state for outcome in outcomes]
        done, before, failed = (states.count(state) for state in ("done", "skipped", "failed"))
        print(f"{done} done, {before} done before, {failed} failed")
        for outcome in outcomes:
            if outcome.error is not None:
                print(f"failed: {said_of(outcome)}")
        return 1 if failed else 0

    def _printer(self, batch: bool = False) -> Printer:
        return Printer(for_stream(quiet=self.quiet), self.quiet, batch)


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


def _published(settings: ProcessConfig) -> tuple[Path, ...]:
    from ned.pipeline.resolved import published

    return published(settings)
