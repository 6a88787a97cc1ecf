"""A file as it arrives: to the disk piece by piece, its kind told by its first bytes, its size bounded all the way."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

from ned.errors import UserError
from ned.ui.names import HEAD_BYTES, kind_of, safe_name
from ned.ui.settings import GB, UiSettings
from ned.ui.store import UPLOAD, Session, write_json

_LOOK_BYTES = 64 * 1024**2
"""How often the disk's room is looked at."""
_STALLED_S = 60.0


class Busy(UserError):
    """Too much at once."""


class TooLarge(UserError):
    """More than there may be."""


class Uploads:
    """Takes files in."""

    def __init__(self, settings: UiSettings) -> None:
        self._settings = settings
        self._running: dict[Path, int] = {}

    @contextlib.contextmanager
    def _place(self, session: Session) -> Iterator[None]:
        mine = self._running.get(session.folder, 0)
        if mine >= self._settings.session_uploads or sum(self._running.values()) >= self._settings.all_uploads:
            raise Busy("too many uploads at once", remedy="wait until one has ended")
        if len(session.all("files")) >= self._settings.max_files:
            raise Busy(f"more than {self._settings.max_files} files", remedy="remove some")
        self._running[session.folder] = mine + 1
        try:
            yield
        finally:
            self._running[session.folder] -= 1
            if not self._running[session.folder]:
                del self._running[session.folder]

    async def take(self, session: Session, name: str, length: int | None, body: AsyncIterator[bytes]) -> Path:
        """Write the body to a new folder of the session, which is removed again where anything goes wrong.

        `length` is what the browser says, if it says any. Raises `Busy`, `TooLarge`, and UserError for what is neither
        video nor image or has stalled.
        """
        with self._place(session):
            most = self._most(session)
            if length is not None and length > most:
                raise too_large(most)
            folder = session.new("files")
            try:
                write_json(folder / "born.json", time.time())
                path, kind, size = await self._write(session, folder, name, most, body)
                write_json(folder / "file.json", {"name": path.name, "kind": kind, "bytes": size})
                return folder
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise

    def left_behind(self, sessions: Iterable[Session]) -> Iterator[Path]:
        """Folders of uploads that nobody writes any more: the page was killed over them."""
        for session in sessions:
            for folder in session.all("files"):
                with contextlib.suppress(OSError):
                    last = max(path.stat().st_mtime for path in (folder, *folder.glob("part")))
                    if not (folder / "file.json").exists() and time.time() - last > 2 * _STALLED_S:
                        yield folder

    def _most(self, session: Session) -> int:
        """Bytes that may come now."""
        free = shutil.disk_usage(session.folder).free - self._settings.spare_bytes
        left = self._settings.max_session_bytes - session.bytes()
        return max(0, min(self._settings.max_upload_bytes, left, free))

    async def _write(
        self, session: Session, folder: Path, name: str, most: int, body: AsyncIterator[bytes]
    ) -> tuple[Path, str, int]:
        head, size, looked, path, kind = b"", 0, 0, folder / "part", None
        chunks = aiter(body)
        with path.open("wb") as file:
            while True:
                try:
                    chunk = await asyncio.wait_for(anext(chunks), _STALLED_S)
                except StopAsyncIteration:
                    break
                except TimeoutError as error:
                    raise UserError("the upload stalled", remedy="try again") from error
                size += len(chunk)
                if size > most:
                    raise too_large(most)
                if kind is None:
                    head += chunk
                    if len(head) >= HEAD_BYTES:
                        kind = _kind(head)
                file.write(chunk)
                if size - looked > _LOOK_BYTES:
                    looked = size
                    if shutil.disk_usage(folder).free < self._settings.spare_bytes:
                        raise TooLarge("the disk is almost full", remedy="free some space")
                    if session.bytes() > self._settings.max_session_bytes:  # with what else comes at the same time
                        raise too_large(self._settings.max_session_bytes)
        kind = kind or _kind(head)
        own = folder / UPLOAD
        own.mkdir(mode=0o700)
        return path.rename(own / safe_name(name, kind)), kind, size


def _kind(head: bytes) -> str:
    kind = kind_of(head)
    if kind is None:
        raise UserError("neither a video nor an image", remedy="give one, such as .mp4, .mov, .mkv, .jpg or .png")
    return kind


def too_large(most: int) -> TooLarge:
    """What to say of more than `most` bytes."""
    return TooLarge(f"larger than the {most / GB:.1f} GB that may come", remedy="cut it, or see `ned ui --help`")
