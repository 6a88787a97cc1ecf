"""Work ahead in another thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
_END = object()


class Prefetch(Generic[T]):
    """An iterator that is filled by a thread. Use it as a context manager, or close it, to stop early."""

    def __init__(self, items: Iterable[T], size: int) -> None:
        if size < 1:
            raise ValueError(f"size must be at least 1, got {size}")
        self._ready: queue.Queue = queue.Queue(size)
        self._stop = threading.Event()
        # The thread holds the queue and the event but not this object, so that dropping it ends the thread.
        args = (items, self._ready, self._stop)
        self._thread = threading.Thread(target=_fill, args=args, name="ned-prefetch", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._stop.is_set():
            raise StopIteration
        item, error = self._ready.get()
        if item is _END:
            self._stop.set()
            if error is not None:
                raise error
            raise StopIteration
        return item

    def close(self) -> None:
        """Stop the thread, close the iterator that it reads and drop what it has read ahead."""
        self._stop.set()
        if self._thread is not threading.current_thread():
            self._thread.join()
        self._ready = queue.Queue()

    def __enter__(self) -> Prefetch[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        stop = getattr(self, "_stop", None)
        if stop is not None:
            stop.set()


def prefetch(items: Iterable[T], size: int) -> Prefetch[T]:
    """Iterate over `items` in a thread, at most `size` items ahead; its errors surface where items are taken."""
    return Prefetch(items, size)


def _fill(items: Iterable[T], ready: queue.Queue, stop: threading.Event) -> None:
    def offer(item: object, error: BaseException | None = None) -> bool:
        while not stop.is_set():
            try:
                ready.put((item, error), timeout=0.05)
                return True
            except queue.Full:
                continue
        return False

    iterator = None
    try:
        iterator = iter(items)
        for item in iterator:
            if not offer(item):
                break
        else:
            offer(_END)
    except BaseException as error:  # handed over to the thread that takes the items
        offer(_END, error)
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            close()
