"""Pickles of others, read without running anything of theirs.

A pickle is a program that may call any function it can name. This reader knows the dozen names that files of
FLAME, its landmarks and its masks really use; each stands for a constructor of our own choice, and any other name
is an error before it is looked up. What is kept of chumpy's and SciPy's objects is the arrays in them.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ned.errors import UserError

MAX_BYTES = 512 * 1024**2
"""FLAME's largest file has 280 MB; an array in memory takes about what it takes in the file."""


class Unreadable(Exception):
    """Why a pickle is refused."""


class SparseColumns:
    """The arrays of a `scipy.sparse.csc_matrix`."""

    _shape: tuple[int, int]
    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray

    def __setstate__(self, state: object) -> None:
        kept = ("_shape", "data", "indices", "indptr")
        if not isinstance(state, dict) or not all(key in state for key in kept):
            raise Unreadable("holds a sparse matrix without its arrays")
        self._shape, self.data, self.indices, self.indptr = (state[key] for key in kept)

    def dense(self) -> np.ndarray:
        """The matrix, checked: indices that point outside are refused."""
        rows, columns = (int(n) for n in self._shape)
        data, indices, starts = (np.asarray(a) for a in (self.data, self.indices, self.indptr))
        in_order = starts.shape == (columns + 1,) and starts[0] == 0 and (np.diff(starts) >= 0).all()
        fits = in_order and starts[-1] == len(data) == len(indices) and rows * columns <= 10**7
        if not fits or (len(indices) and (indices.min() < 0 or indices.max() >= rows)):
            raise Unreadable("holds a sparse matrix whose indices do not fit")
        out = np.zeros((rows, columns))
        np.add.at(out, (indices, np.repeat(np.arange(columns), np.diff(starts))), data)
        return out


class ChumpyArray:
    """A `chumpy.ch.Ch` that holds plain numbers; one that is computed from others cannot be read without chumpy."""

    x: np.ndarray

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, dict) or not isinstance(state.get("x"), np.ndarray):
            raise Unreadable("holds a chumpy object that is computed from others")
        self.x = state["x"]


_MAY_REBUILD = (ChumpyArray, SparseColumns)


def _rebuild_array(subtype: object, shape: object, kind: object) -> np.ndarray:
    if subtype is not np.ndarray or shape != (0,) or kind not in (b"b", "b"):
        raise Unreadable("rebuilds an array in an unknown way")
    return np.ndarray.__new__(np.ndarray, (0,), np.dtype("int8"))


def _array_of_buffer(buffer: object, dtype: object, shape: object, order: object) -> np.ndarray:
    plain = isinstance(buffer, bytes | bytearray) and isinstance(dtype, np.dtype) and not dtype.hasobject
    if not plain or order not in ("C", "F"):
        raise Unreadable("holds an array in an unknown form")
    return np.frombuffer(bytes(buffer), dtype).reshape(tuple(shape), order=order).copy()


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


def _dtype(*arguments: object) -> np.dtype:
    text = arguments[0].decode() if isinstance(arguments[0], bytes) else arguments[0]
    if not isinstance(text, str) or len(text) > 8:
        raise Unreadable("holds an array of an unknown kind of number")
    return np.dtype(text)


def _tensor_storage(data: object) -> Any:
    import torch

    if not isinstance(data, bytes):
        raise Unreadable("holds a tensor in an unknown form")
    return torch.load(io.BytesIO(data), weights_only=True)


def _tensor(storage: Any, offset: object, size: object, stride: object, *_: object) -> np.ndarray:
    import torch

    if not isinstance(storage, torch.storage.TypedStorage | torch.storage.UntypedStorage):
        raise Unreadable("holds a tensor in an unknown form")
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


def _allowed() -> dict[tuple[str, str], Callable[..., object] | type]:
    table: dict[tuple[str, str], Callable[..., object] | type] = {
        ("numpy", "ndarray"): np.ndarray,
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
    return {name: known if isinstance(known, type) else _Known(known) for name, known in table.items()}


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
