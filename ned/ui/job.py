"""The process of one job: `python -m ned.ui.job FOLDER`. It outlives the page, writes down how far it is, and waits for
its turn, so that one job works at a time.

FOLDER holds `job.json` (what is edited), `edit.yaml` (how) and, while this runs, a locked `lock`; a file `cancel` in it
ends the work at the next frame, and then nothing of it is left but what is said in `state.json`.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from ned.config import ProcessConfig, load_overrides
from ned.errors import Cancelled, NedError
from ned.jobs import NotEdited, Outcome, run_job
from ned.runtime.cancel import CancelToken
from ned.runtime.events import Noted, Reported, StageAdvanced, StageBegan, StageEnded
from ned.ui.store import read_json, write_json

STATE, JOB, LOCK, CANCEL, EDIT = "state.json", "job.json", "lock", "cancel", "edit.yaml"
TURN_POLL_S, CANCEL_POLL_S = 0.3, 0.15


class State:
    """What the page reads of a job; written at most every `interval_s`."""

    def __init__(self, folder: Path, interval_s: float = 0.25) -> None:
        self._path, self._interval_s, self._written = folder / STATE, interval_s, 0.0
        self.said: dict[str, Any] = {"state": "waiting", "stages": [], "notes": []}

    def write(self, force: bool = True, **more: Any) -> None:
        self.said |= more
        if force or time.monotonic() - self._written >= self._interval_s:
            self._written = time.monotonic()
            write_json(self._path, self.said)

    def listen(self, event: object) -> None:
        """Events of a job become what is shown."""
        stages = self.said["stages"]
        match event:
            case StageBegan():
                stages.append({"name": event.name, "done": 0, "total": event.total, "seconds": 0.0, "over": False})
                self.write()
            case StageAdvanced() if stages:
                stages[-1] |= {"done": event.done, "total": event.total, "seconds": round(event.seconds, 2)}
                self.write(force=False)
            case StageEnded() if stages:
                stages[-1] |= {"done": event.done, "seconds": round(event.seconds, 2), "over": True}
                self.write()
            case Noted():
                self.said["notes"] = [*self.said["notes"], event.text][-5:]
                self.write()
            case NotEdited():
                self.said["notes"] = [*self.said["notes"], event.describe()][-5:]


def main(folder: Path) -> int:
    """Do the job; 0 where it is done."""
    os.environ["NED_CACHE"] = str(folder.parent.parent / "cache")  # the analysis that the page has made
    token, state, over = CancelToken(), State(folder), threading.Event()
    job = read_json(folder / JOB)
    threading.Thread(target=_watch, args=(folder / CANCEL, token, over), daemon=True).start()
    state.write()
    try:
        with _turn(Path(job["turn"]), folder / CANCEL, token):
            state.write(state="running", began=time.time())
            outcome = _still(folder, job, state, token) if job["kind"] == "image" else _video(folder, job, state, token)
    except Cancelled as error:
        outcome = "cancelled", error, ()
    finally:
        over.set()
    how, error, made = outcome
    for path in folder.glob("*.c2pa"):
        made = (*made, path)
    said = {"state": how, "ended": time.time(), "made": [path.name for path in made]}
    if how == "failed":
        said["error"] = _said(error)
    if how == "cancelled":
        (folder / CANCEL).unlink(missing_ok=True)
    state.write(**said)
    return 0 if how == "done" else 1


def _video(folder: Path, job: dict[str, Any], state: State, token: CancelToken) -> tuple[str, Any, tuple[Path, ...]]:
    try:
        overrides = load_overrides(folder / EDIT)
        output = folder / job["output"]
        config = ProcessConfig.build(overrides, input=job["input"], output=output, report=True, overwrite=True)
    except NedError as error:
        return "failed", error, ()
    outcome: Outcome = run_job(config, state.listen, token)
    if outcome.result is None:
        return outcome.state, outcome.error, ()
    found = (outcome.result.output, outcome.result.report)
    return outcome.state, None, tuple(path for path in found if path is not None)


def _still(folder: Path, job: dict[str, Any], state: State, token: CancelToken) -> tuple[str, Any, tuple[Path, ...]]:
    from ned.config.yaml import read_yaml
    from ned.stills.process import edit_still
    from ned.ui.document import StillDocument

    try:
        document = StillDocument(read_yaml(folder / EDIT))
        config = document.config(Path(job["input"]), output=folder / job["output"])
        result = edit_still(replace(config, overwrite=True), Reported(state.listen, token))
        return "done", None, (result.output,)
    except Cancelled as error:
        return "cancelled", error, ()
    except Exception as error:
        return "failed", error, ()


def _said(error: Any) -> str:
    """In one line, without paths of the data folder."""
    if isinstance(error, NedError):
        return f"{error.cause}; {error.remedy}" if error.remedy else error.cause
    said = error.strerror if isinstance(error, OSError) else str(error)
    return f"unexpected {type(error).__name__}: {' '.join(str(said).split())[:200]}"


def _watch(path: Path, token: CancelToken, over: threading.Event) -> None:
    while not over.wait(CANCEL_POLL_S):
        if path.exists():
            token.cancel()
            return


@contextmanager
def _turn(path: Path, cancel: Path, token: CancelToken) -> Iterator[None]:
    """Wait until no other job works. Raises Cancelled, also where the file `cancel` came just before the turn did."""
    with path.open("a") as file:
        while not try_lock(file):
            token.check()
            time.sleep(TURN_POLL_S)
        if cancel.exists():
            token.cancel()
        token.check()
        yield


def try_lock(file: IO[Any], shared: bool = False) -> bool:
    """Lock an open file; False where another holds it. The lock goes with whoever has the file open. Many may hold a
    `shared` one, which is enough to see whether somebody has the file for itself."""
    import fcntl

    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        return True
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
