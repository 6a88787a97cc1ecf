"""Who a worker is: as it was told, or as its surroundings say."""

from __future__ import annotations

import os
import re
import secrets
import socket

COUNTS = "SLURM_ARRAY_TASK_COUNT"
"""How many tasks a Slurm array has; Kubernetes does not say it of a job's."""
MANY = 1 << 16


def worker_name(given: str = "") -> str:
    """What was given, else host and process; in characters that any store takes."""
    chosen = given or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
    return re.sub(r"[^A-Za-z0-9_-]", "-", chosen)[:80]


def workers_together(given: int | None) -> int:
    """What was given, else what a job array says, else many."""
    told = os.environ.get(COUNTS, "")
    return given or (int(told) if told.isdecimal() and int(told) else MANY)
