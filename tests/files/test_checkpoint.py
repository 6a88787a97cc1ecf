"""Checkpoints: what is written is read, and what is not a good one is refused in one line."""

import json
import struct

import pytest
import torch

from ned.errors import UserError
from ned.files.checkpoint import (
    MANIFEST,
    Checkpoint,
    TrainingRecord,
    check_digest,
    load_checkpoint,
    load_strictly,
    read_head,
    save_checkpoint,
)

RECORD = TrainingRecord(("a", "b"), "ned train", 3, 10, 1.5, (("score", 0.5),), "MIT")


@pytest.fixture
def saved(tmp_path):
    layer = torch.nn.Linear(3, 2)
    path = tmp_path / "net.safetensors"
    save_checkpoint(path, Checkpoint("manipulator", "arkit52", {"style": 16}, RECORD, layer.state_dict()))
    return path, layer


def _with_head(path, head, data=b""):
    text = json.dumps(head).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def test_what_is_saved_is_loaded(saved):
    path, layer = saved
    loaded = load_checkpoint(path, "manipulator", "arkit52")
    assert loaded.record == RECORD and loaded.config == {"style": 16}
    other = torch.nn.Linear(3, 2)
    load_strictly(other, loaded.tensors, path)
    assert torch.equal(other.weight, layer.weight)
    check_digest(path)
    assert [p.name for p in path.parent.iterdir() if p.name.startswith(".")] == []


def test_a_file_that_was_changed_differs_from_the_manifest(saved):
    path, _ = saved
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match=MANIFEST):
        check_digest(path)


@pytest.mark.parametrize(
    ("kind", "space", "said"),
    [("renderer", "arkit52", "not a renderer"), ("manipulator", "flame50", "speaks the expression space arkit52")],
)
def test_another_kind_or_space_is_refused(saved, kind, space, said):
    with pytest.raises(UserError, match=said):
        load_checkpoint(saved[0], kind, space)


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 7, b"\xff" * 64, b"PK\x03\x04" + b"\x00" * 60, b"\x80\x04K\x01." * 9]
)
def test_what_is_no_safetensors_file_is_refused(tmp_path, content):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(UserError, match="no safetensors"):
        load_checkpoint(path, "manipulator")


def test_hostile_headers_are_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    for head in ([], {}, {"__metadata__": 3}, {"__metadata__": {"format": 1}}, {"__metadata__": {"format": "ned-9"}}):
        with pytest.raises(UserError):
            load_checkpoint(_with_head(path, head), "manipulator")
    good = {"format": "ned-1", "kind": "manipulator", "space": "arkit52", "record": "{}", "config": "{}"}
    huge = {"dtype": "F32", "shape": [2**40, 2**20], "data_offsets": [0, 2**62]}
    for head in (
        {"__metadata__": good, "w": huge}, {"__metadata__": good | {"config": "["}},
        {"__metadata__": good | {"config": "[1]"}}, {"__metadata__": good | {"record": '{"metrics": [1]}'}},
        {"__metadata__": good | {"config": "[" * 100_000}},
    ):  # fmt: skip
        with pytest.raises(UserError, match="damaged"):
            load_checkpoint(_with_head(path, head), "manipulator")
    path.write_bytes(struct.pack("<Q", 2**62) + b"{}")
    with pytest.raises(UserError, match="no safetensors"):
        read_head(path)


def test_a_cut_file_is_refused(saved):
    path, _ = saved
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(UserError, match="damaged"):
        load_checkpoint(path, "manipulator")


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(UserError, match="no such checkpoint"):
        load_checkpoint(tmp_path / "none.safetensors", "manipulator")


@pytest.mark.parametrize(("change", "said"), [
    (lambda t: t.pop("bias"), "lacks tensor bias"),
    (lambda t: t.update(more=torch.ones(1)), "unknown tensor more"),
    (lambda t: t.update(bias=torch.ones(3)), r"\(3,\), not \(2,\)"),
    (lambda t: t.update(bias=torch.tensor([1.0, float("nan")])), "no numbers"),
    (lambda t: t.update(bias=torch.ones(2, dtype=torch.int64)), "no numbers"),
])  # fmt: skip
def test_tensors_must_fit_exactly(saved, change, said):
    path, layer = saved
    tensors = dict(layer.state_dict())
    change(tensors)
    with pytest.raises(UserError, match=said):
        load_strictly(torch.nn.Linear(3, 2), tensors, path)
