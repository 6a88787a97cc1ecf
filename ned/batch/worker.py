"""A worker: takes units that are free, does them, publishes what they come to; until nothing is left.

It keeps nothing that matters. It stays with a video as long as there is a free unit in it, so that sources travel and
renderers are prepared once; then it takes a video that nobody has begun, long ones first, and only then it helps others
with theirs.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ned.batch.claims import Held, claimed, take
from ned.batch.kept import KeptPieces
from ned.batch.manifest import Manifest, PlannedVideo
from ned.batch.opened import OpenedVideo, Unsuitable, sweep
from ned.batch.plan import versions
from ned.batch.results import publish
from ned.batch.store import Store
from ned.batch.units import BEGUN, FINISHED, PREPARE, Unit, VideoState, folder_of
from ned.errors import Cancelled, NedError, ProcessingError, UserError
from ned.runtime import devices
from ned.runtime.cancel import CancelToken
from ned.runtime.events import Listener, Reported
from ned.runtime.progress import Clock
from ned.version import __version__

PROBES = 16
"""Videos of others that are looked at in one round."""
LONGEST_WAIT_S = 15.0
LOST_TRIES = 8
"""Attempts after which a unit whose workers are lost each time is given up: it may be what kills them."""
OWN_FAILURES = 3
"""Videos in a row that fail at one worker, after which it is the worker that is taken to be at fault."""


class BrokenWorker(ProcessingError):
    """One video after another failed at this worker."""


@dataclass(frozen=True)
class UnitDone:
    """A unit was done by this worker."""

    unit: Unit
    source: str
    frames: int
    seconds: float


@dataclass(frozen=True)
class UnitFailed:
    """A unit was not done; `final`: nobody will try again."""

    unit: Unit
    source: str
    said: str
    final: bool


def check_suits(manifest: Manifest) -> None:
    """UserError where this machine or installation cannot take part at all; hides GPUs where the plan wants none."""
    if manifest.version != __version__:
        cause = f"the plan was made by ned {manifest.version}, this worker is {__version__}"
        raise UserError(cause, remedy=f"install ned {manifest.version} here, or plan anew")
    for package, version in versions().items():
        if manifest.packages.get(package, version) != version:
            cause = f"the plan was made with {package} {manifest.packages[package]}, this worker has {version}"
            raise UserError(cause, remedy="install the same versions everywhere (constraints.txt)")
    if manifest.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        return
    if devices.settle() != "cuda":
        cause = "the plan asks for a GPU, and there is none here"
        raise UserError(cause, remedy="run on machines with a GPU, or plan with --device cpu")


class Worker:
    """See the module. `count`: how many work together, about."""

    def __init__(
        self,
        store: Store,
        name: str,
        *,
        count: int = 1,
        scratch: Path | None = None,
        listen: Listener = lambda event: None,
        token: CancelToken | None = None,
        orphaned: Callable[[], bool] = lambda: False,
    ) -> None:
        """UserError as `check_suits`, and where the store holds no plan."""
        self.store, self.name, self.manifest = store, name, Manifest.load(store)
        check_suits(self.manifest)
        self._listen, self._token, self._orphaned = listen, token or CancelToken(), orphaned
        self._scratch, self._chance = scratch, random.Random(name)
        self._together, self._order = count, list[str]()
        self._videos: dict[str, PlannedVideo] = {}
        self._take_plan(self.manifest)
        self._open: OpenedVideo | None = None
        self._unsuitable: dict[str, Unsuitable] = {}
        self._failed_at: list[str] = []
        """Videos of which a unit failed here, since one was done."""
        if scratch is not None:
            _check_scratch(scratch)
        sweep(scratch)

    def work(self) -> int:
        """Do units until all videos are finished or given up, and the plan has not grown; how many. Waits while others
        are at work, since theirs may be lost. Raises what ends a worker: Cancelled, an unreachable store, Unsuitable
        where nothing that is left can be done here, and BrokenWorker, so that a machine that is broken does not use up
        the tries of all."""
        count, wait_s = 0, 1.0
        try:
            while True:
                self._token.check()
                found = self._next()
                if found is not None:
                    count, wait_s = count + self._do(*found), 1.0
                    continue
                left = set(self._order) - self._finished()
                if not left and self._take_plan(Manifest.load(self.store)):
                    continue
                if not left:
                    return count
                if left <= set(self._unsuitable):
                    raise next(iter(self._unsuitable.values()))
                self._pause(wait_s * (0.5 + self._chance.random()))
                wait_s = min(2 * wait_s, LONGEST_WAIT_S, self.manifest.lease_s / 4)
        finally:
            self._close()

    def _take_plan(self, manifest: Manifest) -> bool:
        """Work by this plan, which may have grown; whether there are videos in it that were not known."""
        new = {video.key for video in manifest.videos} - set(self._videos)
        if new:
            longest_first = sorted(manifest.videos, key=lambda video: (-video.seconds, video.key))
            self.manifest, self._order = manifest, [video.key for video in longest_first]
            self._videos = {video.key: video for video in manifest.videos}
        return bool(new)

    def _next(self) -> tuple[Held, VideoState] | None:
        """A unit that was free and is ours now, and how things stood."""
        if self._open is not None and (found := self._claim_in(self._open.video.key)):
            return found
        finished, begun = self._finished(), set(self.store.names(BEGUN))
        over = finished | set(self._unsuitable)
        for key in choose(self._order, begun, over | set(self._failed_at), self._together, self._chance):
            if found := self._claim_in(key):
                return found
        for key in self._failed_at:  # what others may do better comes last
            if key not in over and (found := self._claim_in(key)):
                return found
        return None

    def _claim_in(self, key: str) -> tuple[Held, VideoState] | None:
        state = self._state(key)
        if state.hopeless(self.manifest.tries) or state.finished:  # and whoever saw to that was lost before it said so
            self.store.put(f"{FINISHED}/{key}.{'done' if state.finished else 'failed'}", b"")
            return None
        for unit in state.open(self.manifest.tries):
            if unit.name != PREPARE and PREPARE not in state.done:
                continue
            if claimed(self.store, state, unit, self.manifest.lease_s):
                continue
            if state.losses(unit) >= LOST_TRIES:
                said = f"its worker was lost {state.losses(unit)} times; is there enough memory for it?"
                self._note_failure(unit, state.attempts(unit), said, final=True)
                return None
            held = take(self.store, state, unit, self.name)
            if held is not None:
                if unit.name == PREPARE:
                    self.store.put(f"{BEGUN}/{key}", b"")
                return held, state
        return None

    def _do(self, held: Held, state: VideoState) -> int:
        """Do a unit that we hold; how many were done."""
        unit, began, said = held.unit, time.monotonic(), self._videos[held.unit.video].source

        def listen(event: object) -> None:
            held.listen(event)
            self._listen(event)

        clock, kept = Clock(Reported(listen, self._token)), None
        try:
            with held.keep_alive(self.manifest.lease_s, self._token, self._orphaned):
                video = self._opened(unit.video)
                if unit.name == PREPARE:
                    files, pieces, frames, facts = video.prepare(clock)
                else:
                    pieces, facts, files = 0, {}, video.place(unit)
                    kept = KeptPieces(self.store, unit, files)
                    kept.bring(state.kept.get(unit.name, ()))
                    held.once_a_lease = kept.keep
                    frames = video.render(unit, state.pieces or 0, clock)
                seconds = time.monotonic() - began
                publish(
                    self.store, unit, held.attempt, self.name, files, video.folder, pieces, kept,
                    seconds=seconds, frames=frames, facts=facts,
                )  # fmt: skip
                if unit.name != PREPARE:
                    shutil.rmtree(files, ignore_errors=True)
            self._failed_at.clear()
            self._listen(UnitDone(unit, said, frames, seconds))
            if unit.name != PREPARE and self._state(unit.video).finished:
                self.store.put(f"{FINISHED}/{unit.video}.done", b"")
            return 1
        except Unsuitable as error:
            held.withdraw()
            self._unsuitable[unit.video] = error
        except (Cancelled, KeyboardInterrupt, SystemExit):
            if kept is not None:
                kept.keep()
            held.withdraw()
            raise
        except Exception as error:
            theirs = isinstance(error, UserError)
            text = str(error) if isinstance(error, NedError) else f"unexpected {type(error).__name__}: {error}"
            final = self._note_failure(unit, held.attempt, " ".join(text.split()), theirs)
            self._listen(UnitFailed(unit, said, text, final))
            if not theirs:
                self._blame(unit.video, text)
        self._close()
        return 0

    def _blame(self, key: str, said: str) -> None:
        """Note that something failed here. Raises BrokenWorker."""
        self._failed_at = [*(video for video in self._failed_at if video != key), key]
        if len(self._failed_at) >= OWN_FAILURES:
            cause = f"{OWN_FAILURES} videos in a row failed at this worker, the last with: {said}"
            raise BrokenWorker(cause, path=self.store.url, remedy="look at this machine: its disk, memory, network")

    def _note_failure(self, unit: Unit, attempt: int, said: str, final: bool) -> bool:
        """Say in the store what went wrong; whether the unit is given up."""
        data = json.dumps({"error": said, "worker": self.name, "attempt": attempt}).encode()
        self.store.put(unit.path("refused.json" if final else f"failed.{attempt}.json"), data)
        if self._state(unit.video).given_up(unit, self.manifest.tries):
            self.store.put(f"{FINISHED}/{unit.video}.failed", b"")
            return True
        return False

    def _opened(self, key: str) -> OpenedVideo:
        if self._open is None or self._open.video.key != key:
            self._close()
            self._open = OpenedVideo(self.store, self.manifest, self._videos[key], self._scratch)
        return self._open

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _state(self, key: str) -> VideoState:
        return VideoState.of(key, self.manifest.per_unit, self.store.names(folder_of(key)))

    def _finished(self) -> set[str]:
        return {name.rpartition(".")[0] for name in self.store.names(FINISHED)}

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._token.check()
            if self._orphaned():
                self._token.cancel()
            time.sleep(min(0.2, seconds))


def _check_scratch(folder: Path) -> None:
    """Make it where it is missing. UserError where it cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        remedy = "choose another --scratch"
        raise UserError(f"cannot be used for copies ({error.strerror})", path=folder, remedy=remedy) from error


def choose(
    order: Sequence[str], begun: Container[str], over: Container[str], together: int, chance: random.Random
) -> Iterator[str]:
    """Where to look for work: videos that nobody has begun, in `order`, but by chance among as many as work `together`,
    so that they do not all ask for the same; then some of those that others are at, by chance too."""
    fresh = [key for key in order if key not in begun and key not in over]
    near = min(len(fresh), max(1, together))
    shift = chance.randrange(near) if near else 0
    yield from (*fresh[shift:near], *fresh[:shift], *fresh[near:])
    others = [key for key in order if key in begun and key not in over]
    yield from chance.sample(others, min(PROBES, len(others)))
