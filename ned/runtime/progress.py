"""How long work takes to finish, told while it runs: on a terminal, in a log, or not at all."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOBase
from typing import Protocol, runtime_checkable


@runtime_checkable
class Stage(Protocol):
    """One stage of work in progress; its units are frames."""

    def advance(self, n: int = 1) -> None:
        """`n` more are done."""
        ...

    def update(self, done: int, total: int | None = None) -> None:
        """`done` are done altogether, and `total` are now expected."""
        ...


@runtime_checkable
class Progress(Protocol):
    """Told of every stage; used as `with progress.stage("rendering", frames) as stage: stage.advance()`."""

    def stage(self, name: str, total: int | None = None) -> StageContext:
        """Begin the stage `name` of `total` frames (None where nobody knows); ends with the context."""
        ...

    def note(self, text: str) -> None:
        """Something worth a line, between stages."""
        ...


@runtime_checkable
class StageContext(Protocol):
    """A context manager that gives a `Stage`."""

    def __enter__(self) -> Stage: ...

    def __exit__(self, *_: object) -> bool | None: ...


class _Counter:
    """Counts, and calls `show` with (done, total, seconds, ended) at most every `interval_s`."""

    def __init__(self, total: int | None, show, interval_s: float) -> None:
        self.done, self.total = 0, total
        self._show, self._interval_s = show, interval_s
        self._began = self._shown = time.monotonic()

    def advance(self, n: int = 1) -> None:
        self.update(self.done + n)

    def update(self, done: int, total: int | None = None) -> None:
        self.done, self.total = done, self.total if total is None else total
        now = time.monotonic()
        if now - self._shown >= self._interval_s:
            self._shown = now
            self._show(self.done, self.total, now - self._began, False)

    def end(self) -> None:
        self._show(self.done, self.total, time.monotonic() - self._began, True)


class Silent:
    """Says nothing; what Python code gets unless it asks for more."""

    def note(self, text: str) -> None:
        pass

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Stage]:
        yield _Counter(total, lambda *_: None, float("inf"))


class Lines:
    """One line every few seconds and one at the end of a stage, for logs and pipes."""

    def __init__(self, stream: TextIOBase | None = None, interval_s: float = 5.0, unit: str = "frames") -> None:
        self._stream, self._interval_s, self._unit = stream or sys.stderr, interval_s, unit

    def note(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Stage]:
        def show(done: int, total: int | None, seconds: float, ended: bool) -> None:
            print(f"{name}: {describe(done, total, seconds, ended, self._unit)}", file=self._stream, flush=True)

        counter = _Counter(total, show, self._interval_s)
        yield counter
        counter.end()


class Terminal:
    """A bar for the running stage, with fps and time left; a finished stage leaves its line."""

    def __init__(self, stream: TextIOBase | None = None, unit: str = "frames") -> None:
        from rich.console import Console

        self._console, self._unit = Console(file=stream or sys.stderr), unit

    def note(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False)

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Stage]:
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bars

        columns = (TextColumn("{task.description:<12}"), BarColumn(bar_width=28), TextColumn("{task.fields[said]}"))
        with Bars(*columns, console=self._console, refresh_per_second=8) as bars:
            task = bars.add_task(name, total=total, said="")

            def show(done: int, total: int | None, seconds: float, ended: bool) -> None:
                if ended:
                    total = done = max(done, 1)
                said = describe(counter.done, total, seconds, ended, self._unit)
                bars.update(task, completed=done, total=total, said=said)

            counter = _Counter(total, show, 0.1)
            yield counter
            counter.end()


def describe(done: int, total: int | None, seconds: float, ended: bool = False, unit: str = "frames") -> str:
    """For example "120/500 frames, 24.0 fps, 0:16 left"."""
    per_second = "fps" if unit == "frames" else f"{unit}/s"
    rate = f", {done / seconds:.1f} {per_second}" if done and seconds > 0 else ""
    if ended:
        return (f"{done} {unit}{rate}, " if done else "") + f"{_clock(seconds)}"
    count = f"{done}/{total} {unit}" if total else f"{done} {unit}"
    left = f", {_clock(max(total - done, 0) * seconds / done)} left" if total and done else ""
    return count + rate + left


def for_stream(stream: TextIOBase | None = None, quiet: bool = False, unit: str = "frames") -> Progress:
    """What fits: a bar where `stream` (default: standard error) is a terminal, lines where not, nothing if `quiet`."""
    stream = stream or sys.stderr
    if quiet:
        return Silent()
    return Terminal(stream, unit) if stream.isatty() else Lines(stream, unit=unit)


def _clock(seconds: float) -> str:
    whole = round(seconds)
    if seconds < 10:
        return f"{seconds:.1f} s"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


class Clock:
    """Stages told to `progress`, and their wall time added up by name in `seconds`."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self.seconds = progress, {}

    def note(self, text: str) -> None:
        self._progress.note(text)

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Stage]:
        began = time.perf_counter()
        with self._progress.stage(name, total) as stage:
            yield stage
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began
