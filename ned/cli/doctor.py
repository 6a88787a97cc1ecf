"""`ned doctor`."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ned import workspace
from ned.cli.arguments import Command
from ned.errors import NedError
from ned.files.assets import ASSETS
from ned.version import __version__

_OPTIONAL = {
    "face_alignment": "68 landmarks, --landmarks face-alignment", "pytorch3d": "--rasterizer pytorch3d",
    "decord": "frames of long training videos here and there",
}  # fmt: skip
_NEED_FREE = 2 * 1024**3
_LIBGL = "install the system packages libgl1 and libglib2.0-0, or opencv-contrib-python-headless in place of opencv"


@dataclass(frozen=True)
class Finding:
    """One line of `ned doctor`. A `remedy` marks a problem, which `essential` makes one that nothing works with."""

    what: str
    said: str
    remedy: str = ""
    essential: bool = True


@dataclass(frozen=True)
class Doctor(Command):
    """Say what is installed, what is missing and how to mend it."""

    name = "doctor"

    def main(self) -> int:
        broken = 0
        for finding in findings():
            mark = "ok" if not finding.remedy else "PROBLEM" if finding.essential else "note"
            print(f"{mark:<8}{finding.what:<14}{finding.said}")
            if finding.remedy:
                print(f"{'':<22}→ {finding.remedy}")
                broken += finding.essential
        print("Something essential is missing." if broken else "All that ned needs is there.")
        return 1 if broken else 0


CHECKS: tuple[Callable[[], Iterator[Finding]], ...]


def findings() -> Iterator[Finding]:
    """All checks, one after another; a check that fails unexpectedly is a finding too."""
    for check in CHECKS:
        try:
            yield from check()
        except Exception as error:
            said = f"{type(error).__name__}: {' '.join(str(error).split())}"
            yield Finding(check.__name__.removeprefix("_"), said, "install again with constraints.txt")


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def _python() -> Iterator[Finding]:
    known = (3, 11) <= sys.version_info[:2] <= (3, 12)
    yield Finding(
        "python", f"{platform.python_version()} ({sys.executable})", "" if known else "use Python 3.11 or 3.12"
    )
    yield Finding("ned", __version__)


def _packages() -> Iterator[Finding]:
    old = _version("numpy").startswith("1.")
    yield Finding("numpy", _version("numpy"), "" if old else "mediapipe 0.10.21 needs numpy below 2")
    for name, module in (("av", "av"), ("scipy", "scipy"), ("numba", "numba")):
        yield _importable(name, module, f"pip install {name}")
    # mediapipe imports OpenCV, whose wheels of some versions need the system's libGL.
    yield _importable("opencv", "cv2", _LIBGL, version=lambda m: m.__version__)
    yield _importable("c2pa-python", "c2pa", "pip install c2pa-python; until then pass --no-provenance")
    yield _importable("mediapipe", "mediapipe", "pip install mediapipe==0.10.21; if opencv fails, mend that first")


def _importable(name: str, module: str, remedy: str, version: Callable[[Any], str] | None = None) -> Finding:
    try:
        loaded = importlib.import_module(module)
    except Exception as error:
        return Finding(name, f"cannot be loaded ({' '.join(str(error).split())})", remedy)
    return Finding(name, version(loaded) if version else _version(name))


def _torch() -> Iterator[Finding]:
    yield _importable("safetensors", "safetensors", "pip install -c constraints.txt safetensors")
    found = _importable("torch", "torch", "pip install -c constraints.txt torch")
    yield found
    if found.remedy:
        return
    import torch

    if torch.cuda.is_available():
        count = torch.cuda.device_count()
        names = ", ".join(torch.cuda.get_device_name(i) for i in range(count))
        yield Finding("GPU", f"{names} (CUDA {torch.version.cuda})")
    elif torch.backends.mps.is_available():
        yield Finding("GPU", "Apple (MPS)")
    else:
        yield Finding("GPU", "none; the CPU is used")


def _ffmpeg() -> Iterator[Finding]:
    from ned.video.encoders import ENCODERS
    from ned.video.ffmpeg import ffmpeg_version, find_ffmpeg, list_encoders

    try:
        program, version, here = find_ffmpeg(), ffmpeg_version(), set(list_encoders())
    except NedError as error:
        yield Finding("ffmpeg", error.cause, error.remedy or "pip install imageio-ffmpeg")
        return
    yield Finding("ffmpeg", f"{version} ({program})")
    hardware = ("_nvenc", "_qsv", "_amf", "_videotoolbox")
    software = [name for name in ENCODERS if name in here and not name.endswith(hardware)]
    remedy = "" if "libx264" in here else "use an ffmpeg with libx264, for example that of imageio-ffmpeg"
    yield Finding("encoders", ", ".join(software) or "none", remedy)
    built_in = [name for name in ENCODERS if name in here and name.endswith(hardware)]
    yield Finding("on hardware", f"{', '.join(built_in)} (each needs its device)" if built_in else "none")


def _assets() -> Iterator[Finding]:
    folder = ASSETS
    files = sorted(f for f in folder.rglob("*") if f.is_file() and f.suffix in (".npz", ".safetensors", ".json"))
    for file in files:
        digest = workspace.sha256_of(file)
        yield Finding("asset", f"{file.relative_to(folder)}, {file.stat().st_size / 1e6:.1f} MB, SHA-256 {digest}")
    for name in ("manipulator.safetensors", "meta_renderer.safetensors"):
        if folder / name not in files:
            yield Finding("asset", f"the weights {name} are missing", "install ned again")
    if folder / "canonical.npz" not in files:
        yield Finding("asset", "the face model canonical.npz is missing", "install ned again")
    try:
        package = Path(importlib.metadata.distribution("mediapipe").locate_file("mediapipe"))
    except importlib.metadata.PackageNotFoundError:
        return
    models = sorted(package.glob("modules/face_*/*.tflite"))
    remedy = "" if models else "pip install mediapipe==0.10.21, whose wheel carries them"
    yield Finding("landmarks", f"{len(models)} of mediapipe's face networks", remedy)


def _licences() -> Iterator[Finding]:
    """What others publish that the user may bring, what it allows, and what was accepted."""
    from ned.licences import LICENCES, accepted

    said = accepted()
    for name, one in LICENCES.items():
        state = f"accepted {said[name]}" if name in said else "asked at first use" if one.ask else "free to use"
        yield Finding("your own", f"{one.title}: {one.terms} ({state})")
    for module, use in _OPTIONAL.items():
        there = importlib.util.find_spec(module) is not None
        yield Finding("optional", f"{module}: {use} ({'installed' if there else 'not installed'})")


def _flame() -> Iterator[Finding]:
    """What lies in FLAME's folder, where the environment names one."""
    from dataclasses import asdict

    from ned.config.edit import FLAME_VARIABLE, flame_of_environment
    from ned.face_model.flame.folder import find_flame_files

    folder = flame_of_environment()
    if folder is None:
        yield Finding("FLAME", f"none named by {FLAME_VARIABLE}; --flame-folder names one")
        return
    try:
        found = asdict(find_flame_files(folder))
    except NedError as error:
        yield Finding("FLAME", error.cause, error.remedy or f"see {FLAME_VARIABLE}", False)
        return
    said = ", ".join(f"{kind.replace('_', ' ')} {path.name}" for kind, path in found.items() if path)
    missing = ", ".join(kind.replace("_", " ") for kind, path in found.items() if path is None)
    yield Finding("FLAME", f"{said}; without: {missing or 'nothing'}")


def _machine() -> Iterator[Finding]:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Finding("processor", f"{platform.machine()}, {usable} cores")
    folder = workspace.cache_root()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    small = free < _NEED_FREE
    yield Finding(
        "free disk",
        f"{free / 1e9:.1f} GB at {folder}",
        "free some, or point NED_CACHE elsewhere" if small else "",
        False,
    )
    writable = os.access(folder, os.W_OK)
    remedy = "" if writable else "point NED_CACHE to a folder that can be written to"
    yield Finding("cache", str(workspace.cache_root()), remedy, False)


CHECKS = (_python, _packages, _torch, _ffmpeg, _assets, _licences, _flame, _machine)
