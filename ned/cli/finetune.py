"""`ned finetune`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ned import workspace
from ned.cli.arguments import Command, add_options
from ned.cli.train import said_command
from ned.config.edit import FaceModelOptions
from ned.config.options import convert_all, option
from ned.errors import UserError
from ned.runtime.progress import for_stream
from ned.workspace.inputs import expand


@dataclass(frozen=True, kw_only=True)
class Finetune(FaceModelOptions, Command):
    """Fit the neural renderer to a person, once; the same command goes on after an interruption.

    The last tenth of every video is not learnt from, but what the quality is estimated on.
    """

    name = "finetune"
    videos: tuple[Path, ...] = ()
    actor: str | None = option(
        None, flag="--name", metavar="ACTOR", help="name to keep the result under; default: that of the first video"
    )
    minutes: float = option(10.0, metavar="M", help="time altogether, preparation included; more than before goes on")
    person: int | None = option(
        None, short="-p", metavar="N",
        help="number in `ned analyse` of the first video; default: its most prominent speaker",
    )  # fmt: skip
    weights: Path | None = option(
        None, metavar="FILE", help="checkpoint of `ned train meta-renderer` to begin from instead of the shipped one"
    )
    threads: int = option(2, metavar="N", help="processor cores to use")
    seed: int = option(0, metavar="N", help="number from which all chance is drawn")
    overwrite: bool = option(False, short="-y", help="replace an actor of this name that was made of other videos")
    quiet: bool = option(False, help="show no progress")

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("videos", nargs="+", metavar="VIDEO", help="videos of one person; a folder: all in it")
        add_options(parser, cls)

    @classmethod
    def from_arguments(cls, given: Mapping[str, Any]) -> Command:
        given = dict(given)
        videos = tuple(expand(given.pop("videos"), lambda path: ()))
        return cls(videos=videos, **convert_all(cls, given))

    def __post_init__(self) -> None:
        for name, value in (("minutes", self.minutes), ("threads", self.threads), ("person", self.person)):
            if value is not None and not 0 < value < 1e6:
                raise UserError(f"{name} is {value:g}", remedy="give more than 0")
        if self.seed < 0:
            raise UserError(f"seed is {self.seed}", remedy="give 0 or more")
        for path in self.videos:
            workspace.check_input(path)
        if self.weights is not None:
            workspace.check_input(self.weights, what="checkpoint")
        self.check_face_model()

    def main(self) -> int:
        began = time.monotonic()
        name = self.actor or workspace.actor_name(self.videos[0])
        folder = workspace.actor_folder(name)
        from ned.renderer.neural.actors import PREVIEWS
        from ned.renderer.neural.training.finetuning import finetune

        progress = for_stream(quiet=self.quiet, unit="steps")
        drawing = None
        if self.face_model != "canonical":
            from ned.pipeline.painters import drawing_of

            drawing = drawing_of(self, progress)
        try:
            actor = finetune(
                self.videos, name, self.minutes, progress, self.weights, self.person, self.threads, self.seed,
                self.overwrite, said_command(), began, drawing,
            )  # fmt: skip
        except KeyboardInterrupt:
            print("ned: the same command goes on from the last checkpoint", file=sys.stderr)
            raise
        found = actor.record
        print(folder / PREVIEWS)
        said = "better" if found.beats_warp() else "no better"
        print(
            f"{actor.weights}: actor {name!r}, {found.seconds:.1f} s of footage, {found.steps} steps in "
            f"{found.minutes:.1f} min; held-out MAE {found.fapd:.2f}, {said} than a bent frame ({found.warp_fapd:.2f})"
        )
        return 0
