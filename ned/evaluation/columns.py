"""Numbers of many frames in little memory: eight bytes a number, whatever the length of the video."""

from __future__ import annotations

from array import array
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float


class Columns:
    """A table that grows row by row. A column that appears late, or is missing in a row, is NaN there."""

    def __init__(self) -> None:
        self._columns: dict[str, array] = {}
        self._rows = 0

    def add(self, row: Mapping[str, float]) -> None:
        """Append a row."""
        for name in row:
            if name not in self._columns:
                self._columns[name] = array("d", [float("nan")]) * self._rows
        for name, values in self._columns.items():
            values.append(row.get(name, float("nan")))
        self._rows += 1

    def __len__(self) -> int:
        return self._rows

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def names(self) -> tuple[str, ...]:
        """Columns in the order in which they appeared."""
        return tuple(self._columns)

    def __getitem__(self, name: str) -> Float[np.ndarray, "rows"]:
        """One column; all NaN where there is none of this name."""
        if name not in self._columns:
            return np.full(self._rows, np.nan)
        return np.array(self._columns[name])

    def table(self, names: tuple[str, ...]) -> Float[np.ndarray, "rows columns"]:
        """Some columns beside each other."""
        return np.stack([self[name] for name in names], 1)
