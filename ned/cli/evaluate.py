"""`ned evaluate`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ned import workspace
from ned.cli.arguments import Command
from ned.config import option
from ned.errors import UserError
from ned.progress import for_stream


@dataclass(frozen=True)
class Evaluate(Command):
    """Measure a trained network on people that it never saw, beside trivial edits."""

    name = "evaluate"
    network: str = option(help="what to measure: manipulator", metavar="NETWORK")
    checkpoint: Path = option(help="checkpoint that `ned train` wrote", metavar="CHECKPOINT")
    data: Path | None = option(None, metavar="NPZ", help="corpus of scripts/build_corpus.py with people held out")
    sources: int = option(42, metavar="N", help="tracks to edit, each to all seven emotions")
    seed: int = option(0, metavar="N", help="number from which all chance is drawn")
    quiet: bool = option(False, help="show no progress")

    def __post_init__(self) -> None:
        if self.network != "manipulator":
            raise UserError(f"unknown network {self.network!r}", remedy="choose manipulator")
        if self.sources < 7:
            raise UserError(f"sources is {self.sources}", remedy="give 7 or more")

    def main(self) -> int:
        workspace.check_input(self.checkpoint, what="checkpoint")
        if self.data is None:
            raise UserError("--data is missing", remedy="give a corpus that scripts/build_corpus.py made")
        workspace.check_input(self.data, what="corpus")
        from ned.manipulator.training import compare_manipulators, print_rows

        rows, judge = compare_manipulators(
            self.checkpoint, self.data, self.sources, self.seed, for_stream(quiet=self.quiet, unit="rows")
        )
        print_rows(rows, judge)
        return 0
