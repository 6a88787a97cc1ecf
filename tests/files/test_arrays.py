"""NumPy's files: as `np.savez` writes them, and quiet on a full disk."""

import errno
import gc
import io
import sys

import numpy as np
import pytest

from ned.files.arrays import save_arrays

ARRAYS = {"a": np.arange(5000.0), "b": np.array("text"), "c": np.zeros((0, 3), np.uint8), "d": np.float64(2.5)}


class Full(io.BytesIO):
    """A disk with room for so many bytes."""

    def __init__(self, room):
        super().__init__()
        self.room = room

    def write(self, data):
        if self.tell() + len(data) > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


def test_what_is_written_is_read():
    save_arrays(file := io.BytesIO(), **ARRAYS)
    file.seek(0)
    with np.load(file, allow_pickle=False) as stored:
        assert stored.files == list(ARRAYS)
        for name, array in ARRAYS.items():
            assert np.array_equal(stored[name], array) and stored[name].dtype == np.asarray(array).dtype


@pytest.mark.parametrize("room", [10, 3000, 40_200])
def test_a_full_disk_is_said_once(room, monkeypatch):
    complaints = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    with pytest.raises(OSError) as refused, Full(room) as file:
        save_arrays(file, **ARRAYS)
    assert refused.value.errno == errno.ENOSPC
    del refused, file
    gc.collect()
    assert not complaints


def test_nothing_that_would_run_code_is_written():
    with pytest.raises(ValueError):
        save_arrays(io.BytesIO(), a=np.array([object()], dtype=object))
