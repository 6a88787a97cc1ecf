"""Workers that are processes of this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from ned.batch.backends.pool import Ended
from ned.batch.store import Store
from ned.errors import UserError
from ned.runtime import cores

PARENT = "NED_BATCH_PARENT"
"""The process whose end orphans a worker."""
STOP_S = 20.0


class Processes:
    """A pool of `ned batch work`, each with so many cores."""

    def __init__(self, store: Store, cpus: int, scratch: Path | None = None) -> None:
        """UserError for a store that only this process sees."""
        if not store.shared:
            raise UserError("is seen by this process alone", path=store.url, remedy="use a folder or a bucket")
        self._store, self._cpus, self._scratch = store, cpus, scratch
        self._running: dict[str, tuple[subprocess.Popen, IO[str]]] = {}
        self._free = cores.shares(cpus)
        self._taken: dict[str, frozenset[int]] = {}

    def start(self, name: str, count: int) -> None:
        command = [sys.executable, "-m", "ned.cli", "batch", "work", self._store.url, "--quiet", "--name", name]
        command += ["--count", str(count)]
        command += ["--scratch", str(self._scratch)] if self._scratch else []
        threads = {"NED_CPUS": str(self._cpus), "OMP_NUM_THREADS": str(self._cpus), PARENT: str(os.getpid())}
        said = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 (closed when it has ended)
        process = subprocess.Popen(
            command, env=os.environ | threads, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
            start_new_session=True,  # Ctrl-C is for us, and we end them
        )  # fmt: skip
        self._running[name] = process, said
        if self._free:
            self._taken[name] = self._free.pop()
            cores.confine(process.pid, self._taken[name])  # before it has started a thread of its own

    def ended(self, wait_s: float) -> Iterator[Ended]:
        until = time.monotonic() + wait_s
        while all(process.poll() is None for process, _ in self._running.values()) and time.monotonic() < until:
            time.sleep(0.05)
        for name, (process, said) in list(self._running.items()):
            if process.poll() is not None:
                del self._running[name]
                if name in self._taken:
                    self._free.append(self._taken.pop(name))
                with said:
                    said.seek(0)
                    lines = said.read().strip().splitlines()
                text = lines[-1].removeprefix("ned: ").removeprefix("error: ") if lines else ""
                yield _ended(name, process.returncode, text)

    def stop(self) -> None:
        for process, _ in self._running.values():
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        until = time.monotonic() + STOP_S
        for process, said in self._running.values():
            with said, suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, until - time.monotonic()))
            if process.poll() is None:
                process.kill()
                process.wait()
        self._running.clear()


def orphaned() -> bool:
    """Whether who started this worker is gone."""
    return PARENT in os.environ and os.getppid() != int(os.environ[PARENT])


def workers_for(cpus: int) -> int:
    """How many workers of so many cores fit."""
    return max(1, cores.available() // cpus)


def _ended(name: str, code: int, said: str) -> Ended:
    if code == 0:
        return Ended(name, "done")
    if code == UserError.exit_code:
        return Ended(name, "refused", said)
    how = f"by signal {-code}" if code < 0 else f"exit {code}"
    return Ended(name, "lost", f"{how}: {said}" if said else how)
