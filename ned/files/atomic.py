"""Files appear whole under their final name, or not at all."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ned.errors import ProcessingError, UserError

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What the system says where there is no room left."""


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A name in the same folder, with the same ending, to write to; on success it becomes `path`, else it is removed.

    Raises UserError where the folder cannot be written to, ProcessingError where the disk is full or fails.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}-{time.monotonic_ns():x}.part{path.suffix}")
    try:
        yield temporary
        give_name(temporary, path)
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.filename not in (None, str(temporary), temporary, str(path.parent), path.parent):
            raise
        raise failed_write(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically; errors as `atomic_path`."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def failed_write(path: Path, error: OSError) -> UserError | ProcessingError:
    """What to say where writing `path` ended with `error`."""
    if error.errno in FULL:
        return ProcessingError("the disk is full", path=path, remedy="free some space or choose another place")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
        return UserError(f"cannot be written ({error.strerror})", path=path, remedy="choose another place")
    return ProcessingError(f"writing failed ({error.strerror or error})", path=path, remedy="check the disk")


def flush_to_disk(path: Path) -> None:
    """Have a file or folder on the disk; folders that cannot be opened (Windows) or synced are left."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EBADF):  # some file systems cannot sync a folder
            raise
    finally:
        os.close(descriptor)


def give_name(part: Path, final: Path) -> None:
    """A complete file of the same file system becomes `final`, in place of what may be there. Raises OSError."""
    flush_to_disk(part)
    os.replace(part, final)
    flush_to_disk(final.parent)
