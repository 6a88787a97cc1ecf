"""Threads for work that keeps an order within itself, but not with other work.

Of each person's frames one follows from the one before, while two persons have nothing to wait for in each other: each
renderer has a lane, and lanes run side by side on the cores that there are. Helpers do what depends on nothing.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any, TypeVar

from ned.runtime.cores import PAINTING, available

T = TypeVar("T")


class Lane:
    """Calls that are done one after another, in the order in which they were given."""

    def __init__(self, pool: ThreadPoolExecutor | None = None) -> None:
        """`pool`: whose threads do the work; default: those of all lanes."""
        self._pool, self._lock = pool or _lanes(), threading.Lock()
        self._waiting: deque[Callable[[], None]] = deque()
        self._busy = False

    def submit(self, call: Callable[..., T], *arguments: Any) -> Future[T]:
        """Have `call(*arguments)` done when all before it is; its result, or what it raised."""
        future: Future[T] = Future()

        def do() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call(*arguments))
                except BaseException as error:  # for who asks for the result
                    future.set_exception(error)

        with self._lock:
            self._waiting.append(do)
            if self._busy:
                return future
            self._busy = True
        self._pool.submit(self._run)
        return future

    def _run(self) -> None:
        """One call, then to the end of the pool's queue, so that other lanes have their turn."""
        with self._lock:
            do = self._waiting.popleft()
        do()
        with self._lock:
            self._busy = bool(self._waiting)
        if self._busy:
            self._pool.submit(self._run)


def help_with(call: Callable[..., T], *arguments: Any) -> Future[T]:
    """Have a call done by a helper; it must not wait for other helpers."""
    return _helpers().submit(call, *arguments)


@lru_cache(maxsize=1)
def _lanes() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(available(), "ned-lane")


@lru_cache(maxsize=1)
def _helpers() -> ThreadPoolExecutor:
    """Apart from the lanes, which wait for them."""
    return ThreadPoolExecutor(PAINTING, "ned-helper")
