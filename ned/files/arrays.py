"""NumPy's files: read from others, written to disks that may be full."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase

import numpy as np

DAMAGED = (
    OSError, ValueError, TypeError, LookupError, EOFError, NotImplementedError, MemoryError, zipfile.BadZipFile,
    zlib.error,
)  # fmt: skip
"""What reading a damaged `.npy` or `.npz` within `array_errors` may raise."""


@contextmanager
def array_errors() -> Iterator[None]:
    """Within, `np.load` raises ValueError for damaged headers as it says, not what its parser of headers raises."""
    try:
        yield
    except (tokenize.TokenError, SyntaxError) as error:
        raise ValueError("an array's header cannot be read") from error


def save_arrays(file: BufferedIOBase, **arrays: np.ndarray | np.generic) -> None:
    """`np.savez`, which on a full disk leaves its archive to the garbage collector, where it complains once more, in
    its own words. Raises OSError."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.asanyarray(array), allow_pickle=False)
