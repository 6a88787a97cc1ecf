"""Names of images: which are read and written, and what outputs are called."""

from __future__ import annotations

from pathlib import Path

from ned.errors import UserError

READS = (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff", ".heic", ".heif")
"""Endings of files that `ned still` reads."""

WRITES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")
"""And writes."""


def is_image(path: str | Path) -> bool:
    """Whether the name is that of an image rather than of a video."""
    return Path(path).suffix.lower() in READS


def check_writes(path: Path) -> None:
    """Raise UserError unless `path` ends as an image that `ned` writes."""
    if path.suffix.lower() not in WRITES:
        remedy = f"end its name in {', '.join(WRITES)}"
        raise UserError(f"unknown kind of image {path.suffix!r}", path=path, remedy=remedy)


def default_image(source: Path, what: str, suffix: str = "") -> Path:
    """`<stem>_<what>` beside the source, in its kind where `ned` writes that, else as JPEG; or in the kind `suffix`."""
    own = source.suffix if source.suffix.lower() in WRITES else ".jpg"
    return source.with_name(f"{source.stem}_{what}{suffix or own}")
