"""Options as fields of dataclasses: how they look on a command line, and how text becomes their values.

Nothing here knows of any one command; it imports nothing heavy, so that wrong options are answered at once.
"""

from __future__ import annotations

import difflib
import math
import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, field, fields
from pathlib import Path
from types import UnionType
from typing import Any

from ned.errors import UserError

EXPECTED_TIME = "seconds or [hh:]mm:ss[.f]"
_EXPECTED = {int: "a whole number", float: "a number", str: "text", Path: "a path"}


def option(
    default: Any = MISSING,
    *,
    help: str,
    flag: str = "",
    short: str = "",
    metavar: str = "",
    choices=(),
    repeat=False,
    parse: Callable[[Any], Any] | None = None,
) -> Any:
    """A dataclass field that also says how it looks on a command line. Without default it is positional; with
    `repeat` it may be given several times. `parse` makes its value, where the type alone does not say how; YAML's
    null then stands for the default."""
    metadata = {
        "help": help, "flag": flag, "short": short, "metavar": metavar, "choices": tuple(choices), "repeat": repeat,
        "parse": parse,
    }  # fmt: skip
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


def option_fields(cls: type) -> list[Field]:
    """The fields of a dataclass that were made by `option`."""
    return [f for f in fields(cls) if "help" in f.metadata]


def convert_all(cls: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` for fields of a dataclass, each as its field's type; raises UserError where one does not fit."""
    types, known, out = typing.get_type_hints(cls), {f.name: f for f in fields(cls)}, {}
    for name, value in values.items():
        parse = known[name].metadata.get("parse")
        if parse is None:
            out[name] = _convert(name, value, types[name])
        else:
            out[name] = known[name].default if value is None else parse(value)
    return out


def _convert(name: str, value: Any, kind: Any) -> Any:
    """`value` (text, number or as it should be) as a `kind` of option; raises UserError where it does not fit."""
    if kind == tuple[Path, ...]:
        clips = value if isinstance(value, list | tuple) else [value]
        return tuple(_convert(name, clip, Path) for clip in clips)
    if isinstance(kind, UnionType):
        if value is None:
            return None
        kind = next(k for k in typing.get_args(kind) if k is not type(None))
    if kind is bool and isinstance(value, bool):
        return value
    if isinstance(value, bool) or value is None or kind is bool:
        expected = "true or false" if kind is bool else _EXPECTED.get(kind, "a value")
        raise UserError(f"{name} is {shown(value)}", remedy=f"give {expected}")
    if kind is Path:
        return Path(value).expanduser()
    try:
        if kind is float:
            number = parse_time(value) if name.endswith("_s") else float(value)
            if not math.isfinite(number):
                raise ValueError
            return number
        if kind is int:
            if float(value) != int(float(value)):
                raise ValueError
            return int(float(value))
        return kind(value)
    except (TypeError, ValueError, OverflowError) as error:
        expected = EXPECTED_TIME if name.endswith("_s") else _EXPECTED[kind]
        raise UserError(f"{name.removesuffix('_s')} is {shown(value)}", remedy=f"give {expected}") from error


def parse_time(value: str | float | int) -> float:
    """Seconds from a number or `[hh:]mm:ss[.f]`; raises ValueError for anything else, also for negative times."""
    parts = str(value).strip().split(":")
    if len(parts) > 3 or not all(re.fullmatch(r"[0-9]+\.?[0-9]*|\.[0-9]+", part) for part in parts):
        raise ValueError(f"not a time: {value!r}")
    if any("." in part for part in parts[:-1]) or any(float(part) >= 60 for part in parts[1:]):
        raise ValueError(f"not a time: {value!r}")
    seconds = 0.0
    for part in parts:
        seconds = 60 * seconds + float(part)
    if not math.isfinite(seconds):
        raise ValueError(f"not a time: {value!r}")
    return seconds


def check_times(start_s: float | None, end_s: float | None) -> None:
    """Raise UserError unless 0 ≤ start < end."""
    for name, value in (("start", start_s), ("end", end_s)):
        if value is not None and value < 0:
            raise UserError(f"{name} is {value:g} s", remedy="give 0 or more")
    if end_s is not None and end_s <= (start_s or 0.0):
        raise UserError(
            f"the end ({end_s:g} s) is not after the start ({start_s or 0:g} s)", remedy="change one of them"
        )


def shown(value: object) -> str:
    """A value for an error message, however long it is."""
    text = repr(value)
    return text if len(text) <= 80 else text[:80] + "…"


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise UserError unless `value` is one of `choices`."""
    if value not in choices:
        near = difflib.get_close_matches(value.lower(), choices, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UserError(f"unknown {name} {shown(value)}", remedy=f"{hint}choose one of: {', '.join(choices)}")


def did_you_mean(key: str, known: Mapping[str, object]) -> str:
    """A remedy for an unknown key: the nearest that is known, else all of them."""
    near = difflib.get_close_matches(key.lower().replace("-", "_"), known, n=1, cutoff=0.3)
    return f"did you mean {near[0]}?" if near else f"known are: {', '.join(known)}"
