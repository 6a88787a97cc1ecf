"""Finished work that another run may use: a folder an entry, of bounded size together."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ned.files.atomic import flush_to_disk

MAX_CACHE_BYTES = 2 * 1024**3
_ABANDONED_S = 24 * 3600


def cache_root() -> Path:
    """`NED_CACHE`, else `ned` in the user's cache folder (`XDG_CACHE_HOME`, `~/.cache`)."""
    if chosen := os.environ.get("NED_CACHE"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").expanduser() / "ned"


class Cache:
    """Folders of finished work, one an entry, named by what went into them; the oldest go when it grows too big."""

    def __init__(self, root: Path | None = None, max_bytes: int = MAX_CACHE_BYTES) -> None:
        self.root, self._max_bytes = root or cache_root(), max_bytes

    def entry(self, kind: str, *key: object) -> Path:
        """The folder for the work `kind` with all that it depends on in `key`; it need not exist."""
        return self.root / f"{kind}-{hashlib.blake2b(repr(key).encode(), digest_size=16).hexdigest()}"

    def save(self, entry: Path, write: Callable[[Path], None]) -> None:
        """Fill `entry` by `write(folder)`: whole or not at all. Raises OSError."""
        self.root.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=self.root, prefix="part-"))
        try:
            write(folder)
            for file in folder.iterdir():
                flush_to_disk(file)
            if entry.exists():
                shutil.rmtree(entry, ignore_errors=True)
            with suppress(OSError):  # another run was faster
                os.replace(folder, entry)
            flush_to_disk(self.root)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        self.prune(keep=entry)

    def touch(self, entry: Path) -> None:
        """Note that an entry was used."""
        with suppress(OSError):
            os.utime(entry)

    def prune(self, keep: Path | None = None) -> None:
        """Remove the entries unused for longest until the rest fits, and what crashed runs left."""
        if not self.root.is_dir():
            return
        found = []
        for folder in self.root.iterdir():
            with suppress(OSError):
                used = folder.stat().st_mtime
                if folder.name.startswith("part-"):
                    if time.time() - used > _ABANDONED_S:
                        shutil.rmtree(folder, ignore_errors=True)
                elif folder.is_dir() and folder != keep:
                    found.append((used, folder, _bytes_in(folder)))
        total = sum(size for _, _, size in found) + (_bytes_in(keep) if keep and keep.is_dir() else 0)
        for _, folder, size in sorted(found, key=lambda item: item[0]):
            if total <= self._max_bytes:
                break
            shutil.rmtree(folder, ignore_errors=True)
            total -= size


def _bytes_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
