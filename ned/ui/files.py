"""What becomes of an upload: it is looked at, its faces and curves are kept, a proxy is made where one is needed."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
from pathlib import Path
from typing import Any

from ned.errors import Cancelled, NedError, UserError
from ned.ui.client import WorkerClient
from ned.ui.store import Session, read_json, write_json

PROXY = "proxy.mp4"
MOST_LOOKS = 24
"""Images that were made for the page and are kept for a while."""


class Files:
    """The uploads of all sessions, by their folders."""

    def __init__(self, worker: WorkerClient) -> None:
        self._worker = worker
        self._at_work: dict[Path, dict[str, asyncio.Task]] = {}
        self._progress: dict[Path, tuple[int, int]] = {}

    def source(self, folder: Path) -> Path:
        """The upload itself. Raises UserError where it has not arrived."""
        said = read_json(folder / "file.json")
        if said is None:
            raise UserError("the file has not arrived yet", remedy="wait")
        return folder / said["name"]

    def kind(self, folder: Path) -> str:
        return (read_json(folder / "file.json") or {}).get("kind", "video")

    def request(self, session: Session, folder: Path) -> dict[str, Any]:
        """What every request about a file says to the worker."""
        source = self.source(folder)
        return {"path": str(source), "kind": self.kind(folder), "cache": str(session.cache), "folder": str(folder)}

    def look(self, session: Session, folder: Path) -> None:
        """Begin what is still to be done for a file."""
        if read_json(folder / "file.json") is None or (folder / "error.json").exists():
            return
        if read_json(folder / "facts.json") is None:
            self._begin(folder, "look", self._look(session, folder))
            return
        if self.kind(folder) == "video":
            if read_json(folder / "curves.json") is None:
                self._begin(folder, "curves", self._curves(session, folder))
            facts = read_json(folder / "facts.json")
            if not facts["plays"] and not (folder / PROXY).exists() and not (folder / "no-proxy.json").exists():
                self._begin(folder, "proxy", self._proxy(folder))

    def _begin(self, folder: Path, what: str, work: Any) -> None:
        tasks = self._at_work.setdefault(folder, {})
        if what in tasks and not tasks[what].done():
            work.close()
            return
        tasks[what] = asyncio.create_task(work)

    async def _look(self, session: Session, folder: Path) -> None:
        def tell(done: int, total: int) -> None:
            self._progress[folder] = done, total

        try:
            facts = await self._worker.ask("look", tell, **self.request(session, folder))
            write_json(folder / "facts.json", facts)
            self.look(session, folder)
        except NedError as error:
            if folder.is_dir() and not isinstance(error, Cancelled):
                write_json(folder / "error.json", str(error))
        finally:
            self._progress.pop(folder, None)

    async def _curves(self, session: Session, folder: Path) -> None:
        with contextlib.suppress(NedError):
            write_json(folder / "curves.json", await self._worker.ask("curves", **self.request(session, folder)))

    async def _proxy(self, folder: Path) -> None:
        try:
            await self._worker.ask("proxy", path=str(self.source(folder)), to=str(folder / PROXY))
        except NedError as error:
            if folder.is_dir():
                write_json(folder / "no-proxy.json", str(error))

    def state(self, folder: Path) -> dict[str, Any]:
        """What the page shows of a file."""
        said = read_json(folder / "file.json")
        if said is None:
            return {"id": folder.name, "state": "uploading"}
        error, facts = read_json(folder / "error.json"), read_json(folder / "facts.json")
        state = "failed" if error else "ready" if facts else "looking"
        done, total = self._progress.get(folder, (0, 0))
        media = self.media(folder) is not None
        return {"id": folder.name, **said, "state": state, "error": error, "facts": facts, "done": done, "total": total,
                "media": media, "curves": (folder / "curves.json").exists()}  # fmt: skip

    def media(self, folder: Path) -> Path | None:
        """What a browser plays of it; None while there is nothing."""
        facts = read_json(folder / "facts.json")
        if facts and facts.get("plays"):
            return self.source(folder)
        return folder / PROXY if (folder / PROXY).exists() else None

    def fresh(self, folder: Path, suffix: str) -> Path:
        """A name for something that is made to be looked at; the oldest of many are removed."""
        looks = folder / "looks"
        looks.mkdir(exist_ok=True)
        known = sorted(looks.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        for path in known[: max(0, len(known) - MOST_LOOKS + 1)]:
            path.unlink(missing_ok=True)
        return looks / f"{secrets.token_hex(8)}{suffix}"

    def find_look(self, folder: Path, ident: str, suffix: str) -> Path | None:
        """What was made under that id."""
        if len(ident) != 16 or not set(ident) <= set("0123456789abcdef"):
            return None
        path = folder / "looks" / f"{ident}{suffix}"
        return path if path.is_file() else None

    async def remove(self, folder: Path) -> None:
        """The upload and all that was made of it."""
        for task in self._at_work.pop(folder, {}).values():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, NedError):
                await task
        with contextlib.suppress(NedError):
            await self._worker.ask("forget", folder=str(folder))
        shutil.rmtree(folder, ignore_errors=True)
