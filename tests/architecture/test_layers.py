"""The floors of the house: who may import whom, read from the code itself."""

import ast
from functools import lru_cache
from pathlib import Path

import ned

ROOT = Path(ned.__file__).parent
FLOORS = (
    "version", "errors", "emotions", "types", "runtime", "geometry", "files", "workspace", "licences", "models",
    "video", "config", "face_model", "training", "provenance", "composite", "report", "analysis", "fitting",
    "encoders", "exchange", "manipulator", "edit", "renderer", "rendering", "stills", "sequences", "pipeline",
    "evaluation", "jobs", "batch", "ui", "cli",
)  # fmt: skip
"""From the ground up; docs/architecture.md says what each is for."""
TABLES = 300
"""Most lines of a file."""


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")


@lru_cache(maxsize=1)
def _imports() -> dict[str, set[str]]:
    """By module what it imports of ours, wherever in the file that stands."""
    files = {_name(path): path for path in ROOT.rglob("*.py")}
    found = {}
    for name, path in files.items():
        found[name] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "ned":
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    found[name].add(inner if inner in files else node.module)
            elif isinstance(node, ast.Import):
                found[name] |= {alias.name for alias in node.names if alias.name.split(".")[0] == "ned"}
    return found


def _floor(module: str) -> int | None:
    parts = module.split(".")
    return FLOORS.index(parts[1]) if len(parts) > 1 else None


def test_every_folder_has_its_floor():
    known = {path.stem for path in ROOT.glob("*.py")} | {path.name for path in ROOT.iterdir() if path.is_dir()}
    assert known - {"__init__", "assets", "__pycache__"} <= set(FLOORS)


def test_nobody_imports_from_a_higher_floor():
    upward = [
        f"{name} imports {other}"
        for name, others in _imports().items() if name != "ned"
        for other in others if other == "ned" or _floor(other) > _floor(name)
    ]  # fmt: skip
    assert not upward


def test_no_files_import_each_other_in_a_circle():
    """A package's own files may name it for what it hands on; what counts is the file that is meant."""
    done, open_ = set(), []

    def visit(name):
        if name in open_:
            raise AssertionError(" → ".join([*open_[open_.index(name) :], name]))
        if name in done:
            return
        open_.append(name)
        for other in sorted(_imports().get(name, ())):
            if not name.startswith(other + "."):
                visit(other)
        open_.pop()
        done.add(name)

    for name in _imports():
        if name != "ned":
            visit(name)


def _is_training(module: str) -> bool:
    parts = module.split(".")[1:]
    learning = {"training", "corpus", "evaluation"}
    network = parts[:1] in (["manipulator"], ["renderer"])
    return parts[:1] == ["training"] or (network and bool(learning & set(parts[1:])))


def test_inference_does_not_import_training():
    """Nor what only training needs: corpora, examples, losses."""
    guilty = [
        f"{name} imports {other}"
        for name, others in _imports().items()
        if name.split(".")[1:2] in (["manipulator"], ["renderer"], ["rendering"], ["edit"]) and not _is_training(name)
        for other in others if _is_training(other)
    ]  # fmt: skip
    assert not guilty


def test_files_are_short_and_few_at_the_top():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in ROOT.rglob("*.py")}
    assert not {str(path): count for path, count in lengths.items() if count > TABLES}
    assert sorted(lengths.values())[len(lengths) // 2] <= 110
    assert len(list(ROOT.glob("*.py"))) <= 6


def test_the_second_pass_and_the_report_take_their_part_of_the_options():
    whole = [
        path.relative_to(ROOT).as_posix()
        for folder in ("rendering", "report", "edit", "renderer", "composite")
        for path in (ROOT / folder).rglob("*.py") if "ProcessConfig" in path.read_text(encoding="utf-8")
    ]  # fmt: skip
    assert not whole
