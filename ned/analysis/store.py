"""Landmarks of a long video lie on disk, not in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from ned.types import NUM_LANDMARKS

_CHUNK = 1024


class LandmarkStore:
    """Rows of 478 landmarks, appended to an anonymous temporary file and read back as a memory map.

    The file has no name of its own and vanishes with the last array that maps it.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="ned-landmarks-")  # noqa: SIM115 (lives as long as its arrays)
        self._rows = 0

    def append(self, points: Float[np.ndarray, "*rows 478 3"]) -> int:
        """Keep one face or several; the number of the first row written."""
        first = self._rows
        self._file.write(np.ascontiguousarray(points, np.float32).tobytes())
        self._rows += points.size // (NUM_LANDMARKS * 3)
        return first

    def rows(self) -> Float[np.ndarray, "rows 478 3"]:
        """All rows so far. Writing to the array does not reach the file."""
        if not self._rows:
            return np.zeros((0, NUM_LANDMARKS, 3), np.float32)
        self._file.flush()
        return np.memmap(self._file, np.float32, mode="c", shape=(self._rows, NUM_LANDMARKS, 3))

    def split(self, groups: Sequence[Int[np.ndarray, " _"]]) -> list[Float[np.ndarray, "_ 478 3"]]:
        """One array for each group of row numbers, all of them views of one memory map."""
        every = self.rows()
        if all((np.diff(group) == 1).all() for group in groups):
            return [every[group[0] : group[-1] + 1] if len(group) else every[:0] for group in groups]
        sorted_store = LandmarkStore()
        for group in groups:
            for start in range(0, len(group), _CHUNK):
                sorted_store.append(every[group[start : start + _CHUNK]])
        every = sorted_store.rows()
        stops = np.cumsum([len(group) for group in groups])
        return [every[stop - len(group) : stop] for stop, group in zip(stops, groups, strict=True)]
