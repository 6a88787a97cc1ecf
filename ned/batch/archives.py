"""Files of a folder as one object, and back."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterable
from pathlib import Path


def pack(packed: Path, folder: Path, files: Iterable[Path]) -> None:
    """Files of a folder as an archive. Raises OSError."""
    with tarfile.open(packed, "w") as archive:
        for path in files:
            archive.add(path, path.relative_to(folder).as_posix(), recursive=False)


def unfold(packed: Path, folder: Path) -> list[str]:
    """An archive's files, laid into a folder and nowhere else; their names. Raises OSError and TarError."""
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
        return archive.getnames()


def digest_of(path: Path) -> str:
    """32 hex digits that change with any byte. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
