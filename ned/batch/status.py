"""How a batch stands, from what lies in the store."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass, field

from ned.batch.claims import Claim, read_claim
from ned.batch.manifest import Manifest, PlannedVideo
from ned.batch.store import Store
from ned.batch.units import FINISHED, PREPARE, Unit, VideoState

MOST_CLAIMS = 200
"""Claims that are read for one look."""


@dataclass(frozen=True)
class AtWork:
    """A unit that somebody is at."""

    unit: Unit
    video: PlannedVideo
    claim: Claim
    lost: bool


@dataclass(frozen=True)
class Failure:
    """A unit that was given up."""

    unit: Unit
    video: PlannedVideo
    said: str


@dataclass(frozen=True)
class BatchState:
    """All that a look at the store told."""

    videos: int
    analysed: int
    finished: int
    pieces: int
    """Of all videos, where they are not analysed yet as estimated."""
    pieces_done: int
    attempts: int
    """Units begun, with those that failed or were lost."""
    units_done: int
    at_work: tuple[AtWork, ...] = ()
    failures: tuple[Failure, ...] = ()
    states: dict[str, VideoState] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether there is nothing left to do."""
        return self.finished + len({failure.video.key for failure in self.failures}) == self.videos

    def line(self) -> str:
        """In words."""
        said = f"{self.finished} of {self.videos} videos finished, {self.pieces_done} of {self.pieces} pieces"
        busy = sum(not work.lost for work in self.at_work)
        lost = len(self.at_work) - busy
        more = f", {busy} at work" + (f", {lost} lost" if lost else "")
        return said + more + (f", {len(self.failures)} failed" if self.failures else "")


def look(store: Store, manifest: Manifest, claims: bool = True) -> BatchState:
    """Read how things stand; with `claims`, who is at work too."""
    names: dict[str, list[str]] = {video.key: [] for video in manifest.videos}
    for path in store.tree("videos"):
        key, _, name = path.partition("/")
        if key in names:
            names[key].append(name)
    states = {key: VideoState.of(key, manifest.per_unit, found) for key, found in names.items()}
    at_work: list[AtWork] = []
    failures: list[Failure] = []
    pieces = done = units = 0
    for video in manifest.videos:
        state = states[video.key]
        estimate = max(1, math.ceil(video.seconds / manifest.piece_s - 0.5))
        pieces += estimate if state.pieces is None else state.pieces
        done += sum(unit.stop - unit.start for unit in state.units if unit.name in state.done and unit.name != PREPARE)
        units += len(state.done)
        for unit in state.units:
            if state.given_up(unit, manifest.tries):
                failures.append(Failure(unit, video, _why(store, state, unit)))
            elif claims and state.in_flight(unit) and len(at_work) < MOST_CLAIMS:
                claim = read_claim(store, unit, state.claims[unit.name])
                if claim is not None:
                    at_work.append(AtWork(unit, video, claim, claim.lost(manifest.lease_s)))
    analysed = sum(state.pieces is not None for state in states.values())
    finished = sum(state.finished for state in states.values())
    attempts = sum(state.attempts(unit) for state in states.values() for unit in state.units)
    return BatchState(
        len(states), analysed, finished, pieces, done, attempts, units, tuple(at_work), tuple(failures), states
    )  # fmt: skip


def retry(store: Store, manifest: Manifest) -> int:
    """Forget what failed and what was lost, so that workers that run, or will, do it again; how many units."""
    state, count, now = look(store, manifest, claims=False), 0, time.time()
    for key, video in state.states.items():
        names = store.names(f"videos/{key}")
        again = []
        for unit in video.units:
            if unit.name in video.done:
                continue
            claim = read_claim(store, unit, video.claims[unit.name]) if video.in_flight(unit) else None
            if claim is not None and not claim.lost(manifest.lease_s, now):
                continue  # somebody is at it
            if video.attempts(unit) or unit.name in video.refused:
                again.append(unit.name)
        for name in names:
            unit_name, _, what = name.partition(".")
            if unit_name in again and what.split(".")[0] in ("failed", "claim", "refused"):
                store.delete(f"videos/{key}/{name}")
        if not video.finished:  # also where what had failed was done by somebody who was taken for lost
            store.delete(f"{FINISHED}/{key}.failed")
        count += len(again)
    return count


def _why(store: Store, state: VideoState, unit: Unit) -> str:
    refused = unit.name in state.refused
    ending = "refused.json" if refused else f"failed.{state.failed[unit.name]}.json"
    try:
        return str(json.loads(store.get(unit.path(ending)) or b"{}").get("error", "unknown"))
    except ValueError:
        return "unknown"
