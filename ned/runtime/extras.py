"""What comes with an extra of the installation, and what to say where it is missing."""

from __future__ import annotations

from importlib.util import find_spec

from ned.errors import UserError

EXTRAS = {
    "torch": "train",
    "skimage": "train",
    "tensorboard": "curves",
    "sklearn": "slider",
    "pillow_heif": "heic",
}
"""By the module that is imported, the extra that brings it."""


def has(module: str) -> bool:
    """Whether a module can be imported, without importing it."""
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def need(module: str, what: str) -> None:
    """Raise UserError, which names the extra, where a module is not installed that `what` needs."""
    if not has(module):
        raise missing(module, what)


def missing(module: str, what: str, extra: str = "") -> UserError:
    """The error for a module that `what` needs; `extra`: which is named, of several that bring it."""
    extra = extra or EXTRAS[module]
    return UserError(f"{what} needs {module}, which is not installed", remedy=f"pip install 'ned[{extra}]'")
