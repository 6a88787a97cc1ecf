"""What attempts leave in the store: one object with the files, then the marker that makes it count."""

from __future__ import annotations

import hashlib
import json
import tarfile
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ned.batch.store import Store
from ned.batch.units import PREPARE, Unit
from ned.errors import ProcessingError


@dataclass(frozen=True)
class Result:
    """A success marker: which of the attempts' objects counts, and what was found out."""

    object: str
    bytes: int
    blake2b: str
    worker: str
    attempt: int
    seconds: float
    frames: int
    facts: dict[str, Any] = field(default_factory=dict)


def publish(
    store: Store, unit: Unit, attempt: int, worker: str, files: Path, scratch: Path, pieces: int, **said: Any
) -> Result:
    """Put all files of a folder into the store as one object of this attempt, then the marker; `pieces` is the number
    of the video's pieces, or 0 for a range of them. What another attempt published meanwhile is as good, and stays."""
    packed = scratch / f"{unit.name}.{attempt}.tar"
    try:
        with tarfile.open(packed, "w") as archive:
            for path in sorted(path for path in files.rglob("*") if path.is_file()):
                archive.add(path, path.relative_to(files).as_posix(), recursive=False)
        name = unit.path(f"{attempt}-{worker}.tar")
        result = Result(name, packed.stat().st_size, _digest(packed), worker, attempt, **said)
        store.put_file(name, packed)
    finally:
        packed.unlink(missing_ok=True)
    if not store.put_new(unit.path(marker(unit, pieces)), json.dumps(asdict(result)).encode()):
        store.delete(name)
    return result


def marker(unit: Unit, pieces: int) -> str:
    """The ending of a success marker's name; it says how many pieces an analysed video has."""
    return f"done.{pieces if unit.name == PREPARE else 0}.json"


def read_result(store: Store, unit: Unit, pieces: int) -> Result:
    """The marker of a unit that is done. ProcessingError where it cannot be read."""
    data = store.get(unit.path(marker(unit, pieces)))
    try:
        said = json.loads(data or b"")
        return Result(**{f.name: said[f.name] for f in fields(Result)})
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(store, unit) from error


def unpack(store: Store, unit: Unit, pieces: int, folder: Path) -> Result:
    """The files of a unit that is done, in `folder`. ProcessingError where they are not what was published."""
    result = read_result(store, unit, pieces)
    folder.mkdir(parents=True, exist_ok=True)
    packed = folder / f"{unit.name}.tar.tmp"
    try:
        store.fetch(result.object, packed)
        if packed.stat().st_size != result.bytes or _digest(packed) != result.blake2b:
            raise _damaged(store, unit)
        with tarfile.open(packed) as archive:
            archive.extractall(folder, filter="data")
    except tarfile.TarError as error:
        raise _damaged(store, unit) from error
    finally:
        packed.unlink(missing_ok=True)
    return result


def _damaged(store: Store, unit: Unit) -> ProcessingError:
    remedy = f"remove {unit.path('done.*')} from the store and run again"
    return ProcessingError(f"what was made of {unit.path('tar')} is damaged", path=store.url, remedy=remedy)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
