"""How many of the processor's cores do what."""

import os
from contextlib import suppress


def available() -> int:
    """Cores that this process may use: as the system's mask says, which containers and `taskset` narrow; no more than
    `NED_CPUS`, which says how many a scheduler gave, where it sets no mask."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    given = os.environ.get("NED_CPUS", "")
    return max(1, min(cores, int(given) if given.isdecimal() and int(given) else cores))


PAINTING = max(1, available() // 2)
"""Half, since decoder and encoder work beside the renderer: threads that wait for each other on a busy machine cost ten
times what they bring."""


def shares(size: int) -> list[frozenset[int]]:
    """The cores that this process may use, in disjoint sets of `size`; none where the system has no masks."""
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return [frozenset(usable[i : i + size]) for i in range(0, len(usable) - size + 1, size)]


def confine(process: int, to: frozenset[int]) -> None:
    """Keep a process that has just begun, and the programs that it will start, to these cores: programs that count the
    machine's cores would otherwise have more threads than their share. One that has ended already is left alone."""
    with suppress(ProcessLookupError, PermissionError):
        os.sched_setaffinity(process, to)


def quiet_algebra() -> None:
    """Let NumPy's OpenBLAS calculate with one thread, unless the user said otherwise. Its threads wait by asking the
    system over and over, and our matrices are small: several of our threads at work at once lost a quarter of the
    time to that. For a process that is ours alone, before NumPy is there."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def instructions() -> str:
    """The widest vectors that compiled code may choose: "AVX512", "AVX2", or "DEFAULT" (as torch names them)."""
    import numpy as np

    known = getattr(np.core._multiarray_umath, "__cpu_features__", {})  # what NumPy itself chooses by
    if known.get("AVX512_SKX"):
        return "AVX512"
    return "AVX2" if known.get("AVX2") and known.get("FMA3") else "DEFAULT"
