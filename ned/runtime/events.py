"""What happens while work goes on, as objects: a command prints them, a page shows them, a batch keeps them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ned.runtime.cancel import CancelToken
from ned.runtime.progress import Stage


@dataclass(frozen=True)
class StageBegan:
    """A stage of `total` units (frames, steps) begins; None where nobody knows."""

    name: str
    total: int | None


@dataclass(frozen=True)
class StageAdvanced:
    """So much of the running stage is done."""

    name: str
    done: int
    total: int | None
    seconds: float


@dataclass(frozen=True)
class StageEnded:
    """The stage has ended, done or not."""

    name: str
    done: int
    seconds: float


@dataclass(frozen=True)
class Noted:
    """Something worth a line, between stages."""

    text: str


Listener = Callable[[object], None]
"""Told of every event, in the thread that works; what it raises ends the work."""


class _Reporter:
    """A `Stage` that tells a listener, at most every `interval_s`, and stops where the work was cancelled."""

    def __init__(self, name: str, total: int | None, listen: Listener, token: CancelToken, interval_s: float) -> None:
        self.done, self._name, self._total = 0, name, total
        self._listen, self._token, self._interval_s = listen, token, interval_s
        self.began = self._told = time.monotonic()

    def advance(self, n: int = 1) -> None:
        self.update(self.done + n)

    def update(self, done: int, total: int | None = None) -> None:
        self._token.check()
        self.done, self._total = done, self._total if total is None else total
        now = time.monotonic()
        if now - self._told >= self._interval_s:
            self._told = now
            self._listen(StageAdvanced(self._name, self.done, self._total, now - self.began))


class Reported:
    """A `ned.runtime.progress.Progress` that becomes events, and through which work is cancelled: every stage asks at
    every frame."""

    def __init__(self, listen: Listener, token: CancelToken | None = None, interval_s: float = 0.1) -> None:
        self._listen, self._token, self._interval_s = listen, token or CancelToken(), interval_s

    def note(self, text: str) -> None:
        self._token.check()
        self._listen(Noted(text))

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Stage]:
        self._token.check()
        self._listen(StageBegan(name, total))
        reporter = _Reporter(name, total, self._listen, self._token, self._interval_s)
        try:
            yield reporter
        finally:
            self._listen(StageEnded(name, reporter.done, time.monotonic() - reporter.began))
