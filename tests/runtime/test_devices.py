"""What networks run on, and what is said where an extra is missing."""

import pytest
import torch

from ned.errors import UserError
from ned.runtime import devices, extras


@pytest.fixture
def machine(monkeypatch):
    """Call it to say what there is."""

    def set_up(driver=False, cuda=False, mps=False, installed=True):
        monkeypatch.setattr(devices, "_driver", lambda: driver)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setattr(devices, "has", lambda module: installed)

    return set_up


def test_left_open_a_gpu_is_taken_where_torch_can_use_it(machine):
    machine(driver=True, cuda=True)
    assert devices.settle() == "cuda" and devices.settle("cpu") == "cpu"
    machine(driver=True, cuda=False)
    assert devices.settle() == "cpu"
    machine(driver=True, cuda=True, installed=False)
    assert devices.settle() == "cpu" and devices.unused_gpu()
    machine(driver=False, cuda=True, mps=True)
    assert devices.settle() == "cpu" and not devices.unused_gpu()


def test_what_is_asked_for_and_is_not_there_is_said(machine):
    machine(mps=True)
    assert devices.settle("mps") == "mps"
    with pytest.raises(UserError, match="device cuda cannot be used"):
        devices.settle("cuda")
    machine(driver=True, cuda=True, installed=False)
    with pytest.raises(UserError, match=r"--device cuda needs torch.*pip install 'ned\[gpu\]'"):
        devices.settle("cuda")


def test_a_missing_module_names_its_extra(monkeypatch):
    assert extras.has("numpy") and not extras.has("no_such_module")
    extras.need("torch", "a test")
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"a test needs torch, which is not installed; pip install 'ned\[train\]'"):
        extras.need("torch", "a test")
