"""`.npy` files that hold a Python dictionary, read by the restricted reader, never with `allow_pickle`."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from ned.errors import UserError
from ned.face_model.flame.unpickle import MAX_BYTES, read_pickle


def read_object_array(path: Path) -> Any:
    """The one object of a 0-d (or one-element) object array; a plain array as it is. UserError where neither."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError("is larger than such files are", path=path, remedy="take the publisher's file")
        data = path.read_bytes()
        stream = io.BytesIO(data)
        version = np.lib.format.read_magic(stream)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, _, dtype = read(stream)
        if not dtype.hasobject:
            return np.load(io.BytesIO(data), allow_pickle=False)
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})", path=path, remedy="check the name") from error
    except (ValueError, KeyError, SyntaxError, TypeError, MemoryError) as error:
        raise UserError("is not a NumPy file", path=path, remedy="download it again") from error
    held = read_pickle(data[stream.tell() :], path)
    if not isinstance(held, np.ndarray) or held.dtype != object or held.size != 1 or held.shape != shape:
        raise UserError("does not hold one object", path=path, remedy="take the publisher's file")
    return held.reshape(-1)[0]
