"""State of a long computation in one file and back, without pickle: dataclasses, lists, arrays, numbers and text.

Lists of dataclasses are stored by field and lists of equal arrays as one array, so that long ones stay compact. Only
classes that the reader names are made, and nothing is run.
"""

from __future__ import annotations

import json
import zipfile
from collections import deque
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ned.files.arrays import array_errors, save_arrays
from ned.files.atomic import give_name

_PLAIN = (type(None), bool, int, float, str)


def save_state(path: Path, state: object) -> None:
    """Write `state`: whole or not at all. Raises OSError, and TypeError for what cannot be stored."""
    arrays: list[np.ndarray] = []
    tree = json.dumps(_freeze(state, arrays)).encode()
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        save_arrays(file, tree=np.frombuffer(tree, np.uint8), **{f"a{k}": array for k, array in enumerate(arrays)})
    give_name(temporary, path)


def load_state(path: Path, classes: Sequence[type]) -> Any | None:
    """What was saved, made of these dataclasses; None where there is nothing that can be read."""
    try:
        with array_errors(), np.load(path, allow_pickle=False) as stored:
            arrays = dict(stored)
        return _thaw(json.loads(arrays.pop("tree").tobytes()), arrays, {cls.__name__: cls for cls in classes})
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _freeze(value: object, arrays: list[np.ndarray]) -> object:
    if isinstance(value, _PLAIN) and not isinstance(value, np.generic):
        return value
    if isinstance(value, (np.ndarray, np.generic)):
        arrays.append(np.asarray(value))
        return {"array": len(arrays) - 1}
    if isinstance(value, tuple):
        return {"tuple": [_freeze(item, arrays) for item in value]}
    if isinstance(value, deque):
        return {"deque": [_freeze(item, arrays) for item in value], "most": value.maxlen}
    if isinstance(value, list):
        return _freeze_list(value, arrays)
    if is_dataclass(value) and not isinstance(value, type):
        return {
            "made": type(value).__name__,
            "of": {f.name: _freeze(getattr(value, f.name), arrays) for f in fields(value)},
        }
    raise TypeError(f"{type(value).__name__} cannot be stored")


def _freeze_list(items: list, arrays: list[np.ndarray]) -> object:
    kinds = {type(item) for item in items}
    if len(kinds) == 1 and is_dataclass(kind := next(iter(kinds))):
        columns = {f.name: _freeze([getattr(item, f.name) for item in items], arrays) for f in fields(kind)}
        return {"each": kind.__name__, "count": len(items), "of": columns}
    if kinds == {np.ndarray} and len({(item.shape, item.dtype) for item in items}) == 1:
        arrays.append(np.stack(items))
        return {"rows": len(arrays) - 1}
    return {"list": [_freeze(item, arrays) for item in items]}


def _thaw(tree: Any, arrays: dict[str, np.ndarray], classes: dict[str, type]) -> Any:
    if isinstance(tree, _PLAIN):
        return tree
    if "array" in tree:
        array = arrays[f"a{tree['array']}"]
        return array if array.ndim else array[()]
    if "rows" in tree:
        return [row.copy() for row in arrays[f"a{tree['rows']}"]]
    if "tuple" in tree:
        return tuple(_thaw(item, arrays, classes) for item in tree["tuple"])
    if "deque" in tree:
        return deque((_thaw(item, arrays, classes) for item in tree["deque"]), maxlen=tree["most"])
    if "list" in tree:
        return [_thaw(item, arrays, classes) for item in tree["list"]]
    values = {name: _thaw(column, arrays, classes) for name, column in tree["of"].items()}
    if "made" in tree:
        return classes[tree["made"]](**values)
    cls = classes[tree["each"]]
    return [cls(**{name: column[k] for name, column in values.items()}) for k in range(tree["count"])]
