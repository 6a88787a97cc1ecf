"""A CSV table of expression coefficients, read strictly and within bounds."""

from __future__ import annotations

import csv
import difflib
import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from jaxtyping import Float

from ned import workspace
from ned.errors import UserError
from ned.types import ExpressionSpace

MAX_BYTES = 512 * 1024**2
MAX_LINE = 64 * 1024
MAX_COLUMNS = 1000
MAX_ROWS = 10_000_000
"""Forty hours at 60 frames a second, and more."""
LOWEST, HIGHEST = -1.0, 2.0
"""ARKit's values lie in [0, 1]; tools may overdrive them, and let a muscle pull the other way."""
FARTHEST = 20.0
"""Of coefficients that are counted in standard deviations or radians; nothing real comes near."""
_MAX_FIELD = 1000


@dataclass(frozen=True)
class Table:
    """The columns of a file that matter, in the file's order."""

    names: tuple[str, ...]
    """Coefficients, as the space spells them."""
    values: Float[np.ndarray, "rows named"]
    lines: tuple[int, ...]
    """Line of each row in the file, from 1."""
    frames: Float[np.ndarray, "rows"] | None
    times_s: Float[np.ndarray, "rows"] | None
    timecodes: tuple[str, ...] | None


def key_of(name: str) -> str:
    """A column's name without what tools spell differently: `mouthSmile_L`, `MouthSmileLeft`, `mouth smile left`."""
    plain = name.strip().lstrip("\ufeff")
    for short, long in (("_L", "Left"), ("_R", "Right")):
        if plain.endswith(short):
            plain = plain.removesuffix(short) + long
    return "".join(c for c in plain.lower() if c.isalnum())


def read_table(path: Path, space: ExpressionSpace, ignored: Sequence[str] = ()) -> Table:
    """Read a CSV file whose columns are coefficients of `space`, `frame`, `time`, `Timecode` or anything else.

    Unknown columns are left out, unless they look like a misspelt coefficient. Raises UserError with line and column.
    """
    workspace.check_input(path, what="CSV file")
    if path.stat().st_size > MAX_BYTES:
        raise UserError(f"larger than {MAX_BYTES // 1024**2} MB", path=path, remedy="is it an expression track?")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(path, csv.reader(_lines(path, file), strict=True), space, ignored)
    except UnicodeDecodeError as error:
        raise UserError("is not text", path=path, remedy="give a CSV file in UTF-8") from error
    except csv.Error as error:
        raise UserError(f"is not valid CSV ({error})", path=path, remedy="export it again") from error


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    """The lines of a file; UserError at one that is too long to be a row, before it is all in memory."""
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise UserError(f"line {number} is too long", path=path, remedy="is it an expression track?")
        yield line


def _read(path: Path, reader: Iterator[list[str]], space: ExpressionSpace, ignored: Sequence[str]) -> Table:
    header = next(reader, None)
    if not header or not any(cell.strip() for cell in header):
        raise UserError("is empty", path=path, remedy="the first line must name the columns")
    if len(header) > MAX_COLUMNS:
        raise UserError(f"has {len(header)} columns", path=path, remedy=f"leave no more than {MAX_COLUMNS}")
    coefficients, special = _columns(path, header, space, ignored)
    chosen = list(coefficients.items())
    lowest, highest = (LOWEST, HIGHEST) if space.name == "arkit52" else (-FARTHEST, FARTHEST)
    lines, timecodes = array("L"), []
    values, frames, times = array("f"), array("d"), array("d")
    for row in reader:
        line = reader.line_num  # type: ignore[attr-defined]
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            cause = f"line {line}: {len(row)} values for {len(header)} columns"
            raise UserError(cause, path=path, remedy="give every row a value in each column")
        if len(lines) >= MAX_ROWS:
            raise UserError(f"has more than {MAX_ROWS} rows", path=path, remedy="give one row a frame")
        lines.append(line)
        for name, k in chosen:
            value = _number(path, line, header[k], row[k])
            if not lowest <= value <= highest:
                percent = space.name == "arkit52" and LOWEST * 100 <= value <= HIGHEST * 100
                remedy = "divide percentages by 100" if percent else "check the export"
                usual = "from 0 to 1" if space.name == "arkit52" else "a few standard deviations or tenths of rad"
                cause = f"line {line}, column {header[k].strip()}: {value:g} is out of range ({name} is {usual})"
                raise UserError(cause, path=path, remedy=remedy)
            values.append(value)
        for name, into in (("frame", frames), ("time", times)):
            if name in special:
                into.append(_number(path, line, header[special[name]], row[special[name]]))
        if "timecode" in special:
            timecodes.append(row[special["timecode"]].strip())
    if not lines:
        raise UserError("has no rows", path=path, remedy="give one row a frame")
    return Table(
        tuple(coefficients),
        np.array(values, np.float32).reshape(len(lines), len(chosen)),
        tuple(lines),
        np.array(frames) if "frame" in special else None,
        np.array(times) if "time" in special else None,
        tuple(timecodes) if "timecode" in special else None,
    )


def _columns(
    path: Path, header: list[str], space: ExpressionSpace, ignored: Sequence[str]
) -> tuple[dict[str, int], dict[str, int]]:
    """Positions of the coefficients by name, and of `frame`, `time` and `timecode`."""
    known = {key_of(name): name for name in space.names}
    harmless = {key_of(name) for name in ignored}
    special_keys = {"frame": "frame", "frameindex": "frame", "time": "time", "times": "time", "timecode": "timecode"}
    coefficients: dict[str, int] = {}
    special: dict[str, int] = {}
    for k, cell in enumerate(header):
        key = key_of(cell)
        into, name = (coefficients, known[key]) if key in known else (special, special_keys.get(key))
        if name is None:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.85) if key not in harmless else []
            if near:
                cause = f"line 1: unknown column {cell.strip()!r}"
                raise UserError(cause, path=path, remedy=f"did you mean {known[near[0]]}?")
            continue
        if name in into:
            raise UserError(f"line 1: column {cell.strip()!r} comes twice", path=path, remedy="keep one of them")
        into[name] = k
    if not coefficients:
        raise UserError(
            f"line 1: no column is an {space.name} coefficient",
            path=path,
            remedy=f"name some, such as {space.names[0]}",
        )
    return coefficients, special


def _number(path: Path, line: int, column: str, text: str) -> float:
    try:
        value = float(text) if len(text) <= _MAX_FIELD else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        said = text.strip() if len(text) <= 40 else text[:40] + "…"
        cause = f"line {line}, column {column.strip()}: {said!r} is not a finite number"
        raise UserError(cause, path=path, remedy="write a number with a point")
    return value
