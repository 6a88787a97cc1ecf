"""How many of the processor's cores do what."""

import os


def available() -> int:
    """Cores that this process may use: as the system's mask says, which containers and `taskset` narrow; no more than
    `NED_CPUS`, which says how many a scheduler gave, where it sets no mask."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    given = os.environ.get("NED_CPUS", "")
    return max(1, min(cores, int(given) if given.isdecimal() and int(given) else cores))


PAINTING = max(1, available() // 2)
"""Half, since decoder and encoder work beside the renderer: threads that wait for each other on a busy machine cost ten
times what they bring."""


def quiet_algebra() -> None:
    """Let NumPy's OpenBLAS calculate with one thread, unless the user said otherwise. Its threads wait by asking the
    system over and over, and our matrices are small: several of our threads at work at once lost a quarter of the
    time to that. For a process that is ours alone, before NumPy is there."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
