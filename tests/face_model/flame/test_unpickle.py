"""The restricted reader: it reads what such files hold, and runs nothing."""

import io
import os
import pickle
import pickletools
import struct
from collections import OrderedDict

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
        (opcode_global("numpy", "ndarray") + b"}U\x01xK\x01sb.", "changes a function"),
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
    empty = read_pickle(b"\x80\x02" + opcode_global("scipy.sparse.csc", "csc_matrix") + b")\x81.")
    with pytest.raises(unpickle.Unreadable, match="do not fit"):  # its state is left out
        empty.dense()


class Made:
    """Pickled as an array whose state is what the test says."""

    def __init__(self, *state):
        self.state = state

    def __reduce__(self):
        return np.core.multiarray._reconstruct, (np.ndarray, (0,), b"b"), self.state


class Kind:
    """Pickled as a dtype whose state is what the test says."""

    def __init__(self, text, *state):
        self.text, self.state = text, state

    def __reduce__(self):
        return np.dtype, (self.text, False, True), (3, *self.state)


PLAIN = ("<", None, None, None, -1, -1, 0)


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (Made(1, (10**6,), np.dtype(object), False, [1]), "not whole"),  # NumPy would read past the list
        (Made(1, (10**6,), np.dtype("f8"), False, b"x" * 8), "not whole"),
        (Made(1, (-1,), np.dtype("f8"), False, b""), "unknown form"),
        (Made(1, (2**41,), np.dtype("f8"), False, b""), "unknown form"),
        (Made(1, (1,), np.dtype("f8"), False, [1.0]), "not whole"),
        (Made(1, (1,), "f8", False, b"x" * 8), "unknown form"),
        (Made(1, (1,), Kind("V8", "|", None, ("a",), {"a": (np.dtype(object), 10**6)}, 8, 1, 27), False, b"x" * 8),
         "unknown kind"),
        (Made(1, (1,), Kind("f8", "<", (np.dtype("f8"), (10**6,)), None, None, -1, -1, 0), False, b"x" * 8),
         "unknown kind"),
        (Made(1, (1,), Kind("M8[s]", *PLAIN), False, b"x" * 8), "unknown kind"),
        (Runs(np.ndarray, (10**12,)), "unknown way"),
        (Runs(np.ndarray, (1,), np.dtype("f8"), b"x" * 8, 10**6), "unknown way"),
    ],
)  # fmt: skip
def test_arrays_that_reach_past_their_data(held, said):
    with pytest.raises(UserError, match=said):
        read_pickle(pickle.dumps(held, 2))


def test_flags_of_numbers_are_not_taken():
    """A kind of number that says of itself that it holds objects."""
    read = read_pickle(pickle.dumps(Made(1, (1,), Kind("f8", "<", None, None, None, -1, -1, 63), False, b"\0" * 8), 2))
    assert read.dtype == np.float64 and not read.dtype.hasobject and read[0] == 0


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("kind", [">f8", ">i4", "<u2", "?", "<U3", "O"])
def test_orders_of_bytes_and_kinds(protocol, kind):
    held = np.array(["1", "20", "3"]).astype(kind) if kind == "<U3" else np.array([1, 20, 3]).astype(kind)
    read = read_pickle(pickle.dumps(held, protocol))
    assert read.tolist() == held.tolist() and read.dtype == pickle.loads(pickle.dumps(held, protocol)).dtype


def test_tensors_that_reach_past_their_numbers():
    import torch

    storage = torch.arange(4.0).untyped_storage()
    typed = torch.storage.TypedStorage(wrap_storage=storage, dtype=torch.float32, _internal=True)

    def tensor(offset, size, stride):
        return Runs(torch._utils._rebuild_tensor_v2, typed, offset, size, stride, False, OrderedDict())

    assert read_pickle(pickle.dumps(tensor(1, (3,), (1,)), 2)).tolist() == [1.0, 2.0, 3.0]
    wrong = (0, (5,), (1,)), (2, (3,), (1,)), (0, (2,), (4,)), (-1, (1,), (1,)), (0, (10**9,), (0,)), (0, (1,), ())
    for given in wrong:
        with pytest.raises(UserError, match="past its numbers|unknown form"):
            read_pickle(pickle.dumps(tensor(*given), 2))


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
