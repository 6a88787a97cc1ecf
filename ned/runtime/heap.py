"""The heaps of this process: what was let go of goes back to the system, and threads share a few."""

from __future__ import annotations

import ctypes
import os
from functools import lru_cache
from typing import Any

_M_ARENA_MAX = -8  # of mallopt, in malloc.h


def trim() -> None:
    """Give back what the allocator keeps for later. Images of all sizes that come and go in several threads leave
    gaps that it hardly fills again: over hours they grow to several times what is in use. Takes some milliseconds;
    does nothing where the C library is not glibc."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


def share_heaps() -> None:
    """Let all threads share a few heaps, instead of eight for each core, of which every one keeps gaps of its own. For
    a process that is ours alone, before it has threads; does nothing where the C library is not glibc."""
    library = _glibc()
    if library is not None and not os.environ.get("MALLOC_ARENA_MAX"):
        library.mallopt(_M_ARENA_MAX, max(2, (os.cpu_count() or 2) // 4))


@lru_cache(maxsize=1)
def _glibc() -> Any:
    try:
        library = ctypes.CDLL(None)
        library.malloc_trim.argtypes = [ctypes.c_size_t]
        library.mallopt.argtypes = [ctypes.c_int, ctypes.c_int]
    except (OSError, AttributeError, TypeError):  # musl, macOS, Windows
        return None
    return library
