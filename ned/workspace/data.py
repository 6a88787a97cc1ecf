"""Where what a user made, and would miss, is kept."""

from __future__ import annotations

import os
from pathlib import Path

from ned.errors import UserError

ACTOR_WEIGHTS = "actor.safetensors"
MAX_NAME = 80


def data_root() -> Path:
    """`NED_DATA`, else `ned` in the user's data folder (`XDG_DATA_HOME`, `~/.local/share`)."""
    if chosen := os.environ.get("NED_DATA"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share").expanduser() / "ned"


def actors_root() -> Path:
    """Where fine-tuned actors lie, a folder each."""
    return data_root() / "actors"


def actor_folder(name: str) -> Path:
    """Where an actor of this name lies, or would; UserError for what cannot be a name."""
    plain = name.strip()
    good = plain == name and 0 < len(name) <= MAX_NAME and name[0] not in ".-" and name[-1] != "."
    if not good or not all(c.isalnum() or c in " ._-+" for c in name):
        raise UserError(f"{name[:MAX_NAME]!r} cannot be an actor's name",
                        remedy="use letters, digits, blanks and . _ - +")  # fmt: skip
    return actors_root() / name


def actor_weights(name: str) -> Path:
    """The checkpoint of an actor, which need not be there; UserError for what cannot be a name."""
    return actor_folder(name) / ACTOR_WEIGHTS


def actor_name(video: Path) -> str:
    """A name for the actor of a video: its stem, with what cannot stand in a name replaced."""
    kept = "".join(c if c.isalnum() or c in "._-+" else "_" for c in video.stem)[:MAX_NAME].strip("._-")
    return kept or "actor"
