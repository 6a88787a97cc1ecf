"""What the backends share that stay and watch: workers are started, replaced when they are lost, and ended."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from ned.batch.claims import withdraw_all
from ned.batch.display import Display
from ned.batch.manifest import Manifest
from ned.batch.status import BatchState, look
from ned.batch.store import Store
from ned.errors import ProcessingError, UserError

REPLACED_MOST = 20
"""Workers lost one after another without a unit done, after which something else must be wrong."""


@dataclass(frozen=True)
class Ended:
    """A worker that is gone."""

    name: str
    how: Literal["done", "refused", "lost"]
    """`refused`: it cannot work here, and its like cannot either."""
    said: str = ""


@runtime_checkable
class Pool(Protocol):
    """Workers of one kind."""

    def start(self, name: str, count: int) -> None:
        """Have one more, of about so many."""
        ...

    def ended(self, wait_s: float) -> Iterator[Ended]:
        """Those that have ended since the last call; waits so long at most where there are none."""
        ...

    def stop(self) -> None:
        """End all, so that they give back what they hold."""
        ...


def run_pool(pool: Pool, count: int, store: Store, manifest: Manifest, display: Display, look_s: float) -> BatchState:
    """Keep `count` workers until nothing is left to do, and show how it stands; how it stands in the end.

    UserError where no worker can do what is left, ProcessingError where workers die over and over.
    """
    batch, refused, alive, lost = secrets.token_hex(2), [], set(), 0
    state = look(store, manifest)
    done = _progress(state)
    for number in range(count):
        alive.add(name := f"{batch}-{number}")
        pool.start(name, count)
    looked = 0.0
    try:
        while alive:
            for ended in pool.ended(0.5):
                alive.discard(ended.name)
                if ended.how == "refused":
                    refused.append(ended.said)
                elif ended.how == "lost":
                    state = look(store, manifest, claims=False)
                    withdraw_all(store, list(state.states.values()), {ended.name})
                    lost, done = (1, _progress(state)) if _progress(state) > done else (lost + 1, done)
                    display.note(f"worker {ended.name} was lost ({ended.said}); another takes its place")
                    if lost > REPLACED_MOST:
                        remedy = "is there enough memory for so many? `ned batch work` shows what one says"
                        raise ProcessingError(f"{lost} workers were lost in a row", path=store.url, remedy=remedy)
                    if not state.over:
                        number += 1
                        alive.add(name := f"{batch}-{number}")
                        pool.start(name, count)
            if time.monotonic() - looked >= look_s:
                manifest = Manifest.load(store)  # which may have grown
                looked, state = time.monotonic(), look(store, manifest)
                display.show(state)
    finally:
        if alive:
            pool.stop()
    state = look(store, Manifest.load(store))
    if not state.over and refused:
        raise UserError(refused[0])
    return state


def _progress(state: BatchState) -> int:
    """Units that are done or given up."""
    return state.units_done + len(state.failures)
