"""What attempts leave in the store: one object with the files, then the marker that makes it count."""

from __future__ import annotations

import json
import tarfile
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ned.batch.archives import digest_of, pack, unfold
from ned.batch.kept import KeptPieces, fetch_bundle
from ned.batch.store import Store
from ned.batch.units import FINISHED, PREPARE, Unit
from ned.errors import ProcessingError


class DamagedResult(ProcessingError):
    """A unit that is done cannot be read, or lacks what was published."""


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
    kept: tuple[str, ...] = ()
    """Objects with files that were kept before; see `ned.batch.kept`."""


def publish(
    store: Store, unit: Unit, attempt: int, worker: str, files: Path, scratch: Path, pieces: int,
    kept: KeptPieces | None = None, **said: Any,
) -> Result:  # fmt: skip
    """Put all files of a folder, but those that were `kept` there, into the store as one object of this attempt, then
    the marker; `pieces` is the number of the video's pieces, or 0 for a range of them. What another attempt published
    meanwhile is as good, and stays; it is only noted that the work was done twice."""
    packed = scratch / f"{unit.name}.{attempt}.tar"
    bundles, there = kept.close() if kept is not None else ((), frozenset())
    try:
        rest = (path for path in files.rglob("*") if path.is_file() and path.relative_to(files).as_posix() not in there)
        pack(packed, files, sorted(rest))
        name = unit.path(f"{attempt}-{worker}.tar")
        result = Result(name, packed.stat().st_size, digest_of(packed), worker, attempt, kept=bundles, **said)
        store.put_file(name, packed)
    finally:
        packed.unlink(missing_ok=True)
    if not store.put_new(unit.path(marker(unit, pieces)), json.dumps(asdict(result)).encode()):
        store.put(unit.path(f"twice.{attempt}.json"), json.dumps({"worker": worker}).encode())
        store.delete(name)
    return result


def marker(unit: Unit, pieces: int) -> str:
    """The ending of a success marker's name; it says how many pieces an analysed video has."""
    return f"done.{pieces if unit.name == PREPARE else 0}.json"


def read_result(store: Store, unit: Unit, pieces: int) -> Result:
    """The marker of a unit that is done. DamagedResult where it cannot be read."""
    data = store.get(unit.path(marker(unit, pieces)))
    try:
        said = json.loads(data or b"")
        return Result(**{f.name: said[f.name] for f in fields(Result)} | {"kept": tuple(said["kept"])})
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(store, unit) from error


def unpack(store: Store, unit: Unit, pieces: int, folder: Path) -> Result:
    """The files of a unit that is done, in `folder`. ProcessingError where they are not what was published; the unit
    then counts as not done, so that the next worker does it."""
    try:
        return _unpacked(store, unit, pieces, folder)
    except DamagedResult:
        forget(store, unit, pieces)
        raise


def forget(store: Store, unit: Unit, pieces: int) -> None:
    """Have a unit that is done count as not done."""
    store.delete(unit.path(marker(unit, pieces)))
    store.delete(f"{FINISHED}/{unit.video}.done")


def _unpacked(store: Store, unit: Unit, pieces: int, folder: Path) -> Result:
    result = read_result(store, unit, pieces)
    folder.mkdir(parents=True, exist_ok=True)
    packed = folder / f"{unit.name}.tar.tmp"
    try:
        if not store.fetched(result.object, packed):
            folder_, _, name = result.object.rpartition("/")
            if name in store.names(folder_):
                raise ProcessingError("cannot be fetched", path=f"{store.url}/{result.object}", remedy="is there room?")
            raise _damaged(store, unit)
        if packed.stat().st_size != result.bytes or digest_of(packed) != result.blake2b:
            raise _damaged(store, unit)
        unfold(packed, folder)
        if any(fetch_bundle(store, bundle, folder) is None for bundle in result.kept):
            raise _damaged(store, unit)
    except tarfile.TarError as error:
        raise _damaged(store, unit) from error
    finally:
        packed.unlink(missing_ok=True)
    return result


def _damaged(store: Store, unit: Unit) -> DamagedResult:
    remedy = "`ned batch run` makes it anew"
    return DamagedResult(f"what was made of {unit.path('tar')} is damaged", path=store.url, remedy=remedy)
