"""Files of the user: whether they can be read, and digests that tell them apart by their content."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ned.errors import UserError

_WHOLE_BYTES = 128 * 1024**2
_CHUNK_BYTES = 1024**2
_SAMPLES = 64


def check_input(path: Path, what: str = "video") -> None:
    """Raise UserError unless `path` is a file that can be read."""
    try:
        if path.is_dir():
            raise UserError("is a folder", path=path, remedy=f"name a {what}")
        if not path.exists():
            near = f" in {path.parent}" if not path.parent.is_dir() else ""
            raise UserError(f"no such {what}{near}", path=path, remedy="check the path")
        if not path.is_file():  # a pipe or a device may never end
            raise UserError("is no ordinary file", path=path, remedy=f"store the {what} in a file first")
        if not os.access(path, os.R_OK):
            raise UserError("cannot be read", path=path, remedy="check its permissions")
    except OSError as error:
        raise UserError(f"cannot be reached ({error.strerror})", path=path, remedy="check the path") from error
    except ValueError as error:
        raise UserError(f"not a path ({error})", path=repr(str(path)), remedy="check the path") from error


def sha256_of(path: Path) -> str:
    """SHA-256 of a whole file in hex, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(path: Path) -> str:
    """32 hex digits that change with the content of a file.

    Files up to 128 MB are read whole. Of larger ones 64 chunks of 1 MB, spread from first to last byte, stand
    for the rest, together with the size and the time of the last change.
    """
    size = path.stat().st_size
    digest = hashlib.blake2b(f"{size}:".encode(), digest_size=16)
    with path.open("rb") as file:
        if size <= _WHOLE_BYTES:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
        else:
            digest.update(str(path.stat().st_mtime_ns).encode())
            for k in range(_SAMPLES):
                file.seek(k * (size - _CHUNK_BYTES) // (_SAMPLES - 1))
                digest.update(file.read(_CHUNK_BYTES))
    return digest.hexdigest()
