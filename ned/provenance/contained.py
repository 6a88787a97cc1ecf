"""c2pa in a process of its own: what is native may crash or never end over a file of others, and did."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from ned.errors import ProcessingError

_PACKAGE = Path(__file__).resolve().parents[2]
_SLOWEST = 4 * 1024**2
"""Bytes a second; a slow disk and a busy machine take in ten times as much."""
_AT_LEAST_S = 20.0


class Failed(Exception):
    """The task failed, died or did not end; the text says why. `missing`: there is no manifest."""

    def __init__(self, cause: str, missing: bool = False) -> None:
        super().__init__(cause)
        self.missing = missing


class Contained:
    """A process that loads the library and then waits for its one task: begun ahead, it answers the sooner."""

    def __init__(self) -> None:
        environment = dict(os.environ)
        paths = [str(_PACKAGE), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ned.provenance.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=environment,
        )  # fmt: skip

    def call(self, task: str, size: int, folder: Path | None = None, **arguments: Any) -> dict[str, Any]:
        """See `call`."""
        limit = _AT_LEAST_S + size / _SLOWEST
        given = {"task": task, "folder": str(folder.resolve()) if folder is not None else "", **arguments}
        try:
            out, wrong = self._process.communicate(json.dumps(given).encode(), timeout=limit)
        except subprocess.TimeoutExpired as error:
            raise Failed(f"the c2pa library does not come to an end with it in {limit:.0f} s") from error
        finally:
            self.close()
        if self._process.returncode:
            said = wrong.decode(errors="replace").strip().split("\n")[-1][:200]
            text = f"the c2pa library broke down over it (exit {self._process.returncode}{': ' * bool(said)}{said})"
            raise Failed(text)
        try:
            answer = json.loads(out)
        except (ValueError, RecursionError) as error:
            raise Failed("the manifest is nested too deeply") from error
        if "unavailable" in answer:
            raise ProcessingError(answer["unavailable"], remedy="pip install c2pa-python, or pass --no-provenance")
        if "error" in answer:
            raise Failed(answer["error"], bool(answer.get("missing")))
        return answer

    def close(self) -> None:
        """End it, whatever it does; harmless where it has ended."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def __del__(self) -> None:
        if hasattr(self, "_process"):
            self.close()


def call(task: str, size: int, folder: Path | None = None, **arguments: Any) -> dict[str, Any]:
    """Have `ned.provenance.worker` do a task on `size` bytes together; raises Failed, and ProcessingError where
    the library is missing.

    Temporary files, as large as the video, go to `folder`: /tmp may be small, or memory. They have no names.
    """
    return Contained().call(task, size, folder, **arguments)
