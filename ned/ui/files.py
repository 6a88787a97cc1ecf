"""What becomes of an upload: it is looked at, its faces and curves are kept, a proxy is made where one is needed."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from ned.errors import Cancelled, NedError, UserError
from ned.ui.client import WorkerClient, WorkerGone
from ned.ui.store import UPLOAD, Session, read_json, write_json

PROXY = "proxy.mp4"
MOST_LOOKS = 24
"""Images that were made for the page and are kept for a while."""
MOST_DEATHS = 3
"""Of the worker, while it was at one file."""


class Files:
    """The uploads of all sessions, by their folders."""

    def __init__(self, worker: WorkerClient) -> None:
        self._worker = worker
        self._at_work: dict[Path, dict[str, asyncio.Task]] = {}
        self._progress: dict[Path, tuple[int, int]] = {}
        self._deaths: dict[Path, int] = {}
        self._leaving: set[Path] = set()

    def source(self, folder: Path) -> Path:
        """The upload itself. Raises UserError where it has not arrived."""
        said = read_json(folder / "file.json")
        if said is None:
            raise UserError("the file has not arrived yet", remedy="wait")
        return folder / UPLOAD / said["name"]

    def kind(self, folder: Path) -> str:
        return (read_json(folder / "file.json") or {}).get("kind", "video")

    def request(self, session: Session, folder: Path) -> dict[str, Any]:
        """What every request about a file says to the worker."""
        source = self.source(folder)
        return {"path": str(source), "kind": self.kind(folder), "cache": str(session.cache), "folder": str(folder)}

    def looked_at(self, session: Session, folder: Path) -> dict[str, Any]:
        """The same, of a file whose people are known. Raises UserError for others: a preview is no time to look."""
        said = self.request(session, folder)
        if not (folder / "facts.json").exists():
            raise UserError("its people are not known", remedy="wait until it has been looked at")
        return said

    def look(self, session: Session, folder: Path) -> None:
        """Begin what is still to be done for a file."""
        done = (folder / "error.json").exists() or folder in self._leaving
        if done or read_json(folder / "file.json") is None:
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

    def _begin(self, folder: Path, what: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task:
        """The work under that name, begun where it is not under way."""
        tasks = self._at_work.setdefault(folder, {})
        if what in tasks and not tasks[what].done():
            work.close()
        else:
            tasks[what] = asyncio.create_task(work)
        return tasks[what]

    async def played(self, folder: Path, result: Path) -> Path:
        """A job's result as a browser plays it: itself, or a proxy, which is made once. Errors as of `ask`."""
        known = read_json(folder / "plays.json")
        if known is None:  # a player asks for many ranges
            task = self._begin(folder, "play", self._play(folder, result))
            await asyncio.wait([task])
            if task.cancelled():
                raise UserError("the job was removed meanwhile", remedy="reload the page")
            known = task.result()
        return result if known else folder / PROXY

    async def _play(self, folder: Path, result: Path) -> bool:
        known = bool(await self._worker.ask("plays", path=str(result)))
        if not known:
            await self._worker.ask("proxy", path=str(result), to=str(folder / PROXY))
        write_json(folder / "plays.json", known)
        return known

    async def end(self, folder: Path) -> None:
        """End all work on what lies in the folder of a file or a job, which is about to be removed."""
        tasks = self._at_work.pop(folder, {}).values()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(NedError):
            await self._worker.ask("forget", folder=str(folder))

    async def _look(self, session: Session, folder: Path) -> None:
        def tell(done: int, total: int) -> None:
            self._progress[folder] = done, total

        try:
            facts = await self._worker.ask("look", tell, **self.request(session, folder))
            write_json(folder / "facts.json", facts)
            self.look(session, folder)
        except NedError as error:
            if self._over(folder, error):
                write_json(folder / "error.json", str(error))
        finally:
            self._progress.pop(folder, None)

    async def _curves(self, session: Session, folder: Path) -> None:
        try:
            curves = await self._worker.ask("curves", **self.request(session, folder))
        except NedError as error:
            if not self._over(folder, error):
                return
            curves = {"points": 2, "loudness": [], "jaw": {}}
        write_json(folder / "curves.json", curves)

    async def _proxy(self, folder: Path) -> None:
        try:
            await self._worker.ask("proxy", path=str(self.source(folder)), to=str(folder / PROXY))
        except NedError as error:
            if self._over(folder, error):
                write_json(folder / "no-proxy.json", str(error))

    def _over(self, folder: Path, error: NedError) -> bool:
        """Whether an error is the end of it. It is not where the work was cancelled, nor where the worker died, which
        another file may have been the cause of; but a file over which it dies again and again is left alone."""
        if isinstance(error, WorkerGone):
            self._deaths[folder] = self._deaths.get(folder, 0) + 1
            return self._deaths[folder] >= MOST_DEATHS and folder.is_dir()
        return not isinstance(error, Cancelled) and folder.is_dir()

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
        known = []
        for path in looks.iterdir():
            with contextlib.suppress(FileNotFoundError):  # a part that the worker has just given its name
                known.append((path.stat().st_mtime_ns, path))
        for _, path in sorted(known)[: max(0, len(known) - MOST_LOOKS + 1)]:
            path.unlink(missing_ok=True)
        return looks / f"{secrets.token_hex(8)}{suffix}"

    def find_look(self, folder: Path, ident: str, suffix: str) -> Path | None:
        """What was made under that id."""
        if len(ident) != 16 or not set(ident) <= set("0123456789abcdef"):
            return None
        path = folder / "looks" / f"{ident}{suffix}"
        return path if path.is_file() else None

    async def remove(self, folder: Path) -> None:
        """The upload and all that was made of it, once nothing works on it any more."""
        self._leaving.add(folder)
        try:
            await self.end(folder)
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        finally:
            self._deaths.pop(folder, None)
            self._leaving.discard(folder)
