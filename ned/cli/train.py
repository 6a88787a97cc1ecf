"""`ned train`."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ned import workspace
from ned.cli.arguments import DataCommand
from ned.config.edit import FaceModelOptions
from ned.config.options import option
from ned.config.settings import S
from ned.errors import UserError
from ned.runtime.extras import need
from ned.runtime.progress import for_stream

if TYPE_CHECKING:
    from ned.files.checkpoint import TrainingRecord
    from ned.training.loop import Schedule

STILLS = ("caae", "stargan", "cyclegan", "small-editor")
NETWORKS = ("manipulator", "meta-renderer", "vitl", *STILLS)
CHECKPOINT_S = 50.0
"""Seconds after which a checkpoint is written anyway; a kill loses about a minute at most."""


@dataclass(frozen=True, kw_only=True)
class Train(FaceModelOptions, DataCommand):
    """Train a network on your data; interrupted training goes on where it stopped."""

    name = "train"
    data_help = (
        "manipulator: corpora of scripts/build/corpus.py (.npz), folders of MEAD or Aff-Wild2, or with a "
        "labels.csv; meta-renderer: videos, prepared crops, folders of them (of folders, one a person); vitl: a "
        "corpus; caae, stargan, cyclegan: AffectNet, FERPlus, KDEF, RaFD, or images with a labels.csv; small-editor: "
        "pairs of scripts/build/still_pairs.py"
    )
    network: str = option(help=f"what to train: {', '.join(NETWORKS)}", metavar="NETWORK")
    data: tuple[Path, ...] = ()
    out: Path = option(Path("training"), short="-o", metavar="FOLDER", help="where checkpoints and curves go")
    config: Path | None = option(
        None, short="-c", metavar="YAML", help="settings that differ from the defaults, such as configs/ned2022.yaml"
    )
    weights: Path | None = option(None, metavar="FILE", help="checkpoint of a meta-renderer to begin from")
    hold_out: tuple[str, ...] = option(
        (), metavar="NAME", repeat=True,
        help="person, or a pattern such as 'M*', that a meta-renderer is measured on and not trained on; repeatable",
    )  # fmt: skip
    steps: int = option(3000, metavar="N", help="steps to train")
    minutes: float | None = option(None, metavar="M", help="stop after this much time, also before all steps")
    checkpoint_every: int = option(200, metavar="N", help="steps between checkpoints; one is written each minute too")
    measure_every: int = option(500, metavar="N", help="steps between measurements on held-out people")
    threads: int = option(2, metavar="N", help="processor cores to use")
    seed: int | None = option(
        None, metavar="N",
        help="number from which all chance is drawn; default: the one in --config, or 0 where there is none",
    )  # fmt: skip
    space: str = option("arkit52", metavar="SPACE", help="expression space of the tracks: arkit52 or flame50")
    licence: str = option("", metavar="TEXT", help="licence of the weights, written into them")
    quiet: bool = option(False, help="show no progress")

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
        if self.network != "meta-renderer" and (self.weights or self.hold_out):
            raise UserError("--weights and --hold-out are for the meta-renderer", remedy="leave them out")
        if self.face_model != "canonical" and self.network not in ("manipulator", "meta-renderer"):
            raise UserError("--face-model is for the manipulator and the meta-renderer", remedy="leave it out")
        if self.network != "manipulator":
            self._refuse("space")
        if self.network == "vitl":  # it is solved, not trained step by step
            self._refuse("steps", "minutes", "checkpoint_every", "measure_every", "threads")
        self.check_face_model()

    def _refuse(self, *names: str) -> None:
        """Raise UserError where one of these options is not as it is by default: the network does not know them."""
        for name in names:
            if getattr(self, name) != type(self).__dataclass_fields__[name].default:
                flag = "--" + name.replace("_", "-")
                raise UserError(f"{flag} is not for the network {self.network}", remedy="leave it out")

    def main(self) -> int:
        if self.network != "vitl":
            need("torch", "training")
        how = {"manipulator": self._manipulator, "meta-renderer": self._renderer, "vitl": self._slider}
        record = how.get(self.network, self._stills)()
        from ned.training.loop import BEST

        figures = ", ".join(f"{name} {value:.3f}" for name, value in record.metrics)
        print(f"{self.out / BEST}: {record.steps} steps, {record.seconds:.0f} s" + (f"; {figures}" if figures else ""))
        return 0

    def _manipulator(self) -> TrainingRecord:
        from ned.manipulator.settings import ManipulatorConfig

        settings = self._settings(ManipulatorConfig)
        self._check_paths()
        from ned.manipulator.training.run import train_manipulator

        progress, tracks_of = for_stream(quiet=self.quiet, unit="steps"), None
        if self.space == "flame50" and self.face_model == "flame":
            from ned.pipeline.fitters import flame_tracks

            tracks_of = flame_tracks(self)
        return train_manipulator(
            settings, self.data, self.out, self._schedule(settings.ema), self.space, progress, command=said_command(),
            licence=self.licence, tracks_of=tracks_of,
        )  # fmt: skip

    def _renderer(self) -> TrainingRecord:
        from ned.renderer.neural.settings import RendererConfig

        settings = self._settings(RendererConfig)
        self._check_paths()
        if self.weights is not None:
            workspace.check_input(self.weights, what="checkpoint")
        from ned.renderer.neural.training.run import train_renderer

        progress, drawing = for_stream(quiet=self.quiet, unit="steps"), None
        if self.face_model != "canonical":
            from ned.pipeline.painters import drawing_of

            drawing = drawing_of(self, progress)
        return train_renderer(
            settings, self.data, self.out, self._schedule(settings.ema), progress, command=said_command(),
            licence=self.licence, hold_out=self.hold_out, start=self.weights, drawing=drawing,
        )  # fmt: skip

    def _slider(self) -> TrainingRecord:
        from ned.manipulator.vitl.settings import SliderConfig

        settings = self._settings(SliderConfig)
        self._check_paths()
        from ned.manipulator.vitl.training.run import train_slider

        return train_slider(settings, self.data, self.out, command=said_command(), licence=self.licence)

    def _stills(self) -> TrainingRecord:
        from ned.stills.gan.settings import CaaeConfig, SmallConfig, SmileConfig

        kind = {"caae": CaaeConfig, "small-editor": SmallConfig}.get(self.network, SmileConfig)
        settings = self._settings(kind)
        if kind is SmileConfig:
            settings = replace(settings, networks=self.network)
        self._check_paths()
        from ned.stills.gan.training import train_stills

        return train_stills(
            settings, self.data, self.out, self._schedule(settings.ema), for_stream(quiet=self.quiet, unit="steps"),
            command=said_command(), licence=self.licence,
        )  # fmt: skip

    def _settings(self, kind: type[S]) -> S:
        settings = kind.load(self.config) if self.config else kind()
        return settings if self.seed is None else replace(settings, seed=self.seed)

    def _check_paths(self) -> None:
        for path in self.data:
            if not path.exists():
                raise UserError("no such data", path=path, remedy="check the path")
        if self.out.exists() and not self.out.is_dir():
            raise UserError("is a file", path=self.out, remedy="name a folder")

    def _schedule(self, ema: float) -> Schedule:
        from ned.training.loop import Schedule

        seconds = 60 * self.minutes if self.minutes else float("inf")
        return Schedule(
            self.steps, seconds, self.checkpoint_every, self.measure_every, ema, self.threads, CHECKPOINT_S
        )


def said_command() -> str:
    """The command as it was given, without folders, which are nobody's business."""
    return shlex.join(["ned", *(Path(word).name if "/" in word else word for word in sys.argv[1:])])
