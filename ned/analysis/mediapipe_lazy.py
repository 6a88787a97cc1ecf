"""MediaPipe, a module at a time.

Its packages import all that is in them, and with that Matplotlib, a sound library and JAX, none of which a face needs:
most of a second, and hundreds of megabytes that must be installed. Here they stand as packages whose own code is run
only when somebody asks them for more than their modules.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGES = ("mediapipe", "mediapipe.python", "mediapipe.python.solutions", "mediapipe.tasks", "mediapipe.tasks.python",
            "mediapipe.tasks.python.vision")  # fmt: skip


class _Package(ModuleType):
    """At the first name that is no module of it, all is imported that `import mediapipe` would have imported."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__all__":  # which `from … import *` asks for
            raise AttributeError(name)
        if name != "__all__" and find_spec(f"{self.__name__}.{name}") is not None:
            return importlib.import_module(f"{self.__name__}.{name}")
        for package in (*PACKAGES[1:], PACKAGES[0]):
            _run(sys.modules[package])
        if name not in self.__dict__:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return self.__dict__[name]


def _run(package: ModuleType) -> None:
    """Run a package's own code, once."""
    if not package.__dict__.setdefault("_ran", False) and package.__spec__ is not None:
        package.__dict__["_ran"] = True
        assert package.__spec__.loader is not None
        package.__spec__.loader.exec_module(package)


def import_lazily() -> None:
    """Have MediaPipe's packages imported so, where none is yet. ModuleNotFoundError where it is not installed."""
    if "mediapipe" in sys.modules:
        return
    spec = find_spec("mediapipe")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("No module named 'mediapipe'", name="mediapipe")
    root = Path(spec.origin).parent
    for name in PACKAGES:
        folder = root.joinpath(*name.split(".")[1:])
        package = _Package(name)
        package.__spec__ = _spec(name, folder)
        package.__file__, package.__path__, package.__package__ = str(folder / "__init__.py"), [str(folder)], name
        sys.modules[name] = package
        parent, _, own = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], own, package)


def _spec(name: str, folder: Path) -> ModuleSpec:
    found = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert found is not None
    return found
