"""`ned still`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ned.cli.arguments import Command, add_options
from ned.config.options import convert_all, option
from ned.config.still import StillConfig
from ned.errors import NedError, UserError
from ned.workspace.images import READS
from ned.workspace.inputs import check_apart, expand, is_many

if TYPE_CHECKING:
    from ned.stills.process import StillResult

_OF_PROCESS = ("input", "output", "emotion", "valence", "arousal", "intensity", "person", "expression", "manipulator",
               "seed", "provenance", "provenance_cert", "provenance_key", "overwrite")  # fmt: skip


@dataclass(frozen=True)
class Still(Command):
    """Change the emotion of the faces in a photograph; all that is no face stays."""

    name = "still"
    settings: StillConfig
    batch: tuple[StillConfig, ...] = ()
    """Where several images are asked for, all of them; `settings` is the first."""
    quiet: bool = option(False, help="say nothing but the last line and errors")

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        add_options(parser, StillConfig, many=("input",))
        add_options(parser, cls)

    @classmethod
    def from_arguments(cls, given: Mapping[str, Any]) -> Command:
        given = dict(given)
        own = convert_all(cls, {name: given.pop(name) for name in ("quiet",) if name in given})
        inputs = given.pop("input")
        if is_many(inputs):
            batch = _many(inputs, given)
            return cls(batch[0], batch, **own)
        return cls(StillConfig(**convert_all(StillConfig, given | {"input": inputs[0]})), **own)

    @classmethod
    def of_process(cls, given: Mapping[str, Any]) -> Command:
        """What `ned process` was asked to do with images. Raises UserError for what is for videos only."""
        for name in given:
            if name not in (*_OF_PROCESS, "quiet"):
                flag = "--" + name.removesuffix("_s").replace("_", "-")
                raise UserError(f"{flag} is for videos", remedy="leave it out; see `ned still --help`")
        print("ned: note: images are edited by `ned still`", file=sys.stderr)
        return cls.from_arguments(given)

    def main(self) -> int:
        return self._all() if self.batch else self._one(self.settings)

    def _one(self, config: StillConfig) -> int:
        config.check_files()
        from ned.stills.process import edit_still

        began = time.monotonic()
        result = edit_still(config)
        print(summary(result, config, time.monotonic() - began))
        return 0

    def _all(self) -> int:
        """Every image, one after another; 1 where any failed."""
        failed = []
        for config in self.batch:
            try:
                self._one(config)
            except NedError as error:
                failed.append(str(error) if str(config.input) in str(error) else f"{config.input}: {error}")
                print(f"ned: error: {failed[-1]}", file=sys.stderr, flush=True)
        print(f"{len(self.batch) - len(failed)} done, {len(failed)} failed")
        return 1 if failed else 0


def _many(inputs: list[str], given: Mapping[str, Any]) -> tuple[StillConfig, ...]:
    """The configuration of each image; `--output` is a folder, which is made where it is missing."""
    rest = dict(given)
    folder = Path(rest.pop("output")).expanduser() if rest.get("output") is not None else None

    def config(source: Path) -> StillConfig:
        plain = StillConfig(**convert_all(StillConfig, rest | {"input": source}))
        return plain if folder is None else replace(plain, output=folder / plain.output_path.name)

    batch = tuple(config(path) for path in expand(inputs, lambda p: [config(p).output_path], READS, "image"))
    check_apart((one.input, one.output_path) for one in batch)
    if folder is not None:
        if folder.exists() and not folder.is_dir():
            raise UserError("is no folder", path=folder, remedy="several images need a folder as --output")
        folder.mkdir(parents=True, exist_ok=True)
    return batch


def summary(result: StillResult, config: StillConfig, seconds: float) -> str:
    """The last line: the output, what was done and how long it took."""
    faces = "1 face" if result.faces == 1 else f"{result.faces} faces"
    notes = []
    if result.left_out:
        notes.append(f"{result.left_out} too small and left alone")
    if result.turned_away:
        notes.append(f"{result.turned_away} turned away and hardly edited")
    if not config.provenance:
        notes.append("not signed (--no-provenance)")
    return f"{result.output}: {faces} {config.said()}, {', '.join([*notes, f'{seconds:.1f} s'])}"
