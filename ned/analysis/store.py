"""Landmarks of a long video lie on disk, not in memory."""

from __future__ import annotations

import tempfile

import numpy as np
from jaxtyping import Float

from ned.types import NUM_LANDMARKS


class LandmarkStore:
    """Rows of 478 landmarks, appended to an anonymous temporary file and read back as a memory map.

    The file has no name of its own and vanishes with the last array that maps it.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="ned-landmarks-")  # noqa: SIM115 (lives as long as the arrays)
        self._rows = 0

    def append(self, points: Float[np.ndarray, "478 3"]) -> int:
        """Keep one face; its row number."""
        self._file.write(np.ascontiguousarray(points, np.float32).tobytes())
        self._rows += 1
        return self._rows - 1

    def rows(self) -> Float[np.ndarray, "rows 478 3"]:
        """All rows so far. Writing to the array does not reach the file."""
        if not self._rows:
            return np.zeros((0, NUM_LANDMARKS, 3), np.float32)
        self._file.flush()
        return np.memmap(self._file, np.float32, mode="c", shape=(self._rows, NUM_LANDMARKS, 3))
