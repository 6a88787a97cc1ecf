"""`ned evaluate`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ned import workspace
from ned.cli.arguments import DataCommand
from ned.cli.evaluate_panel import EvaluatePanel
from ned.cli.evaluate_protocol import EvaluateProtocol
from ned.cli.evaluate_reference import EvaluateReference
from ned.cli.evaluate_self import EvaluateSelf
from ned.cli.evaluate_stills import EvaluateStills, EvaluateVitl
from ned.cli.evaluate_video import EvaluateVideo
from ned.cli.groups import Group
from ned.config.options import option
from ned.errors import UserError
from ned.runtime.extras import need
from ned.runtime.progress import for_stream


@dataclass(frozen=True)
class _EvaluateNetwork(DataCommand):
    """What the commands for trained networks have in common."""

    data_required = False
    checkpoint: Path = option(help="checkpoint that `ned train` wrote", metavar="CHECKPOINT")
    data: tuple[Path, ...] = ()
    sources: int = option(42, metavar="N", help="of a manipulator: tracks to edit, each to all seven emotions")
    seed: int = option(0, metavar="N", help="number from which all chance is drawn")
    threads: int = option(2, metavar="N", help="processor cores to use")
    quiet: bool = option(False, help="show no progress")

    def __post_init__(self) -> None:
        if self.sources < 7:
            raise UserError(f"sources is {self.sources}", remedy="give 7 or more")
        if self.threads < 1:
            raise UserError(f"threads is {self.threads}", remedy="give 1 or more")


@dataclass(frozen=True)
class EvaluateManipulator(_EvaluateNetwork):
    """Measure a trained manipulator on people that it never saw, beside trivial answers."""

    name = "manipulator"
    data_help = "a corpus of scripts/build/corpus.py with people held out"

    def main(self) -> int:
        need("torch", "measuring trained networks")
        workspace.check_input(self.checkpoint, what="checkpoint")
        if len(self.data) != 1:
            said = "--data names several files" if self.data else "--data is missing"
            raise UserError(said, remedy="give a corpus that scripts/build/corpus.py made")
        workspace.check_input(self.data[0], what="corpus")
        import torch

        from ned.manipulator.training.run import compare_manipulators, print_rows

        torch.set_num_threads(self.threads)
        rows, judge = compare_manipulators(
            self.checkpoint, self.data[0], self.sources, self.seed, for_stream(quiet=self.quiet, unit="rows")
        )
        print_rows(rows, judge)
        return 0


@dataclass(frozen=True)
class EvaluateRenderer(_EvaluateNetwork):
    """Measure a trained renderer on the last tenth of videos, painted from the rest."""

    name = "renderer"
    data_help = "videos, prepared crops, or folders of them, of which the last tenth of each is painted from the rest"

    def main(self) -> int:
        need("torch", "measuring trained networks")
        workspace.check_input(self.checkpoint, what="checkpoint")
        if not self.data:
            raise UserError("--data is missing", remedy="give videos, or a folder of them")
        import torch

        from ned.renderer.neural.evaluation import print_rows
        from ned.renderer.neural.training.run import evaluate_checkpoint

        torch.set_num_threads(self.threads)
        print_rows(*evaluate_checkpoint(self.checkpoint, self.data, for_stream(quiet=self.quiet, unit="people")))
        return 0


class Evaluate(Group):
    """Measure edited videos and trained networks, always beside trivial answers."""

    name = "evaluate"
    commands = (
        EvaluateVideo, EvaluateSelf, EvaluateProtocol, EvaluatePanel, EvaluateReference, EvaluateManipulator,
        EvaluateRenderer, EvaluateVitl, EvaluateStills,
    )  # fmt: skip
