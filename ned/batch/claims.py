"""Who works on what: a claim is an object that only one can create, and that its owner writes anew while it works.

A claim whose last sign of life is older than the lease is lost, and the unit free for the next attempt. Clocks have to
agree to within a part of the lease; where they do not, a unit is done twice, which costs time and nothing else.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace

from ned.batch.store import Store
from ned.batch.units import Unit, VideoState
from ned.errors import NedError
from ned.runtime.cancel import CancelToken
from ned.runtime.events import Noted, StageAdvanced, StageBegan, StageEnded

BEATS_PER_LEASE = 4
STALLED_S = 1800.0
"""A worker that has told no progress for so long lets its claim run out."""


@dataclass(frozen=True)
class Claim:
    """What a claim says."""

    worker: str
    attempt: int
    at: float
    """Last sign of life, seconds since 1970."""
    began: float
    stage: str = ""
    done: int = 0
    total: int = 0

    def lost(self, lease_s: float, now: float | None = None) -> bool:
        """Whether its worker gave no sign of life for the length of a lease."""
        return (time.time() if now is None else now) - self.at > lease_s


def read_claim(store: Store, unit: Unit, attempt: int) -> Claim | None:
    """A claim; None where it was withdrawn, or cannot be read."""
    data = store.get(unit.path(f"claim.{attempt}.json"))
    try:
        said = json.loads(data or b"")
        return Claim(**{f.name: said[f.name] for f in fields(Claim)})
    except (ValueError, KeyError, TypeError):
        return None


def claimed(store: Store, state: VideoState, unit: Unit, lease_s: float) -> bool:
    """Whether somebody is at work on it who gave a sign of life lately."""
    if not state.in_flight(unit):
        return False
    claim = read_claim(store, unit, state.claims[unit.name])
    return claim is not None and not claim.lost(lease_s)


def take(store: Store, state: VideoState, unit: Unit, worker: str) -> Held | None:
    """Claim a unit for its next attempt; None where somebody else was faster."""
    now, attempt = time.time(), state.attempts(unit) + 1
    claim = Claim(worker, attempt, now, now, "starting")
    return Held(store, unit, claim) if store.put_new(unit.path(f"claim.{attempt}.json"), _bytes(claim)) else None


class Held:
    """A claim of ours, kept alive by a thread while the work goes on. Use it as a context manager; what it listens to
    is told to whoever reads the claim. It stays when the unit is done, and as the trace of a failure."""

    def __init__(self, store: Store, unit: Unit, claim: Claim) -> None:
        self._store, self.unit, self._claim = store, unit, claim
        self._heard = time.monotonic()
        self._over, self._withdrawn = threading.Event(), False
        self._thread: threading.Thread | None = None
        self.once_a_lease: Callable[[], None] = lambda: None
        """Done beside the work; raises nothing."""

    @property
    def attempt(self) -> int:
        """Its number, from 1 on."""
        return self._claim.attempt

    def keep_alive(self, lease_s: float, token: CancelToken, orphaned: Callable[[], bool] = lambda: False) -> Held:
        """Begin to write it anew several times a lease, and to do what `once_a_lease` says; work that was `orphaned` is
        cancelled by `token`."""

        def beat() -> None:
            beside = threading.Thread(target=self.once_a_lease)  # may take longer than a lease
            for k in itertools.count(1):
                if self._over.wait(lease_s / BEATS_PER_LEASE):
                    break
                if orphaned():
                    token.cancel()
                if time.monotonic() - self._heard < STALLED_S:
                    with suppress(NedError):  # the work itself will meet an unreachable store
                        self._write()
                if k % BEATS_PER_LEASE == 0 and not beside.is_alive():
                    beside = threading.Thread(target=self.once_a_lease, name="ned-beside", daemon=True)
                    beside.start()
            if beside.is_alive():
                beside.join()

        self._thread = threading.Thread(target=beat, name="ned-claim", daemon=True)
        self._thread.start()
        return self

    def listen(self, event: object) -> None:
        """What a stage tells."""
        self._heard = time.monotonic()
        match event:
            case StageBegan():
                self._claim = replace(self._claim, stage=event.name, done=0, total=event.total or 0)
            case StageAdvanced():
                self._claim = replace(self._claim, done=event.done, total=event.total or 0)
            case StageEnded():
                self._claim = replace(self._claim, done=event.done)
            case Noted():
                pass

    def withdraw(self) -> None:
        """Give the unit back, undone."""
        self._end()
        self._withdrawn = True
        self._store.delete(self.unit.path(f"claim.{self.attempt}.json"))

    def _write(self) -> None:
        self._store.put(self.unit.path(f"claim.{self.attempt}.json"), _bytes(replace(self._claim, at=time.time())))

    def _end(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Held:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()


def withdraw_all(store: Store, states: list[VideoState], workers: set[str]) -> int:
    """Give back what workers that are known to be gone had claimed; how many."""
    count = 0
    for state in states:
        for unit in state.units:
            if state.in_flight(unit):
                attempt = state.claims[unit.name]
                claim = read_claim(store, unit, attempt)
                if claim is not None and claim.worker in workers:
                    lost = replace(claim, at=0.0)
                    store.put(unit.path(f"claim.{attempt}.json"), _bytes(lost))
                    count += 1
    return count


def _bytes(claim: Claim) -> bytes:
    return json.dumps(asdict(claim)).encode()
