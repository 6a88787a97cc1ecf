"""The page's side of the worker: requests are awaited, a worker that died is begun again by the next one."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ned.errors import Cancelled, ProcessingError, UserError

_LINE_BYTES = 8 * 1024**2
_PATIENCE_S = 2.0
"""That a worker has to end by itself."""


class WorkerGone(ProcessingError):
    """The worker died over a request, or over another one."""


def own_python(module: str, *arguments: str) -> list[str]:
    """How a module of ours is run in a process of its own; never one from the folder that happens to be current."""
    return [sys.executable, "-P", "-m", module, *arguments]


def own_environment() -> dict[str, str]:
    """With the places where this process finds modules."""
    places = os.pathsep.join(os.path.abspath(place) for place in sys.path if place)
    return os.environ | {"PYTHONPATH": places, "OPENBLAS_NUM_THREADS": "1"}


@dataclass
class Asked:
    """A request under way, and the process that has it."""

    number: int
    process: asyncio.subprocess.Process
    answer: asyncio.Future
    tell: Callable[[int, int], None] | None = None


class WorkerClient:
    """Use `ask` from one event loop only."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._asked: dict[int, Asked] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task | None = None
        self._beginning = asyncio.Lock()

    async def begin(self) -> asyncio.subprocess.Process:
        """The running worker, begun where there is none. It has a session of its own, so that Ctrl-C in a terminal is
        for the page, which ends it and the programs that it has begun."""
        async with self._beginning:
            if self._process is None or self._process.returncode is not None:
                pipe = asyncio.subprocess.PIPE
                self._process = await asyncio.create_subprocess_exec(
                    *own_python("ned.ui.worker"), stdin=pipe, stdout=pipe, limit=_LINE_BYTES, env=own_environment(),
                    start_new_session=True,
                )  # fmt: skip
                self._reader = asyncio.create_task(self._read(self._process))
                self._write(self._process, {"id": next(self._numbers), "do": "warm"})
            return self._process

    async def ask(self, do: str, tell: Callable[[int, int], None] | None = None, **request: Any) -> Any:
        """The result. Raises UserError, ProcessingError or Cancelled as the worker says, `WorkerGone` where it died;
        where the caller is cancelled, so is the work."""
        process = await self.begin()
        asked = Asked(next(self._numbers), process, asyncio.get_running_loop().create_future(), tell)
        self._asked[asked.number] = asked
        try:
            self._write(process, {"id": asked.number, "do": do, **request})
            return await asked.answer
        except asyncio.CancelledError:
            self._write(process, {"id": asked.number, "do": "cancel"})
            raise
        finally:
            self._asked.pop(asked.number, None)

    async def close(self) -> None:
        """End the worker, and what it has begun. Requests under way are cancelled, not failed: whoever asks again when
        there is a page again is answered."""
        for asked in list(self._asked.values()):
            asked.answer.cancel()
        if self._process is not None and self._process.returncode is None:
            with suppress(ConnectionError, RuntimeError):
                self._process.stdin.close()  # all it does is cancelled then
            try:
                await asyncio.wait_for(self._process.wait(), _PATIENCE_S)
            except TimeoutError:
                with suppress(ProcessLookupError):
                    self._process.kill()
        if self._reader is not None:
            await self._reader

    def _write(self, process: asyncio.subprocess.Process, value: dict[str, Any]) -> None:
        with suppress(ConnectionError, RuntimeError):
            process.stdin.write(json.dumps(value).encode() + b"\n")

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        with suppress(ValueError):  # nothing that a worker says, or more of it than there may be
            while line := await process.stdout.readline():
                self._take(json.loads(line))
        with suppress(ProcessLookupError):  # itself, if need be, and programs that it had begun
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        for asked in list(self._asked.values()):
            if asked.process is process and not asked.answer.done():
                asked.answer.set_exception(WorkerGone("the work was broken off", remedy="try again"))

    def _take(self, said: dict[str, Any]) -> None:
        asked = self._asked.get(said.get("id", 0))
        if asked is None or asked.answer.done():
            return
        if "result" in said:
            asked.answer.set_result(said["result"])
        elif "error" in said:
            kinds: dict[str, type[Exception]] = {"UserError": UserError, "Cancelled": Cancelled}
            asked.answer.set_exception(kinds.get(said["kind"], ProcessingError)(said["error"]))
        elif asked.tell is not None:
            asked.tell(said["done"], said["total"])
