"""c2pa in a process of its own: what is native may crash or never end over a file of others, and did."""

from __future__ import annotations

import json
import os
import subprocess
import sys
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


def call(task: str, size: int, folder: Path | None = None, **arguments: Any) -> dict[str, Any]:
    """Have `ned.provenance.worker` do a task on `size` bytes together; raises Failed, and ProcessingError where
    the library is missing.

    Temporary files, as large as the video, go to `folder`: /tmp may be small, or memory. They have no names.
    """
    environment = dict(os.environ)
    paths = [str(_PACKAGE), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    if folder is not None:
        environment["TMPDIR"] = str(folder.resolve())
    command, limit = [sys.executable, "-m", "ned.provenance.worker"], _AT_LEAST_S + size / _SLOWEST
    try:
        done = subprocess.run(
            command, input=json.dumps({"task": task, **arguments}).encode(), capture_output=True, timeout=limit,
            env=environment,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise Failed(f"the c2pa library does not come to an end with it in {limit:.0f} s") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().split("\n")[-1][:200]
        raise Failed(f"the c2pa library broke down over it (exit {done.returncode}{': ' * bool(said)}{said})")
    try:
        answer = json.loads(done.stdout)
    except (ValueError, RecursionError) as error:
        raise Failed("the manifest is nested too deeply") from error
    if "unavailable" in answer:
        raise ProcessingError(answer["unavailable"], remedy="pip install c2pa-python, or pass --no-provenance")
    if "error" in answer:
        raise Failed(answer["error"], bool(answer.get("missing")))
    return answer
