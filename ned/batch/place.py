"""Who a worker is among those that begin together: as it was told, or as a job array tells its tasks."""

from __future__ import annotations

import os
import random
import re
import secrets
import socket
from dataclasses import dataclass

ARRAYS = (("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT"), ("JOB_COMPLETION_INDEX", ""))
"""Variables of Slurm's job arrays and of Kubernetes' indexed jobs: the task's number, and how many there are."""
SOMEWHERE = 1 << 16


@dataclass(frozen=True)
class Place:
    """Number `index` of `count`."""

    name: str
    index: int
    count: int


def place_among(index: int | None, count: int | None, name: str) -> Place:
    """What was given, else what the surroundings say, else somewhere by chance."""
    for number, total in ARRAYS:
        if index is None and os.environ.get(number, "").isdecimal():
            index = int(os.environ[number])
            told = os.environ.get(total, "")
            count = count or (int(told) if told.isdecimal() else None)
    if index is None or not count:
        index, count = random.randrange(SOMEWHERE), SOMEWHERE
    chosen = name or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
    return Place(re.sub(r"[^A-Za-z0-9_-]", "-", chosen)[:80], index % count, count)
