"""Jobs that are given one by one while others run, as a page does: one works, the rest wait their turn."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from ned.config import ProcessConfig
from ned.jobs.events import Outcome
from ned.jobs.run import run_job
from ned.runtime.cancel import CancelToken

Worker = Callable[..., Outcome]


@dataclass
class Ticket:
    """A job that was given in."""

    number: int
    config: ProcessConfig
    token: CancelToken = field(default_factory=CancelToken)
    events: queue.Queue[object] = field(default_factory=queue.Queue)
    """What has happened and was not taken yet."""
    outcome: Outcome | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """End it at the next frame, or before it begins."""
        self.token.cancel()

    def wait(self, seconds: float | None = None) -> Outcome | None:
        """Its outcome, once it is over; None where that takes longer."""
        self._over.wait(seconds)
        return self.outcome


class Jobs:
    """A queue with one worker. Use it as a context manager: leaving it cancels what is not over."""

    def __init__(self, work: Worker = run_job) -> None:
        self._work, self._numbers = work, itertools.count(1)
        self._waiting: queue.Queue[Ticket | None] = queue.Queue()
        self._known: dict[int, Ticket] = {}
        self._closed, self._door = False, threading.Lock()
        self._thread = threading.Thread(target=self._run, name="ned-jobs", daemon=True)
        self._thread.start()

    def submit(self, config: ProcessConfig) -> Ticket:
        """Give a job in. RuntimeError once the queue is closed, where nobody would ever work on it."""
        with self._door:
            if self._closed:
                raise RuntimeError("the queue of jobs is closed")
            ticket = Ticket(next(self._numbers), config)
            self._known[ticket.number] = ticket
            self._waiting.put(ticket)
        return ticket

    def forget(self, ticket: Ticket) -> None:
        """Let go of a job that is over, with its events and its result; of one that is not, do nothing."""
        if ticket.outcome is not None:
            self._known.pop(ticket.number, None)

    def __getitem__(self, number: int) -> Ticket:
        return self._known[number]

    def close(self) -> None:
        """Cancel what is not over, and wait for it; nothing more is taken in."""
        with self._door:
            self._closed = True
            for ticket in self._known.values():
                ticket.cancel()
            self._waiting.put(None)
        self._thread.join()

    def __enter__(self) -> Jobs:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        while (ticket := self._waiting.get()) is not None:
            try:
                ticket.outcome = self._work(ticket.config, ticket.events.put, ticket.token)
            except Exception as error:  # of a listener; the queue goes on
                ticket.outcome = Outcome(ticket.config, "failed", error=error)
            finally:
                ticket._over.set()
