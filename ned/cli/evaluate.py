"""`ned evaluate`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ned import workspace
from ned.cli.arguments import DataCommand
from ned.config.options import option
from ned.errors import UserError
from ned.runtime.progress import for_stream

NETWORKS = ("manipulator", "renderer", "vitl", "stills")


@dataclass(frozen=True)
class Evaluate(DataCommand):
    """Measure a trained network on what it never saw, beside trivial answers."""

    name = "evaluate"
    data_help = (
        "manipulator: a corpus of scripts/build/corpus.py with people held out; renderer: videos, prepared "
        "crops, or folders of them, of which the last tenth of each is painted from the rest; vitl: a corpus"
    )
    data_required = False
    network: str = option(help=f"what to measure: {', '.join(NETWORKS)}", metavar="NETWORK")
    checkpoint: Path = option(
        metavar="CHECKPOINT",
        help="checkpoint that `ned train` wrote; vitl: also a folder of KDEF or RaFD; stills: a CSV of judged pictures",
    )  # fmt: skip
    data: tuple[Path, ...] = ()
    sources: int = option(42, metavar="N", help="of a manipulator: tracks to edit, each to all seven emotions")
    seed: int = option(0, metavar="N", help="number from which all chance is drawn")
    threads: int = option(2, metavar="N", help="processor cores to use")
    quiet: bool = option(False, help="show no progress")

    def __post_init__(self) -> None:
        if self.network not in NETWORKS:
            raise UserError(f"unknown network {self.network!r}", remedy=f"choose one of: {', '.join(NETWORKS)}")
        if self.sources < 7:
            raise UserError(f"sources is {self.sources}", remedy="give 7 or more")
        if self.threads < 1:
            raise UserError(f"threads is {self.threads}", remedy="give 1 or more")

    def main(self) -> int:
        if self.network in ("vitl", "stills"):
            from ned.cli.evaluate_stills import evaluate_judged, evaluate_vitl

            if self.network == "vitl":
                return evaluate_vitl(self.checkpoint, self.data)
            return evaluate_judged(self.checkpoint)
        workspace.check_input(self.checkpoint, what="checkpoint")
        if self.network == "renderer":
            return self._renderer()
        if len(self.data) != 1:
            said = "--data names several files" if self.data else "--data is missing"
            raise UserError(said, remedy="give a corpus that scripts/build/corpus.py made")
        workspace.check_input(self.data[0], what="corpus")
        from ned.manipulator.training.run import compare_manipulators, print_rows

        rows, judge = compare_manipulators(
            self.checkpoint, self.data[0], self.sources, self.seed, for_stream(quiet=self.quiet, unit="rows")
        )
        print_rows(rows, judge)
        return 0

    def _renderer(self) -> int:
        if not self.data:
            raise UserError("--data is missing", remedy="give videos, or a folder of them")
        import torch

        from ned.renderer.neural.evaluation import print_rows
        from ned.renderer.neural.training.run import evaluate_checkpoint

        torch.set_num_threads(self.threads)
        print_rows(*evaluate_checkpoint(self.checkpoint, self.data, for_stream(quiet=self.quiet, unit="people")))
        return 0
