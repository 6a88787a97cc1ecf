"""`ned train`."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ned.cli.arguments import Command, add_options
from ned.config import convert_all, option
from ned.errors import UserError
from ned.progress import for_stream

NETWORKS = ("manipulator",)


@dataclass(frozen=True)
class Train(Command):
    """Train a network on your data; interrupted training goes on where it stopped."""

    name = "train"
    network: str = option(help="what to train: manipulator", metavar="NETWORK")
    data: tuple[Path, ...] = ()
    out: Path = option(Path("training"), short="-o", metavar="FOLDER", help="where checkpoints and curves go")
    config: Path | None = option(
        None, short="-c", metavar="YAML", help="settings that differ from the defaults, such as configs/ned2022.yaml"
    )
    steps: int = option(3000, metavar="N", help="steps to train")
    minutes: float | None = option(None, metavar="M", help="stop after this much time, also before all steps")
    checkpoint_every: int = option(200, metavar="N", help="steps between checkpoints; a kill loses no more")
    measure_every: int = option(500, metavar="N", help="steps between measurements on held-out people")
    threads: int = option(2, metavar="N", help="processor cores to use")
    seed: int = option(0, metavar="N", help="number from which all chance is drawn")
    space: str = option("arkit52", metavar="SPACE", help="expression space of the tracks: arkit52 or flame50")
    licence: str = option("", metavar="TEXT", help="licence of the weights, written into them")
    quiet: bool = option(False, help="show no progress")

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        add_options(parser, cls)
        parser.add_argument(
            "--data", nargs="+", metavar="PATH", required=True,
            help="corpora of scripts/build_corpus.py (.npz), folders of MEAD or Aff-Wild2, or with a labels.csv",
        )  # fmt: skip

    @classmethod
    def from_arguments(cls, given: Mapping[str, Any]) -> Command:
        given = dict(given)
        data = tuple(Path(path).expanduser() for path in given.pop("data", ()))
        return cls(data=data, **convert_all(cls, given))

    def __post_init__(self) -> None:
        if self.network not in NETWORKS:
            raise UserError(f"unknown network {self.network!r}", remedy=f"choose one of: {', '.join(NETWORKS)}")
        if self.space not in ("arkit52", "flame50"):
            raise UserError(f"unknown expression space {self.space!r}", remedy="choose arkit52 or flame50")
        for name in ("steps", "checkpoint_every", "measure_every", "threads"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} is {getattr(self, name)}", remedy="give 1 or more")
        if self.minutes is not None and self.minutes <= 0:
            raise UserError(f"minutes is {self.minutes:g}", remedy="give more than 0")

    def main(self) -> int:
        from ned.manipulator.settings import ManipulatorConfig, load_settings

        settings = replace(load_settings(self.config) if self.config else ManipulatorConfig(), seed=self.seed)
        for path in self.data:
            if not path.exists():
                raise UserError("no such data", path=path, remedy="check the path")
        if self.out.exists() and not self.out.is_dir():
            raise UserError("is a file", path=self.out, remedy="name a folder")
        from ned.manipulator.training import train_manipulator
        from ned.training.loop import BEST, Schedule

        schedule = Schedule(
            self.steps, 60 * self.minutes if self.minutes else float("inf"), self.checkpoint_every, self.measure_every,
            settings.ema, self.threads,
        )  # fmt: skip
        said = [Path(word).name if "/" in word else word for word in sys.argv[1:]]  # folders are nobody's business
        command = shlex.join(["ned", *said])
        record = train_manipulator(
            settings, self.data, self.out, schedule, self.space, for_stream(quiet=self.quiet, unit="steps"),
            command=command, licence=self.licence,
        )  # fmt: skip
        figures = ", ".join(f"{name} {value:.3f}" for name, value in record.metrics)
        print(f"{self.out / BEST}: {record.steps} steps, {record.seconds:.0f} s" + (f"; {figures}" if figures else ""))
        return 0


