"""Which device networks run on. Torch is imported only where a GPU may be there: it takes longer than many commands."""

from __future__ import annotations

import os
import sys

from ned.errors import UserError
from ned.runtime.extras import has, missing

AUTO = "auto"
DEVICES = (AUTO, "cpu", "cuda", "mps")
"""`cuda` are NVIDIA's and, with a torch that is built for them, AMD's."""


def settle(wanted: str = AUTO) -> str:
    """"cpu", "cuda" or "mps"; left open, a GPU of CUDA where there is one that torch can use, else the processor.
    Raises UserError where the device that is asked for cannot be used."""
    if wanted == "cpu":
        return "cpu"
    if wanted == AUTO:
        return "cuda" if _driver() and has("torch") and _usable("cuda") else "cpu"
    if not has("torch"):
        raise missing("torch", f"--device {wanted}", "gpu")
    if not _usable(wanted):
        why = "there is no such GPU, or torch is built without it"
        remedy = "use --device cpu; `ned doctor` says what is there"
        raise UserError(f"device {wanted} cannot be used: {why}", remedy=remedy)
    return wanted


def said_of(device: str) -> str:
    """The device's own name, for manifests and tables."""
    if device == "cuda":
        import torch

        return torch.cuda.get_device_name()
    return "Apple GPU" if device == "mps" else "cpu"


def peak_bytes(device: str) -> int:
    """The most memory of a GPU that this process had in use at once; 0 where the device does not say."""
    if device != "cuda":
        return 0
    import torch

    return torch.cuda.max_memory_allocated()


def unused_gpu() -> bool:
    """Whether there seems to be a GPU that nothing here can use, since torch is missing."""
    return _driver() and not has("torch")


def _usable(device: str) -> bool:
    import torch

    return torch.cuda.is_available() if device == "cuda" else torch.backends.mps.is_available()


def _driver() -> bool:
    """Whether a driver of a GPU that `cuda` stands for is there."""
    if sys.platform == "darwin":
        return False
    if os.path.exists("/dev/kfd"):
        return True
    import ctypes

    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True
