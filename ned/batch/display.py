"""All workers of a batch in one display: a table on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager
from typing import IO, Any

from ned.batch.merge import source_said
from ned.batch.status import AtWork, BatchState

MOST_ROWS = 20
LINE_EVERY_S = 10.0


class Display(AbstractContextManager):
    """Use it as a context manager."""

    def __init__(self, stream: IO[str] | None = None, quiet: bool = False) -> None:
        self._stream, self._quiet = stream or sys.stderr, quiet
        self._live: Any = None
        self._began, self._first, self._told, self._last = time.monotonic(), -1, 0.0, ""
        if not quiet and self._stream.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(file=self._stream), refresh_per_second=4, transient=True)

    def note(self, text: str) -> None:
        """Something worth a line."""
        if self._live is not None:
            self._live.console.print(text, markup=False, highlight=False)
        elif not self._quiet:
            print(text, file=self._stream, flush=True)

    def show(self, state: BatchState) -> None:
        """How it stands now."""
        if self._first < 0:
            self._first = state.pieces_done
        now = time.monotonic()
        said = state.line() + self._left(state, now)
        if self._live is not None:
            self._live.update(_table(state, said))
        elif not self._quiet and state.line() != self._last and now - self._told >= LINE_EVERY_S:
            self._told, self._last = now, state.line()
            print(said, file=self._stream, flush=True)

    def _left(self, state: BatchState, now: float) -> str:
        made, seconds = state.pieces_done - self._first, now - self._began
        if made <= 0 or state.pieces_done >= state.pieces:
            return ""
        return f", about {_span((state.pieces - state.pieces_done) * seconds / made)} left"

    def __enter__(self) -> Display:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()


def row(work: AtWork) -> tuple[str, str, str, str]:
    """A unit at work in words: worker, video, what of it, how far."""
    claim, unit = work.claim, work.unit
    what = "analysis" if unit.start < 0 else f"pieces {unit.start + 1}–{unit.stop}"
    far = f"{claim.done}/{claim.total}" if claim.total else f"{claim.done}" if claim.done else ""
    if work.lost:
        return claim.worker, source_said(work.video), what, f"lost, last seen {_span(time.time() - claim.at)} ago"
    return claim.worker, source_said(work.video), what, f"{claim.stage} {far}".strip()


def _table(state: BatchState, said: str) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, title=Text(said), title_justify="left")
    for name in ("worker", "video", "unit", "state"):
        table.add_column(name)
    for work in state.at_work[:MOST_ROWS]:
        table.add_row(*(Text(cell) for cell in row(work)))
    if len(state.at_work) > MOST_ROWS:
        table.add_row(f"and {len(state.at_work) - MOST_ROWS} more", "", "", "")
    return table


def _span(seconds: float) -> str:
    whole = max(0, round(seconds))
    if whole > 10**9:
        return "long"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"
