"""Pickles of others, read without running anything of theirs.

A pickle is a program that may call any function it can name. This reader knows the dozen names that files of
FLAME, its landmarks and its masks really use; each stands for a constructor of our own choice, and any other name
is an error before it is looked up. What is kept of chumpy's and SciPy's objects is the arrays in them.
"""

from __future__ import annotations

import io
import math
import pickle
import re
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ned.errors import UserError

MAX_BYTES = 512 * 1024**2
"""FLAME's largest file has 280 MB; an array in memory takes about what it takes in the file."""
_PLAIN_KIND = re.compile(r"[biufSU]\d{1,7}|O8?")


class Unreadable(Exception):
    """Why a pickle is refused."""


class SparseColumns:
    """The arrays of a `scipy.sparse.csc_matrix`."""

    _shape: tuple[int, int] = (0, 0)
    data = indices = indptr = np.zeros(0, np.int64)  # of one whose state the file leaves out

    def __setstate__(self, state: object) -> None:
        kept = ("_shape", "data", "indices", "indptr")
        if not isinstance(state, dict) or not all(key in state for key in kept):
            raise Unreadable("holds a sparse matrix without its arrays")
        self._shape, self.data, self.indices, self.indptr = (state[key] for key in kept)

    def dense(self) -> np.ndarray:
        """The matrix, checked. Raises Unreadable for arrays that are none, or indices that point outside."""
        data, indices, starts = (np.asarray(a) for a in (self.data, self.indices, self.indptr))
        rows, columns = self._shape if _sizes(self._shape) and len(self._shape) == 2 else (0, 0)
        kinds = (data, "iuf"), (indices, "iu"), (starts, "iu")
        flat = all(a.ndim == 1 and a.dtype.kind in kind for a, kind in kinds)
        in_order = flat and len(starts) == columns + 1 and starts[0] == 0 and (starts[1:] >= starts[:-1]).all()
        fits = in_order and starts[-1] == len(data) == len(indices) and 0 < rows * columns <= 10**7
        if not fits or (len(indices) and (indices.min() < 0 or indices.max() >= rows)):
            raise Unreadable("holds a sparse matrix whose indices do not fit")
        out = np.zeros((rows, columns))
        np.add.at(out, (indices, np.repeat(np.arange(columns), np.diff(starts))), data)
        return out


class ChumpyArray:
    """A `chumpy.ch.Ch` that holds plain numbers; one that is computed from others cannot be read without chumpy."""

    x: np.ndarray = np.zeros(0)

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, dict) or not isinstance(state.get("x"), np.ndarray):
            raise Unreadable("holds a chumpy object that is computed from others")
        self.x = state["x"]


_MAY_REBUILD = (ChumpyArray, SparseColumns)


class _Kind:
    """The kind of an array's numbers. NumPy's own would take flags, fields and offsets from the file unseen, and read
    memory where they say; this one takes the order of bytes alone."""

    def __init__(self, text: str) -> None:
        self._text, self._order = text, "="

    def __setstate__(self, state: object) -> None:
        plain = isinstance(state, tuple) and len(state) >= 5 and state[2:5] == (None, None, None)
        order = state[1] if plain else None  # type: ignore[index]
        order = order.decode("latin-1") if isinstance(order, bytes) else order
        if order not in ("<", ">", "=", "|"):
            raise Unreadable("holds an array of an unknown kind of number")
        self._order = order

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(self._text).newbyteorder(self._order)


class _Array(np.ndarray):
    """An array whose state is checked before NumPy takes it: it reads as many objects as the shape says, from a list
    that may be shorter."""

    def __setstate__(self, state: object) -> None:  # type: ignore[override]
        if not isinstance(state, tuple) or len(state) != 5:
            raise Unreadable("holds an array in an unknown form")
        version, shape, kind, by_column, data = state
        if version != 1 or not _sizes(shape) or not isinstance(kind, _Kind) or by_column not in (0, 1):
            raise Unreadable("holds an array in an unknown form")
        if _held(data, kind.dtype) != math.prod(shape):
            raise Unreadable("holds an array that is not whole")
        super().__setstate__((1, shape, kind.dtype, bool(by_column), data))


def _held(data: object, dtype: np.dtype) -> int:
    """How many elements there are in an array's state; -1 where it is of the wrong sort."""
    if dtype.hasobject:
        return len(data) if isinstance(data, list) else -1
    return len(data) // max(dtype.itemsize, 1) if isinstance(data, bytes | str) else -1


def _sizes(shape: object) -> bool:
    """Whether this is a plain shape."""
    return isinstance(shape, tuple) and len(shape) <= 8 and all(type(n) is int and 0 <= n < 2**40 for n in shape)


def _rebuild_array(subtype: object, shape: object, kind: object) -> np.ndarray:
    if subtype is not _NDARRAY or shape != (0,) or kind not in (b"b", "b"):
        raise Unreadable("rebuilds an array in an unknown way")
    return np.ndarray.__new__(_Array, (0,), np.dtype("int8"))


def _array_of_buffer(buffer: object, kind: object, shape: object, order: object) -> np.ndarray:
    if not isinstance(buffer, bytes | bytearray) or not isinstance(kind, _Kind) or kind.dtype.hasobject:
        raise Unreadable("holds an array in an unknown form")
    if order not in ("C", "F") or not _sizes(shape):
        raise Unreadable("holds an array in an unknown form")
    return np.frombuffer(bytes(buffer), kind.dtype).reshape(shape, order=order).copy()


def _no_bytes(*arguments: object) -> bytes:
    if arguments:
        raise Unreadable("makes bytes of something else")
    return b""


def _encode(text: object, encoding: object) -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise Unreadable("encodes text in an unknown way")
    return text.encode("latin-1")


def _reconstruct_object(cls: object, base: object, state: object) -> object:
    if cls not in _MAY_REBUILD or base is not object or state is not None:
        raise Unreadable("rebuilds an object that is not known")
    return object.__new__(cls)  # type: ignore[call-overload]


def _dtype(text: object, *_: object) -> _Kind:
    text = text.decode("latin-1") if isinstance(text, bytes) else text
    if not isinstance(text, str) or not _PLAIN_KIND.fullmatch(text):
        raise Unreadable("holds an array of an unknown kind of number")
    return _Kind(text)


def _tensor_storage(data: object) -> Any:
    import torch

    if not isinstance(data, bytes):
        raise Unreadable("holds a tensor in an unknown form")
    return torch.load(io.BytesIO(data), weights_only=True)


def _tensor(storage: Any, offset: object, size: object, stride: object, *_: object) -> np.ndarray:
    import torch

    plain = isinstance(storage, torch.storage.TypedStorage) and _sizes(size) and _sizes(stride) and _sizes((offset,))
    if not plain or len(size) != len(stride):  # type: ignore[arg-type]
        raise Unreadable("holds a tensor in an unknown form")
    last = offset + sum(max(n - 1, 0) * step for n, step in zip(size, stride, strict=True))  # type: ignore
    if math.prod(size) > storage._size() or last >= max(storage._size(), 1):  # type: ignore[arg-type]
        raise Unreadable("holds a tensor that reaches past its numbers")
    return torch._utils._rebuild_tensor(storage, offset, size, stride).numpy().copy()


class _Known:
    """A function that a pickle may call and, unlike a plain one, cannot set attributes of."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., object]) -> None:
        self._function = function

    def __call__(self, *arguments: object) -> object:
        return self._function(*arguments)

    def __setstate__(self, state: object) -> None:
        raise Unreadable("changes a function")


def _never(*_: object) -> object:
    raise Unreadable("makes an array in an unknown way")


_NDARRAY = _Known(_never)
"""Stands for `numpy.ndarray`, which files name and need not call."""


def _allowed() -> dict[tuple[str, str], Callable[..., object] | type]:
    table: dict[tuple[str, str], Callable[..., object] | type] = {
        ("numpy", "ndarray"): _NDARRAY,
        ("numpy", "dtype"): _dtype,
        ("_codecs", "encode"): _encode,
        ("collections", "OrderedDict"): OrderedDict,
        ("copy_reg", "_reconstructor"): _reconstruct_object,
        ("copyreg", "_reconstructor"): _reconstruct_object,
        ("chumpy.ch", "Ch"): ChumpyArray,
        ("torch._utils", "_rebuild_tensor_v2"): _tensor,
        ("torch.storage", "_load_from_bytes"): _tensor_storage,
    }
    for module in ("__builtin__", "builtins"):
        table[module, "set"] = set
        table[module, "bytes"] = _no_bytes
        table[module, "object"] = object
    for core in ("numpy.core", "numpy._core"):
        table[f"{core}.multiarray", "_reconstruct"] = _rebuild_array
        table[f"{core}.numeric", "_frombuffer"] = _array_of_buffer
    for module in ("scipy.sparse.csc", "scipy.sparse._csc"):
        table[module, "csc_matrix"] = SparseColumns
    return {name: known if isinstance(known, type | _Known) else _Known(known) for name, known in table.items()}


class _Reader(pickle.Unpickler):
    """Answers names from the table alone; `persistent_load` and extension codes are not answered at all."""

    _TABLE = _allowed()

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._TABLE[module, name]
        except KeyError:
            derived = module.startswith("chumpy")
            why = "is computed with chumpy" if derived else "names a function that such files do not need"
            raise Unreadable(f"{why} ({module}.{name})"[:200]) from None

    def persistent_load(self, pid: object) -> object:
        raise Unreadable("refers to objects outside of the file")

    def get_extension(self, code: object) -> object:
        raise Unreadable("uses an extension code")


def read_pickle(file: Path | bytes, path: Path | None = None) -> Any:
    """What a pickle holds, nothing of it executed but the constructors above.

    Args:
        file: the file, or its bytes (then `path` is named in errors).
    Raises:
        UserError: a file that is too large, truncated, or asks for anything that is not in the table.
    """
    path = file if isinstance(file, Path) else path
    try:
        if isinstance(file, Path):
            size = file.stat().st_size
            if size > MAX_BYTES:
                raise Unreadable(f"has {size // 1024**2} MB, more than such files have")
            file = file.read_bytes()
        return _Reader(io.BytesIO(file), encoding="latin1").load()
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise UserError(f"cannot be read ({error.strerror})", path=path, remedy="check the name") from error
    except Unreadable as error:
        raise UserError(f"{error}", path=path, remedy="take the file as its publisher gives it out") from error
    except MemoryError as error:
        raise UserError("asks for more memory than there is", path=path, remedy="is it the whole file?") from error
    except Exception as error:  # whatever a broken pickle makes of the constructors
        said = " ".join(str(error).split())[:80]
        raise UserError(f"is not a readable pickle ({said})", path=path, remedy="download it again") from error
