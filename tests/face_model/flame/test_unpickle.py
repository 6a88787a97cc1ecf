"""The restricted reader: it reads what such files hold, and runs nothing."""

import io
import os
import pickle
import pickletools
import struct

import numpy as np
import pytest
from scipy.sparse import csc_matrix

from ned.errors import UserError
from ned.face_model.flame import unpickle
from ned.face_model.flame.object_array import read_object_array
from ned.face_model.flame.unpickle import read_pickle
from tests.synthetic import generator

HELD = {
    "array": np.arange(12.0).reshape(3, 4), "order": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "unsigned": np.arange(3, dtype=np.uint32), "empty": np.zeros((0, 3)), "text": "lbs", "set": {1, 2},
    "sparse": csc_matrix(np.array([[0.0, 2.0], [1.0, 0.0], [0.0, 3.0]])),
}  # fmt: skip


class Runs:
    """Would touch a file if anything of it were executed."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(6))
def test_reads_what_such_files_hold(protocol):
    read = read_pickle(pickle.dumps(HELD, protocol))
    for key in ("array", "order", "unsigned", "empty"):
        assert np.array_equal(read[key], HELD[key]) and read[key].dtype == HELD[key].dtype
    assert read["text"] == "lbs" and read["set"] == {1, 2}
    assert np.array_equal(read["sparse"].dense(), HELD["sparse"].toarray())


def test_pickle_of_python2_and_chumpy():
    stream = io.BytesIO()
    shapes = generator._chumpy_class()()
    shapes.values = HELD["array"]
    try:
        generator._PicklerOfPython2(stream).dump({"shapedirs": shapes, "text": "lbs"})
    finally:
        for name in ("chumpy", "chumpy.ch"):
            generator.sys.modules.pop(name)
    data = stream.getvalue()
    assert {"BINSTRING", "SHORT_BINSTRING"} & {op.name for op, _, _ in pickletools.genops(data)}
    read = read_pickle(data)
    assert np.array_equal(read["shapedirs"].x, HELD["array"]) and read["text"] == "lbs"


@pytest.mark.parametrize("function", [os.system, eval, exec, open, getattr, __import__, os.remove, pickle.loads, print])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_no_function_is_called(tmp_path, function, protocol):
    mark = tmp_path / "mark"
    mark.touch()
    argument = {os.system: f"rm {mark}", os.remove: str(mark), exec: f"import os; os.remove({str(mark)!r})"}
    data = pickle.dumps({"v_template": Runs(function, argument.get(function, "1"))}, protocol)
    with pytest.raises(UserError, match="names a function"):
        read_pickle(data)
    assert mark.exists()


def opcode_global(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def stack_global(module: str, name: str) -> bytes:
    """Protocol 4, where a name may have dots."""
    return b"\x80\x04" + b"".join(b"\x8c" + bytes([len(t)]) + t.encode() for t in (module, name)) + b"\x93."


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (opcode_global("chumpy.ch_ops", "add") + b".", "computed with chumpy"),
        (opcode_global("chumpy.reordering", "Select") + b".", "computed with chumpy"),
        (stack_global("numpy", "load.__globals__"), "names a function"),
        (stack_global("numpy.core.numeric", "_frombuffer.__class__"), "names a function"),
        (b"Pid\n.", "outside of the file"),
        (b"\x80\x02\x82\x01.", "extension|readable"),
        # a dtype of objects over raw bytes would be read as pointers
        (opcode_global("numpy.core.numeric", "_frombuffer") + b"(C\x08" + b"\x41" * 8
         + opcode_global("numpy", "dtype") + b"(U\x01OI0\nI1\ntRK\x01\x85U\x01CtR.", "unknown form|readable"),
        # state put on a function of ours, on a class of ours, on NumPy's
        (opcode_global("numpy", "dtype") + b"}U\x0c__defaults__)sb.", "changes a function"),
        (opcode_global("chumpy.ch", "Ch") + b"}U\x01xK\x01sb.", "readable"),
        (opcode_global("numpy", "ndarray") + b"}U\x01xK\x01sb.", "readable"),
        (opcode_global("copy_reg", "_reconstructor") + b"(" + opcode_global("numpy", "ndarray")
         + opcode_global("__builtin__", "object") + b"NtR.", "not known"),
        # a memo of four thousand million entries
        (b"\x80\x02K\x01r" + struct.pack("<I", 2**32 - 16) + b".", "memory|readable|computed"),
        (b"\x80\x04\x8e" + struct.pack("<Q", 2**60) + b"x.", "readable|memory"),
        (b"", "readable"), (b"not a pickle", "readable"), (b"\x80\x63.", "readable"),
        (b"(" * 100000 + b".", "readable"),
    ],
)  # fmt: skip
def test_hostile(data, said):
    with pytest.raises(UserError, match=said):
        held = read_pickle(data)
        pytest.fail(f"read {type(held)}")
    assert np.dtype("f8") == np.float64 and unpickle._dtype.__defaults__ is None


def test_chumpy_without_numbers():
    with pytest.raises(UserError, match="computed from others"):
        read_pickle(opcode_global("chumpy.ch", "Ch") + b")\x81}U\x01aK\x01sb.")


def test_sparse_indices_that_point_outside():
    matrix = csc_matrix(np.eye(3))
    matrix.indices = matrix.indices + 100
    with pytest.raises(unpickle.Unreadable, match="do not fit"):
        read_pickle(pickle.dumps(matrix, 2)).dense()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_truncated(share):
    data = pickle.dumps(HELD, 2)
    with pytest.raises(UserError, match="readable"):
        read_pickle(data[: int(share * len(data))])


def test_too_large(tmp_path, monkeypatch):
    path = tmp_path / "large.pkl"
    path.write_bytes(b"x" * 2000)
    monkeypatch.setattr(unpickle, "MAX_BYTES", 1000)
    with pytest.raises(UserError, match="large.pkl: has 0 MB, more than"):
        read_pickle(path)


def test_missing(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        read_pickle(tmp_path / "none.pkl")


class TestObjectArray:
    def test_reads_as_numpy_does(self, tmp_path):
        path = tmp_path / "a.npy"
        np.save(path, np.array({"faces": np.arange(5)}, dtype=object), allow_pickle=True)
        assert np.array_equal(read_object_array(path)["faces"], np.arange(5))
        np.save(path, np.eye(2))
        assert np.array_equal(read_object_array(path), np.eye(2))

    def test_tensors(self, tmp_path):
        import torch
        path = tmp_path / "t.npy"
        np.save(path, np.array({"w": torch.arange(6.0).reshape(2, 3).T}, dtype=object), allow_pickle=True)
        assert np.array_equal(read_object_array(path)["w"], np.arange(6.0).reshape(2, 3).T)

    @pytest.mark.parametrize("held", [Runs(os.system, "true"), [1]])
    def test_hostile(self, tmp_path, held):
        path = tmp_path / "h.npy"
        path.write_bytes(generator.object_npy(held) if not isinstance(held, list) else b"\x93NUMPY\x01\x00v\x00{'d")
        with pytest.raises(UserError, match="h.npy"):
            read_object_array(path)
