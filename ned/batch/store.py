"""Where the machines of a batch meet: a folder, a bucket or whatever else fsspec knows by a URL.

Nothing more is asked of it than object stores give: an object is put whole, read, listed by its folder and deleted;
none is renamed or locked. What is put is there in the next listing. A failing request is tried again for some seconds.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from ned.errors import NedError, ProcessingError, UserError
from ned.files.atomic import FULL, failed_write, give_name

TRIES = 4
FIRST_WAIT_S = 0.5
"""Before the second try; doubles with each."""

T = TypeVar("T")


class Store:
    """A folder of objects; names are relative to it, with `/` between folders."""

    def __init__(self, url: str) -> None:
        """UserError where fsspec, or what it needs for this kind of URL, is not installed, or the URL is none."""
        try:
            from fsspec.core import url_to_fs
            from fsspec.implementations.local import LocalFileSystem
        except ImportError as error:
            remedy = "install ned with the extra `batch`"
            raise UserError("batches need the package fsspec", remedy=remedy) from error
        self.url = url.rstrip("/") or "/"
        try:
            self._fs, root = url_to_fs(url, use_listings_cache=False)
        except ImportError as error:
            raise UserError(f"its kind of store needs a package ({error})", path=url, remedy="install it") from error
        except (ValueError, TypeError) as error:
            remedy = "give a folder or a URL such as s3://bucket/folder"
            raise UserError(f"is no store ({error})", path=url, remedy=remedy) from error
        except Exception as error:
            raise _unreachable(url, error) from error
        self._root = root.rstrip("/")
        self.local = Path(root) if isinstance(self._fs, LocalFileSystem) else None
        """The folder, where it is one of this machine's file system."""
        if self.local is not None:
            self.url = str(self.local)
        protocol = self._fs.protocol
        self.shared = "memory" not in ((protocol,) if isinstance(protocol, str) else protocol)
        """Whether other processes see it."""

    def get(self, name: str) -> bytes | None:
        """The object's bytes; None where there is none. ProcessingError as of all that follow."""
        return self._ask(lambda: self._fs.cat_file(self._path(name)))

    def fetched(self, name: str, path: Path) -> bool:
        """Copy an object into a file; False where there is none."""

        def copy() -> bool:
            self._fs.get_file(self._path(name), str(path))
            return True

        return bool(self._ask(copy))

    def fetch(self, name: str, path: Path) -> None:
        """The same; ProcessingError where there is none, too."""
        if not self.fetched(name, path):
            raise ProcessingError(f"lacks {name}", path=self.url, remedy="was it removed by hand?")

    def put(self, name: str, data: bytes) -> None:
        """Write an object, in place of what may be there."""
        if self.local is None:
            self._ask(lambda: self._fs.pipe_file(self._path(name), data), writes=True)
        else:
            self._ask(lambda: self._publish(name, lambda part: part.write_bytes(data)), writes=True)

    def put_file(self, name: str, path: Path) -> None:
        """Write a file as an object: with one request, or one that counts once it is complete."""
        if self.local is None:
            self._ask(lambda: self._fs.put_file(str(path), self._path(name)), writes=True)
        else:
            self._ask(lambda: self._publish(name, lambda part: shutil.copyfile(path, part)), writes=True)

    def put_new(self, name: str, data: bytes) -> bool:
        """Write an object unless there is one; whether it was written. Exact where the store can tell (folders, S3,
        GCS, memory); elsewhere two who ask in the same moment may both be told yes."""
        asked = 0

        def create() -> bool:
            nonlocal asked
            asked += 1
            try:
                if self.local is not None:
                    return self._publish(name, lambda part: part.write_bytes(data), new=True)
                self._fs.pipe_file(self._path(name), data, mode="create")
            except FileExistsError:
                return False
            return True

        made = bool(self._ask(create, writes=True))
        # The first request may have been done, and only its answer been lost.
        return made or (asked > 1 and self.get(name) == data)

    def names(self, folder: str) -> list[str]:
        """The names of the objects in a folder, without the folder's; empty where there is none."""
        found = self._ask(lambda: self._fs.ls(self._path(folder), detail=False)) or []
        return sorted(name for path in found if (name := path.rstrip("/").rpartition("/")[2]) and name[0] != ".")

    def tree(self, folder: str) -> list[str]:
        """The names of all objects below a folder, relative to it."""
        found = self._ask(lambda: self._fs.find(self._path(folder))) or []
        inside = [path.split(self._path(folder) + "/", 1)[-1] for path in found]
        return sorted(name for name in inside if not name.rpartition("/")[2].startswith("."))

    def delete(self, name: str) -> None:
        """Remove an object; none there is none to remove."""
        self._ask(lambda: self._fs.rm_file(self._path(name)))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    def _publish(self, name: str, write: Callable[[Path], object], new: bool = False) -> bool:
        """A file of the local file system appears whole; with `new` only where there is none. Whether it did."""
        final = Path(self._path(name))
        final.parent.mkdir(parents=True, exist_ok=True)
        part = final.with_name(f".{final.name}.{secrets.token_hex(4)}.part")
        try:
            write(part)
            if not new:
                give_name(part, final)
                return True
            try:
                os.link(part, final)
            except FileExistsError:
                return False
            except OSError:  # a file system without links
                with final.open("xb") as file:
                    file.write(part.read_bytes())
            return True
        except FileExistsError:
            return False
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def _ask(self, request: Callable[[], T], writes: bool = False) -> T | None:
        """Do it; None where the object is not there. For who `writes`, what is not there is the place, or the file."""
        for k in range(TRIES):
            try:
                return request()
            except FileNotFoundError as error:
                if writes:
                    raise _unreachable(self.url, error) from error
                return None
            except PermissionError as error:
                raise UserError(f"may not be used ({error})", path=self.url, remedy="check its rights") from error
            except NedError:
                raise
            except Exception as error:
                if isinstance(error, OSError) and error.errno in FULL and self.local is not None:
                    raise failed_write(self.local, error) from error
                if isinstance(error, NotADirectoryError) or k == TRIES - 1:
                    raise _unreachable(self.url, error) from error
            time.sleep(FIRST_WAIT_S * 2**k)
        raise AssertionError


def _unreachable(url: str, error: Exception) -> ProcessingError:
    said = " ".join(str(error).split())[:200] or type(error).__name__
    remedy = "check its address, your access and the network; then the same command goes on"
    return ProcessingError(f"the store cannot be reached ({said})", path=url, remedy=remedy)
