"""Ending work from outside, at the next frame."""

from __future__ import annotations

import threading

from ned.errors import Cancelled


class CancelToken:
    """Held by who started some work and by the work itself; may be used from any thread."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def cancel(self) -> None:
        """Ask for the end; the work raises `Cancelled` when it looks next."""
        self._asked.set()

    @property
    def cancelled(self) -> bool:
        return self._asked.is_set()

    def check(self) -> None:
        """Raise `Cancelled` where the end was asked for."""
        if self._asked.is_set():
            raise Cancelled("cancelled; no unfinished output was left")
