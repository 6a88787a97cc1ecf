"""Sessions on the disk: ids go in, folders come out, and nothing else of the page makes a path.

ROOT/key                          opens a session; whoever may read it may use the page
ROOT/sessions/SESSION/            named by a digest of the cookie, which is written nowhere
    cache/                        analyses
    files/FILE/                   `facts.json`, what was made for looking at the upload
    files/FILE/upload/            the upload itself, alone, since its name may be any
    jobs/JOB/                     `job.json`, `edit.yaml`, `state.json`, outputs
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ned.errors import UserError

_ID = re.compile(r"[0-9a-f]{16}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
UPLOAD = "upload"
"""Folder of an upload within the folder of its file."""
SEEN_S = 60.0
"""How often it is noted that a session is in use."""


@dataclass(frozen=True)
class Session:
    """The folder of one browser."""

    folder: Path

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def new(self, kind: str) -> Path:
        """A fresh folder; `kind` is `files` or `jobs`. UserError where the session was deleted meanwhile."""
        folder = self.folder / kind / secrets.token_hex(8)
        try:
            folder.parent.mkdir(exist_ok=True, mode=0o700)
            folder.mkdir(mode=0o700)
        except FileNotFoundError as error:
            raise UserError("this session is over", remedy="open the address that `ned ui` printed") from error
        return folder

    def find(self, kind: str, ident: str) -> Path | None:
        """The folder of that id in this session; None for whatever is no id, or of another session."""
        if not _ID.fullmatch(ident):
            return None
        folder = self.folder / kind / ident
        return folder if folder.is_dir() else None

    def all(self, kind: str) -> list[Path]:
        """All folders, the oldest first."""
        parent = self.folder / kind
        folders = [p for p in parent.iterdir() if _ID.fullmatch(p.name)] if parent.is_dir() else []
        return sorted(folders, key=lambda folder: (read_json(folder / "born.json") or 0, folder.name))

    def bytes(self) -> int:
        """What its files take."""
        return bytes_in(self.folder)

    def touch(self) -> None:
        """Note that it is in use."""
        with contextlib.suppress(OSError):
            if time.time() - self.folder.stat().st_mtime > SEEN_S:
                os.utime(self.folder)

    def delete(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class Store:
    """All sessions. Raises UserError where the folder cannot be made, or others may write to it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            (root / "sessions").mkdir(parents=True, exist_ok=True, mode=0o700)
            root.chmod(0o700)
        except OSError as error:
            remedy = "choose another folder as --data"
            raise UserError(f"cannot be used ({error.strerror})", path=root, remedy=remedy) from error
        self.key = self._key()

    def _key(self) -> str:
        path = self.root / "key"
        with contextlib.suppress(OSError):
            known = path.read_text(encoding="ascii").strip()
            if _TOKEN.fullmatch(known):
                return known
        made = secrets.token_urlsafe(32)
        with contextlib.suppress(OSError):
            path.unlink()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(made)
        return made

    def begin(self) -> tuple[str, Session]:
        """A new session, and the token that opens it."""
        token = secrets.token_urlsafe(32)
        session = Session(self._folder(token))
        session.folder.mkdir(mode=0o700)
        return token, session

    def open(self, token: str) -> Session | None:
        """The session of a token; None where there is none (any more)."""
        if not _TOKEN.fullmatch(token):
            return None
        folder = self._folder(token)
        return Session(folder) if folder.is_dir() else None

    def sessions(self) -> Iterator[Session]:
        for folder in (self.root / "sessions").iterdir():
            if folder.is_dir():
                yield Session(folder)

    def idle(self, seconds: float) -> Iterator[Session]:
        """Those that nobody asked anything for so long."""
        for session in self.sessions():
            with contextlib.suppress(OSError):
                if time.time() - session.folder.stat().st_mtime > seconds:
                    yield session

    def _folder(self, token: str) -> Path:
        return self.root / "sessions" / hashlib.sha256(token.encode()).hexdigest()[:32]


def read_json(path: Path) -> Any:
    """What a file holds; None where there is none, or nothing that can be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def write_json(path: Path, value: object) -> None:
    """Whole or not at all; not synced, since nothing of worth is lost. Raises OSError."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    temporary.write_text(json.dumps(value), encoding="utf-8")
    os.replace(temporary, path)


def bytes_in(folder: Path) -> int:
    """Of all files in a folder and in those inside."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total
