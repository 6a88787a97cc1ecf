"""The videos and files that a batch is made from: told apart by their content, and brought to where the work is."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from ned.batch.store import Store
from ned.errors import ProcessingError, UserError

IN_STORE = "store:"
WHOLE_BYTES = 128 * 1024**2
CHUNK_BYTES = 1024**2
SAMPLES = 64


def digest_of(file: Any, size: int) -> str:
    """32 hex digits that change with the content of an open file. Of what is larger than 128 MB 64 chunks of 1 MB,
    spread from first to last byte, stand for the rest; times of files do not count, since copies have others."""
    digest = hashlib.blake2b(f"{size}:".encode(), digest_size=16)
    starts = range(0, size, CHUNK_BYTES)
    if size > WHOLE_BYTES:
        starts = [k * (size - CHUNK_BYTES) // (SAMPLES - 1) for k in range(SAMPLES)]
    for start in starts:
        file.seek(start)
        digest.update(file.read(CHUNK_BYTES))
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """The same of a file. Raises OSError."""
    with path.open("rb") as file:
        return digest_of(file, path.stat().st_size)


def is_url(source: str) -> bool:
    """Whether a source is read through fsspec."""
    return "://" in source


def url_digest(url: str) -> str:
    """The same of what lies at a URL. UserError where it cannot be read."""
    try:
        import fsspec

        with fsspec.open(url, "rb") as file:
            size = file.seek(0, 2)
            return digest_of(file, size)
    except Exception as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(f"cannot be read ({said})", path=url, remedy="check the address and your access") from error


def brought(source: str, store: Store, folder: Path, name: str) -> Path:
    """A source as a file of this machine: where it lies, or a copy in `folder`. UserError where it is not there."""
    if source.startswith(IN_STORE):
        store.fetch(source.removeprefix(IN_STORE), folder / name)
    elif is_url(source):
        import fsspec

        try:
            with fsspec.open(source, "rb") as file, (folder / name).open("wb") as copy:
                while chunk := file.read(16 * CHUNK_BYTES):
                    copy.write(chunk)
        except FileNotFoundError as error:
            raise UserError("is not there any more", path=source, remedy="plan without it") from error
        except Exception as error:
            raise ProcessingError(f"cannot be fetched ({error})", path=source, remedy="check the network") from error
    else:
        path = Path(source)
        if not path.is_file():
            remedy = "put it where all workers see it, or plan with --upload"
            raise UserError("cannot be seen from this machine", path=path, remedy=remedy)
        return path
    return folder / name


def check_unchanged(path: Path, digest: str, source: str) -> None:
    """UserError where a video is not what it was when it was planned."""
    try:
        same = file_digest(path) == digest
    except OSError as error:
        raise ProcessingError(f"cannot be read ({error.strerror})", path=source) from error
    if not same:
        raise UserError("has changed since it was planned", path=source, remedy="plan it again with `ned batch plan`")
