"""Where what a user made, and would miss, is kept."""

from __future__ import annotations

import os
from pathlib import Path


def data_root() -> Path:
    """`NED_DATA`, else `ned` in the user's data folder (`XDG_DATA_HOME`, `~/.local/share`)."""
    if chosen := os.environ.get("NED_DATA"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share").expanduser() / "ned"


def actors_root() -> Path:
    """Where fine-tuned actors lie, a folder each."""
    return data_root() / "actors"
