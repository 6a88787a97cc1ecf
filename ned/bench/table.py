"""The table: a figure a row, processor and GPU a column each. What was not measured says why, and is never 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NEEDS_GPU = "needs a GPU"


@dataclass(frozen=True)
class Row:
    """One figure."""

    figure: str
    cpu: str
    gpu: str


def said(answer: Mapping[str, Any], name: str, form: str = "{:.1f}") -> str:
    """A figure of a measurement's answer, or why there is none."""
    if "error" in answer:
        return str(answer["error"])
    return form.format(answer[name]) if answer.get(name) else "not said by the device"


def as_markdown(machine: Sequence[str], gpu: str, rows: Sequence[Row]) -> str:
    """The machine, then the table."""
    cells = [("figure", "processor", gpu or "GPU"), *((row.figure, row.cpu, row.gpu) for row in rows)]
    safe = [tuple(cell.replace("|", "/").replace("\n", " ") for cell in line) for line in cells]
    widths = [max(len(line[k]) for line in safe) for k in range(3)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
             for line in safe]  # fmt: skip
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join([*machine, "", *lines]) + "\n"
