"""One video of a batch at one worker: its source, its plan and its renderer, kept while units of it are done."""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from ned.batch.manifest import Manifest, PlannedVideo, options_from, plain_run, run_from
from ned.batch.results import unpack
from ned.batch.sources import brought, check_unchanged
from ned.batch.store import Store
from ned.batch.units import Unit
from ned.config import ProcessConfig
from ned.edit.track_edit import TrackEdit
from ned.errors import UserError
from ned.pipeline.face_models import load_model, space_of
from ned.pipeline.planned import VideoPlan, load_plan, save_plan
from ned.pipeline.resolved import ResolvedRun, resolve, with_handles
from ned.pipeline.video import fitter_of, plan_video, renderer_of
from ned.renderer import Renderer
from ned.rendering.ranges import render_range
from ned.rendering.second_pass import segments_of
from ned.runtime.progress import Clock


class Unsuitable(UserError):
    """This machine cannot do it; another may."""


class OpenedVideo:
    """Close it, or use `with`: its copies are in a folder of their own in `scratch`."""

    def __init__(self, store: Store, manifest: Manifest, video: PlannedVideo, scratch: Path | None = None) -> None:
        """Fetches the source. Unsuitable where it cannot be had here, UserError where it has changed."""
        self.store, self.manifest, self.video = store, manifest, video
        self.folder = Path(tempfile.mkdtemp(prefix=f"ned-{video.key[:6]}-", dir=scratch))
        self._plan: VideoPlan | None = None
        self._made: Callable[[TrackEdit], Renderer] | None = None
        try:
            self.config = self._configured()
            check_unchanged(self.config.input, video.digest, self._said())
        except BaseException:
            self.close()
            raise

    @cached_property
    def run(self) -> ResolvedRun:
        """What the options come to here. Unsuitable where that is not what was planned."""
        planned, here = run_from(self._options["run"]), resolve(self.config)
        for name in ("renderer", "renderer_weights", "manipulator", "manipulator_weights", "face_model_files"):
            if getattr(planned, name) != getattr(here, name):
                cause = f"{name.replace('_', ' ')} differ from the plan's"
                remedy = "copy them (an actor's folder, for example) to this machine too"
                raise Unsuitable(cause, path=self._said(), remedy=remedy)
        return here

    def prepare(self, clock: Clock) -> tuple[Path, int, int, dict[str, Any]]:
        """Analyse the video and plan its edit: the folder with what was found, its pieces, its frames, and facts."""
        work = self.folder / "work"
        work.mkdir(exist_ok=True)
        self._plan = plan_video(with_handles(self.config), self.run, fitter_of(self.config, self.run), clock, work)
        made = self.folder / "plan"
        made.mkdir(exist_ok=True)
        save_plan(made, self._plan)
        facts = {"class": device_class(self.run), "run": plain_run(self.run)}
        count = len(segments_of(self._plan.analysis, self.manifest.piece_s))
        return made, count, self._plan.analysis.num_frames, facts

    def plan(self, pieces: int) -> VideoPlan:
        """The plan of a video that was analysed, wherever. Unsuitable where that was a machine of another kind."""
        if self._plan is None:
            folder = self.folder / "plan"
            result = unpack(self.store, Unit(self.video.key), pieces, folder)
            kind, own = result.facts.get("class"), device_class(self.run)
            if kind != own:
                cause = f"was begun on another kind of machine ({kind}; this one is {own})"
                raise Unsuitable(
                    cause, path=self._said(), remedy="one kind does the whole of a video, for equal pixels"
                )
            self._plan = load_plan(folder, self.config.input, load_model(self.config, space_of(self.config)))
            if self._plan is None:
                raise UserError(
                    "its analysis cannot be read", path=self._said(), remedy="`ned batch retry` makes it anew"
                )
        return self._plan

    def render(self, unit: Unit, pieces: int, clock: Clock) -> tuple[Path, int]:
        """Render a range of its pieces: the folder with the segments, and how many frames these are."""
        plan, made, config = self.plan(pieces), self.folder / unit.name, with_handles(self.config)
        made.mkdir(exist_ok=True)
        numbers, make = range(unit.start, unit.stop), self._renderer(clock)
        frames = render_range(
            plan.edits, plan.analysis, make, config, config, clock, made, numbers, self.manifest.piece_s
        )  # fmt: skip
        return made, frames

    def close(self) -> None:
        """Remove its copies."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> OpenedVideo:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _options(self) -> dict[str, Any]:
        return self.manifest.options[self.video.options]

    def _said(self) -> str:
        return self.video.source

    def _configured(self) -> ProcessConfig:
        suffix, name = Path(self.video.source.partition("?")[0]).suffix, Path(self.video.output).name
        try:
            source = brought(self.video.source, self.store, self.folder, f"source{suffix}")
        except UserError as error:
            raise Unsuitable(error.cause, path=error.path, remedy=error.remedy) from error

        def fetch(stored: str) -> Path:
            digest, _, plain = stored.removeprefix("files/").partition("/")
            path = self.folder / f"file-{digest[:32]}" / Path(plain).name
            path.parent.mkdir(exist_ok=True)
            self.store.fetch(stored, path)
            return path

        return options_from(self._options["config"], fetch, input=source, output=self.folder / name)

    def _renderer(self, clock: Clock) -> Callable[[TrackEdit], Renderer]:
        if self._made is None:
            plan = self._plan
            assert plan is not None  # the caller asked for it
            self._made = renderer_of(
                plan.edits, fitter_of(self.config, self.run), plan.analysis, self.config, self.run, clock
            )
        return self._made


def device_class(run: ResolvedRun) -> str:
    """Machines of one class make the same images to the last bit: what the renderer runs on, and the instructions that
    compiled code chooses by."""
    import torch

    return f"{run.device}, {platform.machine()} {torch.backends.cpu.get_cpu_capability()}"
