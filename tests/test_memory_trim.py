"""Memory goes back to the system."""

import ctypes
from pathlib import Path

import numpy as np
import pytest

from ned.memory import trim

STATUS = Path("/proc/self/status")
GLIBC = STATUS.exists() and hasattr(ctypes.CDLL(None), "malloc_trim")


def _resident_mib() -> float:
    return next(int(line.split()[1]) / 1024 for line in STATUS.read_text().splitlines() if line.startswith("RssAnon:"))


@pytest.mark.skipif(not GLIBC, reason="needs Linux with glibc")
def test_gaps_between_what_is_kept_are_given_back():
    blocks = [np.ones(15_000) for _ in range(2000)]  # 114 KiB each: from the heap, not mapped
    full, kept = _resident_mib(), blocks[::2]
    del blocks
    trim()
    assert _resident_mib() < full - 0.4 * 2000 * kept[0].nbytes / 2**20
    assert len(kept) == 1000


def test_it_does_no_harm_where_there_is_nothing_to_give():
    trim()
    trim()
