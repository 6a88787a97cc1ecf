"""Names of outputs, and whether files may be read and written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ned.errors import UserError
from ned.workspace.numbered import Numbered, is_numbered

CONTAINERS = (".mp4", ".mov", ".mkv")
"""What `ned` writes."""

SIGNED_CONTAINERS = (".mp4", ".m4v", ".mov", ".avi", ".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")
"""What carries a C2PA manifest in itself."""


_OF_ENCODER = {"prores_ks": (".mov", ".mkv"), "dnxhd": (".mov",), "ffv1": (".mkv",)}
"""Containers that carry what an encoder writes, where not all do; the first is the usual."""


def default_output(source: Path, emotion: str, encoder: str = "") -> Path:
    """`<stem>_<emotion>` beside the source, in its container where `ned` writes that and the encoder goes into it.

    Else .mkv, which takes any sound, or the encoder's usual one. Numbered images become numbered images.
    """
    if is_numbered(source):
        return Numbered.of(source).called(emotion)
    suffix = source.suffix.lower()
    suffix = ".mp4" if suffix == ".m4v" else suffix
    if suffix not in CONTAINERS:
        suffix = ".mkv"
    fitting = _OF_ENCODER.get(encoder, CONTAINERS)
    return source.with_name(f"{source.stem}_{emotion}{suffix if suffix in fitting else fitting[0]}")


def compare_path(output: Path) -> Path:
    """The side-by-side video of an output."""
    return output.with_name(f"{output.stem}_compare{output.suffix}")


def report_path(output: Path) -> Path:
    """The report of an output."""
    if is_numbered(output):
        return Numbered.of(output).beside("_report.html")
    return output.with_name(f"{output.stem}_report.html")


def manifest_path(video: Path) -> Path | None:
    """The file beside a video that holds its signed manifest; None where the container takes it."""
    return None if video.suffix.lower() in SIGNED_CONTAINERS else video.with_suffix(".c2pa")


def check_output(path: Path, inputs: Sequence[Path] = (), overwrite: bool = False) -> None:
    """Raise UserError where `path` is one of `inputs`, exists without `overwrite`, or cannot be written."""
    for source in inputs:
        if path.resolve() == source.resolve() or (path.exists() and source.exists() and path.samefile(source)):
            raise UserError("is input and output at once", path=path, remedy="choose another --output")
    if path.is_dir():
        raise UserError("is a folder", path=path, remedy="name a file for the output")
    if not path.parent.is_dir():
        raise UserError("its folder does not exist", path=path, remedy=f"make {path.parent} first")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise UserError("its folder cannot be written to", path=path, remedy="choose another --output")
    if path.exists() and not overwrite:
        raise UserError("exists already", path=path, remedy="pass --overwrite or choose another --output")


def check_container(path: Path, encoder: str = "") -> None:
    """Raise UserError unless `path` ends as a container that `ned` writes, and that takes what the encoder makes."""
    suffix = path.suffix.lower()
    if suffix not in CONTAINERS:
        raise UserError(
            f"unknown kind of video {path.suffix!r}", path=path, remedy=f"end its name in {', '.join(CONTAINERS)}"
        )
    fitting = _OF_ENCODER.get(encoder, CONTAINERS)
    if suffix not in fitting:
        cause = f"{suffix} does not hold what {encoder} makes"
        raise UserError(cause, path=path, remedy=f"end its name in {' or '.join(fitting)}")
