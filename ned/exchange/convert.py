"""Tracks of expression as CSV from one space to another: `ned convert`, and from Python."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from ned.errors import UserError
from ned.exchange.livelink import TURNS, row_times, write_livelink
from ned.exchange.table import Table, key_of, read_table
from ned.face_model.spaces import SPACES
from ned.files.atomic import atomic_path
from ned.files.reading import check_input
from ned.fitting.bridge import Deformable, bridge
from ned.types import ExpressionSpace, ExpressionTrack

_IGNORED = (*TURNS, "BlendShapeCount", "_neutral")


@dataclass(frozen=True)
class Conversion:
    """What was written, and how well it says what was read."""

    frames: int
    source: str
    target: str
    error: float
    """Mean distance between what both move at the 468 points, as a share of the mean motion."""


def read_track(path: Path, space: ExpressionSpace) -> tuple[ExpressionTrack, Table]:
    """A CSV file's coefficients; those without a column are 0. UserError names line and column."""
    table = read_table(path, space, ignored=_IGNORED)
    packed = np.zeros((len(table.values), space.width), np.float32)
    packed[:, [space.index(name) for name in table.names]] = table.values
    return ExpressionTrack.unpack(space, packed), table


def space_of(path: Path) -> ExpressionSpace:
    """The space whose names a CSV file's columns have. UserError where they are those of none."""
    check_input(path, what="CSV file")
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            columns = {key_of(column) for column in file.readline(65536).split(",")}
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})", path=path, remedy="check its rights") from error
    best = max(SPACES.values(), key=lambda space: len(columns & set(map(key_of, space.names))))
    if not columns & set(map(key_of, best.names)):
        raise UserError("no column is a coefficient that is known", path=path,
                        remedy=f"name columns as one of {', '.join(SPACES)} does")  # fmt: skip
    return best


def write_track(
    path: Path,
    track: ExpressionTrack,
    times_s: Float[np.ndarray, "frames"],
    rate: Fraction,
    frames: Int[np.ndarray, "frames"] | None = None,
) -> None:
    """ARKit's as Live Link Face writes it, others as a plain table with `frame` (told from the times by default) and
    `time`."""
    if track.space.name == "arkit52":
        write_livelink(path, track, times_s, rate)
        return
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(("frame", "time", *track.space.names)) + "\n")
        numbers = np.rint(np.asarray(times_s) * float(rate)).astype(int) if frames is None else frames
        for frame, time, row in zip(numbers.tolist(), np.asarray(times_s).tolist(), track.pack().tolist(), strict=True):
            values = ",".join(f"{value:.7g}" for value in row)
            file.write(f"{frame},{time:.6f},{values}\n")


def convert_csv(
    source: Path, target: Path, models: dict[str, Deformable], to: str, frame_rate: Fraction = Fraction(30)
) -> Conversion:
    """Converts a CSV track into another space.

    Args:
        models: a face model for each space that is met; both must be seen through the same landmarks.
        frame_rate: of the track, where its rows say frames or timecodes.
    Raises:
        UserError: a file that cannot be read or written, a space without a model, one that it is in already.
    """
    space = space_of(source)
    if to not in SPACES:
        raise UserError(f"unknown space {to!r}", remedy=f"choose one of: {', '.join(SPACES)}")
    if space.name == to:
        raise UserError(f"is in {to} already", path=source, remedy="name another space with --to")
    for name in (space.name, to):
        if name not in models:
            raise UserError(f"{name} needs a face model that speaks it", remedy="give FLAME's folder (--flame-folder)")
    from ned.face_model import load_face_model

    track, table = read_track(source, space)
    across = bridge(models[space.name], models[to], load_face_model("canonical").topology)
    converted = across.convert(track)
    times = row_times(source, table, frame_rate)
    times = np.arange(len(track)) / float(frame_rate) if times is None else times
    write_track(target, converted, np.asarray(times, np.float64), frame_rate)
    return Conversion(len(track), space.name, to, across.error(track, converted))
