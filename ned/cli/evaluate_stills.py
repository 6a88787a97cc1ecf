"""`ned evaluate vitl` and `ned evaluate stills`: the papers' tables in their form, with trivial rows in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ned import workspace
from ned.cli.arguments import Command
from ned.config.options import option
from ned.errors import UserError


@dataclass(frozen=True)
class EvaluateVitl(Command):
    """Measure a slider beside trivial answers, or repeat its paper's experiment on a folder of posed faces."""

    name = "vitl"
    slider: Path = option(metavar="SLIDER", help="slider that `ned train vitl` wrote, or a folder of KDEF or RaFD")
    data: Path | None = option(None, metavar="CORPUS", help="a corpus with people held out (invented people)")

    def main(self) -> int:
        return evaluate_vitl(self.slider, self.data)


@dataclass(frozen=True)
class EvaluateStills(Command):
    """Agreement of asked and judged valence and arousal over images, beside trivial answers."""

    name = "stills"
    judged: Path = option(metavar="JUDGED.csv", help="table of judged images")

    def main(self) -> int:
        return evaluate_judged(self.judged)


def evaluate_vitl(path: Path, data: Path | None) -> int:
    """A folder of posed faces: the paper's experiment. A slider: beside trivial answers, on the people of a corpus."""
    if path.is_dir():
        if data is not None:
            raise UserError("--data goes with a slider, not with a folder of faces", remedy="leave it out")
        from ned.manipulator.vitl.landmarks import mesh_points, read_posed
        from ned.manipulator.vitl.protocol import print_protocol, run_protocol

        print_protocol(run_protocol(read_posed(path, mesh_points)))
        return 0
    workspace.check_input(path, what="slider")
    from ned.manipulator.vitl.evaluation import compare, print_rows, smoothness
    from ned.manipulator.vitl.settings import SliderConfig
    from ned.manipulator.vitl.slider import load_slider
    from ned.manipulator.vitl.training.run import known_people, people_of

    slider = load_slider(path)
    test = people_of(data, "test")
    print_rows(compare(slider, known_people(SliderConfig()), test), smoothness(slider, test))
    return 0


def evaluate_judged(path: Path) -> int:
    """Images that a judge has looked at: asked against judged valence and arousal."""
    workspace.check_input(path, what="CSV file")
    from ned.stills.agreement import print_agreement, read_judged

    print_agreement(read_judged(path))
    return 0
