"""Standard error for our own words alone."""

from __future__ import annotations

import os
import sys


def keep_stderr() -> None:
    """From now on what Python writes to `sys.stderr` goes where it went, and what C and C++ libraries write to file
    descriptor 2 goes nowhere. Does nothing where `sys.stderr` is not that descriptor."""
    try:
        if sys.stderr.fileno() != 2:
            return
    except (AttributeError, OSError, ValueError):  # none, closed, or no file
        return
    sys.stderr.flush()
    shown = os.dup(2)  # not inherited by children, who get the null device
    sys.stderr = open(shown, "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace")  # noqa: SIM115
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)
