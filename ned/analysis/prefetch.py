"""Work ahead in another thread, a bounded number of items."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
_END = object()


@contextmanager
def prefetch(items: Iterable[T], *, depth: int) -> Iterator[Iterator[T]]:
    """Iterate over `items` in a thread, at most `depth` ahead. Its errors are raised where the items are taken.

    Leaving the block early stops the thread and closes the iterator of `items`.
    """
    ready: queue.Queue = queue.Queue(maxsize=depth)
    stop = threading.Event()

    def offer(item: object) -> bool:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        source = iter(items)
        try:
            for item in source:
                if not offer((item, None)):
                    break
            else:
                offer((_END, None))
        except BaseException as error:
            offer((_END, error))
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()

    def taken() -> Iterator[T]:
        while True:
            item, error = ready.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item

    thread = threading.Thread(target=work, name="ned-prefetch", daemon=True)
    thread.start()
    try:
        yield taken()
    finally:
        stop.set()
        thread.join()
