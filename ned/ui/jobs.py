"""Jobs as the page sees them: begun in processes of their own, found again by what lies on the disk."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from ned.errors import UserError
from ned.ui.client import own_environment, own_python
from ned.ui.document import Document, StillDocument
from ned.ui.job import CANCEL, EDIT, JOB, LOCK, STATE, try_lock
from ned.ui.settings import UiSettings
from ned.ui.store import Session, Store, read_json, write_json
from ned.workspace.images import default_image
from ned.workspace.outputs import default_output

RUNNING = ("waiting", "running")
_PROBE_S = 1.0
"""Longer than anybody holds a job's lock who only looks."""


class PageJobs:
    """Begins, lists, cancels and removes jobs."""

    def __init__(self, store: Store, settings: UiSettings) -> None:
        self._store, self._settings = store, settings

    def submit(self, session: Session, source: Path, wish: Document | StillDocument, file: str) -> Path:
        """Begin a job on an upload; its folder. Raises UserError for options that do not go together."""
        if len(session.all("jobs")) >= self._settings.max_jobs:
            raise UserError(f"more than {self._settings.max_jobs} jobs", remedy="remove some")
        self._check_running(session)
        still = isinstance(wish, StillDocument)
        wish.config(source)  # raises before a folder is made
        name = output_name(source, wish)
        folder = session.new("jobs")
        try:
            (folder / EDIT).write_text(wish.yaml(), encoding="utf-8")
            job = {"kind": "image" if still else "video", "input": str(source), "output": name, "file": file,
                   "name": source.name, "turn": str(self._store.root / "turn"), "submitted": time.time()}  # fmt: skip
            write_json(folder / "born.json", time.time())
            write_json(folder / JOB, job)
            write_json(folder / STATE, {"state": "waiting", "stages": []})
            self._start(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return folder

    def _start(self, folder: Path) -> None:
        """A process that holds the job's lock from its first moment on, and does not end with ours."""
        with (folder / LOCK).open("a") as lock, (folder / "log").open("wb") as log:
            until = time.monotonic() + _PROBE_S
            while not try_lock(lock):
                if time.monotonic() > until:
                    raise UserError("the job is running", remedy="wait")
                time.sleep(0.01)
            child = subprocess.Popen(
                own_python("ned.ui.job", str(folder)), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=(lock.fileno(),), start_new_session=True, env=own_environment(),
            )  # fmt: skip
        threading.Thread(target=child.wait, daemon=True).start()

    def _check_running(self, session: Session) -> None:
        if len(self.running(session)) >= self._settings.max_running:
            raise UserError(f"{self._settings.max_running} jobs wait already", remedy="wait, or cancel some")

    def resume(self, session: Session, folder: Path) -> None:
        """Go on with a job that was broken off, from what is finished. Raises UserError."""
        self._check_running(session)
        if self.state(folder)["state"] not in ("interrupted", "failed"):
            raise UserError("the job was not broken off", remedy="reload the page")
        (folder / CANCEL).unlink(missing_ok=True)
        write_json(folder / STATE, {"state": "waiting", "stages": []})
        self._start(folder)

    def cancel(self, folder: Path) -> None:
        """End it at its next frame; of one that was broken off, remove what it left."""
        if self.state(folder)["state"] in RUNNING:
            (folder / CANCEL).touch()
            return
        if self.state(folder)["state"] == "interrupted":
            for path in folder.iterdir():
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
            write_json(folder / STATE, {"state": "cancelled", "stages": [], "ended": time.time()})

    def remove(self, folder: Path, patience_s: float = 20.0) -> None:
        """The job and its outputs; one that runs is cancelled first. Raises UserError where it does not end."""
        self.cancel(folder)
        until = time.monotonic() + patience_s
        while self.runs(folder):
            if time.monotonic() > until:
                raise UserError("the job has not ended yet", remedy="try again in a moment")
            time.sleep(0.1)
        shutil.rmtree(folder, ignore_errors=True)

    def state(self, folder: Path) -> dict[str, Any]:
        """What the page shows of a job."""
        runs = self.runs(folder)
        state = read_json(folder / STATE) or {"state": "interrupted", "stages": []}
        if state["state"] in RUNNING and not runs:
            state["state"] = "interrupted"
        job = read_json(folder / JOB) or {}
        shown = {name: job.get(name) for name in ("kind", "output", "name", "file", "submitted")}
        said = {name: value for name, value in state.items() if name != "made"}
        made = state.get("made", [])
        report = next((name for name in made if name.endswith("_report.html")), None)
        return {"id": folder.name, **shown, **said, "report": bool(report), "cancelling": (folder / CANCEL).exists()}

    def output(self, folder: Path, what: str) -> Path | None:
        """A finished file of a job: `result`, `report` or `manifest`."""
        state = read_json(folder / STATE) or {}
        job = read_json(folder / JOB) or {}
        ends = {"result": job.get("output", ""), "report": "_report.html", "manifest": ".c2pa"}
        if what in ends and state.get("state") == "done":
            for name in state.get("made", []):
                if name.endswith(ends[what]) and (folder / name).is_file():
                    return folder / name
        return None

    def runs(self, folder: Path) -> bool:
        """Whether a process works on it, or waits to."""
        try:
            with (folder / LOCK).open("rb") as lock:  # not made where it is not: the folder may be going
                return not try_lock(lock, shared=True)
        except OSError:
            return False

    def running(self, session: Session) -> list[Path]:
        return [folder for folder in session.all("jobs") if self.runs(folder)]

    def use(self, session: Session, file: str) -> bool:
        """Whether a job that is not over edits the file with this id, or imitates it."""
        for folder in self.running(session):
            with suppress(OSError):
                if file in (folder / JOB).read_text("utf-8") or file in (folder / EDIT).read_text("utf-8"):
                    return True
        return False


def output_name(source: Path, wish: Document | StillDocument) -> str:
    """What the result is called, in a container that `ned` writes."""
    make = default_image if isinstance(wish, StillDocument) else default_output
    return wish.name(source, make(source, "x").suffix)
