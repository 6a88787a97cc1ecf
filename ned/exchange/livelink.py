"""Expression over time as the CSV of Epic's Live Link Face app, which animation tools read and write.

Columns: `Timecode`, `BlendShapeCount`, the 52 ARKit coefficients in Apple's order with a capital first letter, head
and eye turns in radians. A timecode is HH:MM:SS:FF.fff, where FF counts frames of the nominal rate (30 for 29.97)
and fff is a thousandth of a frame; it labels frames, so its clock runs a little slow where the rate is not whole.
"""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ned import workspace
from ned.errors import UserError
from ned.exchange.table import Table, read_table
from ned.types import ExpressionTrack

ARKIT_ORDER = (
    "EyeBlinkLeft", "EyeLookDownLeft", "EyeLookInLeft", "EyeLookOutLeft", "EyeLookUpLeft", "EyeSquintLeft",
    "EyeWideLeft", "EyeBlinkRight", "EyeLookDownRight", "EyeLookInRight", "EyeLookOutRight", "EyeLookUpRight",
    "EyeSquintRight", "EyeWideRight", "JawForward", "JawRight", "JawLeft", "JawOpen", "MouthClose", "MouthFunnel",
    "MouthPucker", "MouthRight", "MouthLeft", "MouthSmileLeft", "MouthSmileRight", "MouthFrownLeft",
    "MouthFrownRight", "MouthDimpleLeft", "MouthDimpleRight", "MouthStretchLeft", "MouthStretchRight",
    "MouthRollLower", "MouthRollUpper", "MouthShrugLower", "MouthShrugUpper", "MouthPressLeft", "MouthPressRight",
    "MouthLowerDownLeft", "MouthLowerDownRight", "MouthUpperUpLeft", "MouthUpperUpRight", "BrowDownLeft",
    "BrowDownRight", "BrowInnerUp", "BrowOuterUpLeft", "BrowOuterUpRight", "CheekPuff", "CheekSquintLeft",
    "CheekSquintRight", "NoseSneerLeft", "NoseSneerRight", "TongueOut",
)  # fmt: skip
TURNS = (
    "HeadYaw", "HeadPitch", "HeadRoll", "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll",
    "RightEyeYaw", "RightEyePitch", "RightEyeRoll",
)  # fmt: skip
HEADER = ("Timecode", "BlendShapeCount", *ARKIT_ORDER, *TURNS)
_NOMINAL_RATES = (24, 25, 30, 48, 50, 60, 100, 120, 240)


def write_livelink(
    path: Path,
    expression: ExpressionTrack,
    times_s: Float[np.ndarray, "frames"],
    frame_rate: Fraction,
    turns_rad: Float[np.ndarray, "frames 9"] | None = None,
) -> None:
    """Write an ARKit expression, ten decimals a value, one row a frame.

    `times_s` are the frames' times in the video, `turns_rad` yaw, pitch and roll of head, left and right eye
    (default zero). Raises UserError where the expression is not in ARKit's space, or `path` cannot be written.
    """
    if expression.space.name != "arkit52":
        raise UserError(f"{expression.space.name} coefficients have no Live Link form", path=path, remedy="use arkit52")
    names = [name[0].upper() + name[1:] for name in expression.space.names]
    order = [names.index(name) for name in ARKIT_ORDER]
    values = expression.pack()[:, order]
    turns = np.zeros((len(values), len(TURNS))) if turns_rad is None else turns_rad
    if not len(values) == len(times_s) == len(turns):
        raise ValueError(f"{len(values)} frames, {len(times_s)} times, {len(turns)} head and eye turns")
    with workspace.atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(HEADER) + "\n")
        for time, row, turn in zip(times_s.tolist(), values, turns, strict=True):
            numbers = ",".join(f"{value:.10f}" for value in (*row.tolist(), *turn.tolist()))
            file.write(f"{timecode(time, frame_rate)},{len(HEADER) - 2},{numbers}\n")


def read_expression(
    path: Path,
    base: ExpressionTrack,
    times_s: Float[np.ndarray, "frames"],
    frame_rate: Fraction,
) -> ExpressionTrack:
    """The expression in a CSV file at the times (seconds of the video) of the frames of `base`.

    Reads Live Link Face files, and plain ones with ARKit's names in any case and order; coefficients without a column
    keep the values of `base`. Rows are found by a column `frame` (index into the video) or `time` (seconds), else by
    `Timecode`, else they must be one a frame. As many rows as frames without a `frame` or `time` column are taken one
    by one; others are interpolated in time, either as times of the video or, where these do not cover the frames and
    the length is the same, from the first row on. Raises UserError that names file, line and column.
    """
    table = read_table(path, base.space, ignored=(*TURNS, "BlendShapeCount", "_neutral"))
    values = _at_times(path, table, np.asarray(times_s, np.float64), frame_rate)
    packed = base.pack().copy()
    for k, name in enumerate(table.names):
        packed[:, base.space.index(name)] = values[:, k]
    return ExpressionTrack.unpack(base.space, packed)


def timecode(time_s: float, frame_rate: Fraction) -> str:
    """`HH:MM:SS:FF.fff` of a time in a video of that frame rate."""
    nominal = math.ceil(frame_rate)
    thousandths = round(Fraction(time_s) * frame_rate * 1000)
    frame, part = divmod(thousandths, 1000)
    seconds, frame = divmod(frame, nominal)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frame:02d}.{part:03d}"


def _at_times(
    path: Path, table: Table, times_s: Float[np.ndarray, "frames"], frame_rate: Fraction
) -> Float[np.ndarray, "frames named"]:
    """The table's rows at these times."""
    rows, period = len(table.values), 1 / float(frame_rate)
    if rows == len(times_s) and table.frames is None and table.times_s is None:
        return table.values
    at = row_times(path, table, frame_rate)
    if at is None:
        raise UserError(
            f"has {rows} rows for {len(times_s)} frames and no column that says when",
            path=path, remedy="add a column `frame` or `time`, or give one row a frame",
        )  # fmt: skip
    late = np.flatnonzero(np.diff(at) <= 0)
    if len(late):
        raise UserError(f"line {table.lines[late[0] + 1]}: time does not rise", path=path, remedy="sort the rows")
    spacing = float(np.median(np.diff(at))) if rows > 1 else 0.0
    slack = 1.5 * max(period, min(spacing, 0.1))
    if at[0] > times_s[0] + slack or at[-1] < times_s[-1] - slack:
        span, wanted = at[-1] - at[0], times_s[-1] - times_s[0]
        if table.timecodes is None or abs(span - wanted) > max(2 * slack, 0.01 * wanted):
            raise UserError(
                f"{rows} rows from {at[0]:.2f} to {at[-1]:.2f} s do not match the {len(times_s)} frames with the face, "
                f"{times_s[0]:.2f} to {times_s[-1]:.2f} s",
                path=path, remedy="export the track with `ned analyse --export` and edit that",
            )  # fmt: skip
        at = at - at[0] + times_s[0]
    return np.stack([np.interp(times_s, at, column) for column in table.values.T], axis=1).astype(np.float32)


def row_times(path: Path, table: Table, frame_rate: Fraction) -> Float[np.ndarray, "rows"] | None:
    """Seconds of the video of each row; None where no column says it."""
    if table.frames is not None:
        return table.frames / float(frame_rate)
    if table.times_s is not None:
        return table.times_s
    if table.timecodes is None:
        return None
    split = []
    for line, code in zip(table.lines, table.timecodes, strict=True):
        parts = code.replace(";", ":").split(":")
        try:
            hours, minutes, seconds, frame = int(parts[0]), int(parts[1]), int(parts[2]), float(parts[3])
            clock = 0 <= hours < 1000 and 0 <= minutes < 60 and 0 <= seconds < 60
            if len(parts) != 4 or not (clock and 0 <= frame < 1000):
                raise ValueError
        except (ValueError, IndexError) as error:
            where = f"line {line}, column Timecode: {code[:40]!r} is no timecode"
            raise UserError(where, path=path, remedy="write HH:MM:SS:FF.fff") from error
        split.append((3600 * hours + 60 * minutes + seconds, frame))
    highest = max(frame for _, frame in split)
    nominal, actual = math.ceil(frame_rate), float(frame_rate)
    if highest >= nominal or (len({s for s, _ in split}) > 2 and highest < nominal - 1.5):
        # Another rate than the video's: the lowest usual one above every frame number.
        nominal = next((r for r in _NOMINAL_RATES if highest < r), math.ceil(highest + 1e-6))
        actual = float(nominal)
    return np.array([(seconds * nominal + frame) / actual for seconds, frame in split])
