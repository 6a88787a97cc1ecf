"""The one place of a run's temporary files: the folder `OUT.part` beside the output.

It holds what is finished of the work (pieces of the video, the analysis), so that the same command goes on after a
crash, a full disk or a power cut. `job.json` in it says which work it is; what other options or another input left
there is thrown away. A lock keeps two runs apart, and goes with the process that holds it. The folder is removed on
success, on Ctrl-C, and where the user has to change the command; after any other end it stays.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import IO, Any

from ned.errors import Cancelled, ProcessingError, UserError
from ned.files.atomic import FULL, failed_write, give_name
from ned.files.reading import fingerprint
from ned.version import __version__

FORMAT = 2
_JOB, _LOCK, _PUBLISHING = "job.json", "lock", "publishing.json"


def work_folder(output: Path) -> Path:
    """Where the temporary files of a run that writes `output` lie."""
    return output.with_name(output.name + ".part")


def job_key(options: Mapping[str, object]) -> dict[str, str]:
    """What a piece of work depends on: `options` by name, files by their content, and the version. Raises OSError."""
    said = {"version": __version__, "format": str(FORMAT)}
    for name, value in options.items():
        said[name] = _said(value)
    return said


def _said(value: object) -> str:
    """`value` in words, files by their content wherever they stand in it."""
    if isinstance(value, Path):
        return fingerprint(value) if value.is_file() else repr(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(_said, value))})"
    if is_dataclass(value) and not isinstance(value, type):
        return f"{type(value).__name__}({', '.join(_said(getattr(value, f.name)) for f in fields(value))})"
    return repr(value)


def work_mark(key: Mapping[str, str]) -> str:
    """What an output says of the work that it comes from, to be known again."""
    return "work " + hashlib.blake2b(repr(sorted(key.items())).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Job:
    """The open work folder of one run."""

    folder: Path
    mark: str = ""
    """See `work_mark`."""
    replaced: bool = False
    """Whether other work lay there and was thrown away."""

    @property
    def begun(self) -> bool:
        """Whether any finished work lies in it. Raw rows alone are none: nothing says what they are."""
        return any(path.name not in (_JOB, _LOCK) and path.suffix != ".raw" for path in self.folder.iterdir())

    def note_publishing(self, outputs: Sequence[Path]) -> None:
        """From now on these outputs may exist, and are this job's."""
        _write(self.folder / _PUBLISHING, [str(path.resolve()) for path in outputs])


@contextmanager
def open_job(output: Path, key: Mapping[str, str], keep: bool = False) -> Iterator[Job]:
    """The work folder for `output`, for this run alone; `keep` it on Ctrl-C, and where the work is cancelled, too.

    UserError where another run has it, or where it holds what no run of ned wrote.
    """
    folder = work_folder(output)
    try:
        lock = _lock(folder)
    except OSError as error:
        raise failed_write(folder, error) from error
    with lock:
        try:
            job = Job(folder, work_mark(key), _prepare(folder, dict(key)))
        except BaseException as error:
            _remove(folder / _LOCK)
            with suppress(OSError):
                folder.rmdir()  # unless there is anything in it
            if isinstance(error, OSError):
                raise failed_write(output, error) from error
            raise
        try:
            yield job
        except BaseException as error:
            full = isinstance(error, OSError) and error.errno in FULL
            said = _leave(job, failed_write(output, error) if full else error, keep)
            if said is error:
                raise
            raise said from error
        shutil.rmtree(folder, ignore_errors=True)
    if os.name == "nt":  # where the open lock cannot be removed
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def alone_in(folder: Path, what: str) -> Iterator[None]:
    """A folder that stays, made where it is missing, for this run alone; UserError where another has it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = open(folder / _LOCK, "a+b")  # noqa: SIM115 (closed below)
    except FileExistsError as error:
        raise UserError("is in the way", path=folder, remedy="move it") from error
    except OSError as error:
        raise failed_write(folder, error) from error
    with file:
        if not _try_lock(file):
            raise UserError(f"another run of ned is working on it: {what}", path=folder, remedy="wait for its end")
        yield


def publishing(output: Path, key: Callable[[], Mapping[str, str]]) -> tuple[Path, ...]:
    """The outputs that a run of the job with this key was about to put in their places when it ended."""
    folder = work_folder(output)
    try:
        paths = _read(folder / _PUBLISHING)
        if _read(folder / _JOB) == dict(key()):
            return tuple(Path(path) for path in paths)
    except (OSError, ValueError, TypeError):
        pass
    return ()


def check_space(folder: Path, needed_bytes: int) -> None:
    """Raise UserError where fewer bytes are free for `folder`, which need not exist."""
    place = folder if folder.is_dir() else folder.parent
    free = shutil.disk_usage(place).free + (_bytes_in(folder) if folder.is_dir() else 0)
    if free < needed_bytes:
        raise UserError(
            f"about {_size(needed_bytes)} are needed, {_size(free)} are free", path=place,
            remedy="free some disk space or choose another --output",
        )  # fmt: skip


def _prepare(folder: Path, key: dict[str, str]) -> bool:
    """An unfinished job of the same key stays; everything else goes. Whether anything went."""
    names = {path.name for path in folder.iterdir()} - {_LOCK}
    try:
        known = _read(folder / _JOB)
    except (OSError, ValueError):
        known = None
    if known is None and names - {_JOB, _JOB + ".tmp"}:
        raise UserError("is not a work folder of ned", path=folder, remedy="move it away, or choose another --output")
    if isinstance(known, dict) and known.get("format", str(FORMAT)) != str(FORMAT) and names - {_JOB}:
        raise UserError(
            "holds the unfinished work of a former ned, which does not say by which renderer it was made", path=folder,
            remedy="finish it with the version that began it, or remove the folder to begin anew",
        )  # fmt: skip
    for path in folder.iterdir():
        if path.name != _LOCK and (known != key or path.name.endswith(".tmp")):
            _remove(path)
    if known != key:
        _write(folder / _JOB, key)
    return known is not None and known != key


def _leave(job: Job, error: BaseException, keep: bool) -> BaseException:
    """After `error`: what can be of use stays. Returns what to raise."""
    for path in job.folder.glob("*.tmp"):
        _remove(path)
    mended = isinstance(error, UserError) and not any(job.folder.glob("*.nut"))
    ended = isinstance(error, KeyboardInterrupt | Cancelled) and not keep
    if mended or ended or not job.begun:
        shutil.rmtree(job.folder, ignore_errors=True)
    elif isinstance(error, ProcessingError):
        remedy = f"{error.remedy}; then" if error.remedy else "what is done is kept:"
        again = f"{remedy} the same command goes on from {job.folder.name}"
        return ProcessingError(error.cause, path=error.path, remedy=again)
    return error


def _lock(folder: Path) -> IO[bytes]:
    """The folder's lock, held until it is closed; both are made where they are missing."""
    while True:
        try:
            folder.mkdir(exist_ok=True)
        except FileExistsError as error:
            raise UserError("is in the way", path=folder, remedy="move it, or choose another --output") from error
        try:
            file = open(folder / _LOCK, "a+b")  # noqa: SIM115 (the caller closes it)
        except FileNotFoundError:
            continue
        if not _try_lock(file):
            file.close()
            output = folder.with_name(folder.name.removesuffix(".part"))
            raise UserError("another run of ned is writing it", path=output, remedy="wait, or choose another --output")
        # Between opening and locking, a run that ended may have removed the folder.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), os.stat(folder / _LOCK)):
                return file
        file.close()


def _try_lock(file) -> bool:
    """Lock an open file for this process; False where another holds it."""
    try:
        import fcntl
    except ImportError:  # Windows
        import importlib

        msvcrt = importlib.import_module("msvcrt")

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _write(path: Path, value: object) -> None:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps(value, indent=1), encoding="utf-8")
    give_name(temporary, path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.stat().st_size
    return total


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
