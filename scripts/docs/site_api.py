"""Pages of the Python API: what users call, by package; mkdocstrings fills them from the docstrings."""

from __future__ import annotations

from pathlib import Path

PACKAGES = {
    "ned": "The one call", "ned.config": "Options", "ned.jobs": "One video or many, with events and cancellation",
    "ned.errors": "Errors", "ned.types": "Objects that cross a stage", "ned.analysis": "The first pass",
    "ned.fitting": "The fit", "ned.face_model": "Face models", "ned.manipulator": "Manipulators",
    "ned.renderer": "Renderers", "ned.video": "Reading and writing video", "ned.stills": "Photographs",
    "ned.sequences": "Numbered images", "ned.batch": "Many videos on many machines",
    "ned.ui": "The page and how it is served", "ned.exchange": "Tracks, meshes and cuts", "ned.provenance": "Signing",
    "ned.runtime.events": "Events", "ned.runtime.cancel": "Cancellation", "ned.runtime.progress": "Progress",
}  # fmt: skip
_MODULES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("exchange", "sequences", "stills", "fitting", "config"), ()),
    "batch": ("plan", "store", "manifest", "units", "worker", "status", "merge"),
    "ui": ("settings", "server", "document"),
}
"""Packages that hand nothing on themselves: which of their modules are shown one by one; none named: all."""


def pages(package: Path) -> dict[str, str]:
    """Markdown by page: a list, and a page for each package."""
    listed = [f"| [`{name}`]({name}.md) | {what} |" for name, what in PACKAGES.items()]
    out = {"api/index.md": "\n".join(["# Python API", "", _INTRO, "", "| module | what |", "|---|---|", *listed, ""])}
    for name, what in PACKAGES.items():
        inner = []
        short = name.removeprefix("ned.")
        if short in _MODULES:
            every = sorted(p.stem for p in (package / short).glob("*.py") if p.stem != "__init__")
            modules = _MODULES[short] or every
            inner = [f"## {name}.{m}\n\n::: {name}.{m}\n    options:\n      heading_level: 3\n" for m in modules]
        out[f"api/{name}.md"] = "\n".join([f"# {name}", "", what + ".", "", f"::: {name}", "", *inner])
    return out


_INTRO = """What a program calls. Arrays are annotated with their shapes; units and ranges stand in the docstrings. The
map of the whole code is [Architecture](../architecture.md)."""
