"""Where the page keeps its data, and how much of it there may be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

GB = 10**9


@dataclass(frozen=True)
class UiSettings:
    """What `ned ui` was told."""

    root: Path
    """Folder of all sessions; of this user alone."""
    port: int = 7860
    """0: any that is free."""
    max_upload_bytes: int = 8 * GB
    """Of one file."""
    max_session_bytes: int = 24 * GB
    """Of all files of a session together."""
    keep_s: float = 24 * 3600.0
    """A session that nobody asked anything for so long is deleted, once no job of it runs."""
    session_uploads: int = 4
    """At once, of one session."""
    all_uploads: int = 8
    """At once, of all sessions."""
    spare_bytes: int = GB
    """Of the disk, which are never taken."""
    max_sessions: int = 64
    max_files: int = 40
    """Of one session."""
    max_jobs: int = 200
    """Of one session."""
    max_running: int = 12
    """Of these, that work or wait for their turn."""
