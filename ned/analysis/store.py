"""What grows with the length of a video, or its cuts, lies on disk, not in memory."""

from __future__ import annotations

import math
import mmap
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int

from ned.types import NUM_LANDMARKS

_CHUNK = 1024


def release(rows: np.ndarray) -> None:
    """Let go of the memory that reading mapped rows has filled; they are read again from the disk when asked for.

    Does nothing for arrays that are no map, and where the system knows no such advice. Rows that were changed since
    they were mapped lose that.
    """
    base = rows
    while base is not None and not isinstance(base, mmap.mmap):
        base = getattr(base, "base", None)
    if base is not None and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


class RowStore:
    """Rows of one shape, appended to a file and read back as a memory map.

    Without a `path` the file has no name of its own and vanishes with the last array that maps it. What lies at
    `path` already counts only after `cut`.
    """

    shape: ClassVar[tuple[int, ...]]
    dtype: ClassVar[type]

    def __init__(self, path: Path | None = None) -> None:
        self._path, self._rows = path, 0
        self._row_bytes = math.prod(self.shape) * np.dtype(self.dtype).itemsize
        if path is None:
            self._file = tempfile.TemporaryFile(prefix="ned-rows-")  # noqa: SIM115 (lives as long as its arrays)
        else:
            self._file = open(path, "r+b" if path.exists() else "w+b")  # noqa: SIM115

    def __len__(self) -> int:
        return self._rows

    def cut(self, rows: int) -> bool:
        """Go on after the first `rows` of a file that exists; False, and an empty store, where it is shorter."""
        size = rows * self._row_bytes
        found = self._file.seek(0, os.SEEK_END) >= size
        self._rows = rows if found else 0
        self._file.truncate(self._file.seek(size if found else 0))
        return found

    def sync(self) -> None:
        """Have all rows on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def append(self, values: np.ndarray) -> int:
        """Keep one row or several; the number of the first row written."""
        first = self._rows
        self._file.write(np.ascontiguousarray(values, self.dtype).tobytes())
        self._rows += values.size // math.prod(self.shape)
        return first

    def close(self) -> None:
        """Append nothing more; arrays that were given stay."""
        self._file.close()

    def rows(self) -> np.ndarray:
        """All rows so far. Writing to the array does not reach the file."""
        if not self._rows:
            return np.zeros((0, *self.shape), self.dtype)
        self._file.flush()
        return np.memmap(self._file, self.dtype, mode="c", shape=(self._rows, *self.shape))


class LandmarkStore(RowStore):
    """Faces of 478 landmarks, float32."""

    shape, dtype = (NUM_LANDMARKS, 3), np.float32

    def split(self, groups: Sequence[Int[np.ndarray, " _"]]) -> list[Float[np.ndarray, "_ 478 3"]]:
        """One array for each group of row numbers, all of them views of one memory map."""
        every = self.rows()
        if all((np.diff(group) == 1).all() for group in groups):
            return [every[group[0] : group[-1] + 1] if len(group) else every[:0] for group in groups]
        sorted_store = LandmarkStore(self._path and self._path.with_suffix(".sorted"))
        sorted_store.cut(0)
        for group in groups:
            for start in range(0, len(group), _CHUNK):
                sorted_store.append(every[group[start : start + _CHUNK]])
                release(every)
        every = sorted_store.rows()
        sorted_store.close()
        stops = np.cumsum([len(group) for group in groups])
        return [every[stop - len(group) : stop] for stop, group in zip(stops, groups, strict=True)]
