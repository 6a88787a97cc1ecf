"""Memory goes back to the system."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ned.runtime import heap
from ned.runtime.heap import share_heaps, trim

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


@pytest.mark.parametrize("library", [lambda name: object(), lambda name: ctypes.CDLL("no such library")])
def test_without_glibc_nothing_is_done(monkeypatch, library):
    monkeypatch.setattr(heap, "ctypes", SimpleNamespace(CDLL=library, c_size_t=None, c_int=None))
    heap._glibc.cache_clear()
    try:
        assert heap._glibc() is None
        trim()
        share_heaps()
    finally:
        heap._glibc.cache_clear()


@pytest.mark.skipif(not GLIBC, reason="needs Linux with glibc")
def test_threads_share_heaps():
    """In a process of its own: how many heaps a thread's memory lies in is told by malloc_info."""
    code = """
import ctypes, sys, tempfile, threading
from ned.runtime.heap import share_heaps
if sys.argv[1] == "shared":
    share_heaps()
libc, gate = ctypes.CDLL(None), threading.Barrier(8)
libc.malloc.restype = ctypes.c_void_p
def work():
    gate.wait()
    libc.malloc(1000)
    gate.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
libc.fopen.restype, libc.malloc_info.argtypes = ctypes.c_void_p, [ctypes.c_int, ctypes.c_void_p]
libc.fclose.argtypes = [ctypes.c_void_p]
with tempfile.NamedTemporaryFile() as file:
    out = libc.fopen(file.name.encode(), b"w")
    libc.malloc_info(0, out)
    libc.fclose(out)
    print(file.read().count(b"<heap nr="))
"""
    environment = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    alone, shared = (
        int(subprocess.run([sys.executable, "-c", code, how], env=environment, capture_output=True, check=True).stdout)
        for how in ("alone", "shared")
    )
    assert shared <= max(2, (os.cpu_count() or 2) // 4) and shared < alone
