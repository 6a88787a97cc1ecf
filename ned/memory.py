"""Memory that was let go of, given back to the system."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any


def trim() -> None:
    """Give back what the allocator keeps for later. Pictures of all sizes that come and go in several threads leave
    gaps that it hardly fills again: over hours they grow to several times what is in use. Takes some milliseconds;
    does nothing where the C library is not glibc."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


@lru_cache(maxsize=1)
def _glibc() -> Any:
    try:
        library = ctypes.CDLL(None)
        library.malloc_trim.argtypes = [ctypes.c_size_t]
    except (OSError, AttributeError, TypeError):  # musl, macOS, Windows
        return None
    return library
