"""One video of a batch at one worker: its source, its plan and its renderer, kept while units of it are done."""

from __future__ import annotations

import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from ned.batch.manifest import Manifest, PlannedVideo, options_from, plain_run, run_from
from ned.batch.results import DamagedResult, forget, unpack
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
from ned.runtime.cores import instructions
from ned.runtime.progress import Clock
from ned.workspace import alone_in

_PREFIX = "ned-batch-"
_FRESH_S = 60.0


class Unsuitable(UserError):
    """This machine cannot do it; another may."""


class OpenedVideo:
    """Close it, or use `with`: its copies are in a folder of their own in `scratch`."""

    def __init__(self, store: Store, manifest: Manifest, video: PlannedVideo, scratch: Path | None = None) -> None:
        """Fetches the source. Unsuitable where it cannot be had here, UserError where it has changed."""
        self.store, self.manifest, self.video = store, manifest, video
        self.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{video.key[:6]}-", dir=scratch))
        self._plan: VideoPlan | None = None
        self._made: Callable[[TrackEdit], Renderer] | None = None
        self._held = ExitStack()
        try:
            self._held.enter_context(alone_in(self.folder, video.source))
            self.config = self._configured()
            check_unchanged(self.config.input, video.digest, self._said())
        except BaseException:
            self.close()
            raise

    @cached_property
    def run(self) -> ResolvedRun:
        """What the options come to here. Unsuitable where that is not what was planned."""
        planned = run_from(self._options["run"])
        try:
            here = resolve(self.config)
        except UserError as error:  # a package, a file that others have
            raise Unsuitable(error.cause, path=error.path, remedy=error.remedy) from error
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
                forget(self.store, Unit(self.video.key), pieces)
                raise DamagedResult("its analysis cannot be read", path=self._said(), remedy="it is made anew")
        return self._plan

    def place(self, unit: Unit) -> Path:
        """The folder, made where it is missing, of what is rendered of a range of its pieces."""
        folder = self.folder / unit.name
        folder.mkdir(exist_ok=True)
        return folder

    def render(self, unit: Unit, pieces: int, clock: Clock) -> int:
        """Render a range of its pieces into its `place`, from what lies there on; how many frames these are."""
        plan, config = self.plan(pieces), with_handles(self.config)
        numbers, make = range(unit.start, unit.stop), self._renderer(clock)
        return render_range(
            plan.edits, plan.analysis, make, config, config, clock, self.place(unit), numbers, self.manifest.piece_s
        )  # fmt: skip

    def close(self) -> None:
        """Remove its copies."""
        self._held.close()
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


def sweep(scratch: Path | None) -> int:
    """Remove the copies of workers that were killed, which hold their folders no more; how many there were."""
    count = 0
    for folder in Path(scratch or tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        with suppress(OSError, UserError):  # of somebody else, or at work
            old = time.time() - folder.lstat().st_mtime > _FRESH_S  # held by now, if it ever is
            if old and not folder.is_symlink():
                with alone_in(folder, "copies of a batch"):
                    shutil.rmtree(folder, ignore_errors=True)
                    count += 1
    return count


def device_class(run: ResolvedRun) -> str:
    """Machines of one class make the same images to the last bit: what the renderer runs on, and the instructions that
    compiled code chooses by."""
    return f"{run.device}, {platform.machine()} {instructions()}"
