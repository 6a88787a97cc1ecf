"""Every error that a user may read, out of the code itself: its words, its remedies, and which command says it.

What the code fills in at run time is an ellipsis. Where the message alone does not say enough, `remedies.yaml` adds.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

KINDS = ("UserError", "ProcessingError")
"""Errors that a user reads, and with them what is derived of them anywhere."""
GAP = "…"
_MOST = 12
"""Variants of one message."""
TOPICS = {
    "cli": "The command line", "config": "Options", "workspace": "Files, folders and outputs",
    "files": "Files, folders and outputs", "video": "Videos", "sequences": "Numbered images",
    "analysis": "Finding faces", "fitting": "Finding faces", "face_model": "Face models", "encoders": "Face models",
    "exchange": "Tracks, cuts and meshes", "manipulator": "Manipulators and their training",
    "edit": "People and timelines", "renderer": "Renderers and their training", "rendering": "Rendering",
    "stills": "Photographs", "pipeline": "The run", "provenance": "Signing and verifying",
    "evaluation": "Evaluation", "models": "Optional networks",
    "training": "Training", "licences": "Licences of others", "jobs": "Several videos", "report": "Reports",
    "runtime": "The run", "ui": "The page", "batch": "Batches",
}  # fmt: skip


@dataclass
class Entry:
    """One message. `where` are the modules that raise it."""

    cause: str
    kind: str
    topic: str
    remedies: list[str] = field(default_factory=list)
    where: set[str] = field(default_factory=set)
    more: str = ""
    """Written by hand."""


def collect(package: Path, remedies: Path | None = None) -> list[Entry]:
    """All messages, by topic and words. KeyError for a remedy by hand that belongs to none."""
    found: dict[str, Entry] = {}
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(package.rglob("*.py"))}
    kinds = _kinds(trees.values())
    for path, tree in trees.items():
        module = ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__")
        topic = TOPICS.get((module.split(".") + [""])[1], "The run")
        for call, function in _calls(tree, kinds):
            scope = (function, tree)
            name = kinds[call.func.id]  # type: ignore[attr-defined]
            said = call.args[0] if call.args else next(k.value for k in call.keywords if k.arg == "cause")
            remedy = next((k.value for k in call.keywords if k.arg == "remedy"), None)
            hints = _texts(remedy, scope) if remedy is not None else []
            for cause in _texts(said, scope):
                if not cause.strip(f"{GAP} "):
                    continue  # hands on the words of another error
                entry = found.setdefault(cause, Entry(cause, name, topic))
                entry.where.add(module)
                entry.remedies += [h for h in hints if h.strip(f"{GAP} ") and h not in entry.remedies]
    if remedies is not None:
        for cause, text in (yaml.safe_load(remedies.read_text(encoding="utf-8")) or {}).items():
            found[cause].more = text
    order = list(dict.fromkeys(TOPICS.values()))
    return sorted(found.values(), key=lambda e: (order.index(e.topic), e.cause.lower()))


def page(entries: list[Entry]) -> str:
    """The list as Markdown, a heading for each message, so that the site's search finds it by its words."""
    out, topic = [], ""
    for entry in entries:
        if entry.topic != topic:
            topic = entry.topic
            out.append(f"## {topic}\n")
        out.append(f"### {_plain(entry.cause)}\n")
        for remedy in entry.remedies:
            out.append(f"Remedy: {_plain(remedy)}.\n")
        if entry.more:
            out.append(f"{entry.more.strip()}\n")
        if entry.kind == "ProcessingError":
            out.append("The work itself failed (exit code 1); the same command goes on from what was finished.\n")
        out.append("Said by " + ", ".join(f"`{name}`" for name in sorted(entry.where)) + ".\n{ .where }\n")
    return "\n".join(out)


def _plain(text: str) -> str:
    """Words that Markdown leaves alone; `--flags` and names in back-quotes stay as they are."""
    out = []
    for k, part in enumerate(text.split("`")):
        if k % 2 and text.count("`") % 2 == 0:
            out.append(f"`{part}`")
            continue
        for mark in "\\*_[]<>#|{}":
            part = part.replace(mark, {"<": "&lt;", ">": "&gt;"}.get(mark, "\\" + mark))
        out.append(part)
    return "".join(out).strip()


def _kinds(trees: Iterable[ast.AST]) -> dict[str, str]:
    """By the name of an error's class which of `KINDS` it is."""
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    kinds, before = {kind: kind for kind in KINDS}, 0
    while len(kinds) > before:
        before = len(kinds)
        for node in classes:
            bases = [base.id for base in node.bases if isinstance(base, ast.Name) and base.id in kinds]
            kinds |= {node.name: kinds[bases[0]]} if bases and node.name not in kinds else {}
    return kinds


def _calls(tree: ast.AST, kinds: Container[str]) -> Iterator[tuple[ast.Call, ast.AST]]:
    """Every raising of our errors, and the function that it stands in."""

    def visit(node: ast.AST, scope: ast.AST) -> Iterator[tuple[ast.Call, ast.AST]]:
        for child in ast.iter_child_nodes(node):
            inner = child if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else scope
            if isinstance(child, ast.Call) and isinstance(child.func, ast.Name) and child.func.id in kinds:
                yield child, inner
            yield from visit(child, inner)

    yield from visit(tree, tree)


Scope = tuple[ast.AST, ast.AST]
"""A function and its module."""


def _texts(node: ast.AST, scope: Scope, depth: int = 0) -> list[str]:
    """What an expression may say, with `GAP` for what only a run knows."""
    if depth > 6:
        return [GAP]
    deeper = depth + 1
    if isinstance(node, ast.Constant):
        return [str(node.value)] if isinstance(node.value, str) else [] if node.value is None else [GAP]
    if isinstance(node, ast.IfExp):
        return _unique([*_texts(node.body, scope, deeper), *_texts(node.orelse, scope, deeper)])
    if isinstance(node, ast.JoinedStr):
        return _joined([_texts(part, scope, deeper) or [""] for part in node.values])
    if isinstance(node, ast.FormattedValue):
        return _texts(node.value, scope, deeper) if isinstance(node.value, ast.IfExp) else [GAP]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _joined([_texts(node.left, scope, deeper) or [""], _texts(node.right, scope, deeper) or [""]])
    if isinstance(node, ast.Name):
        return _unique([t for value in _assigned(node.id, scope) for t in _texts(value, scope, deeper)]) or [GAP]
    return [GAP]


def _assigned(name: str, scope: Scope) -> list[ast.AST]:
    """Everything that a name is set to in its function, else in its module."""
    function, module = scope
    found = _set_in(name, ast.walk(function))
    return found or _set_in(name, ast.iter_child_nodes(module))


def _set_in(name: str, nodes: Iterable[ast.AST]) -> list[ast.AST]:
    values: list[ast.AST] = []
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id == name:
                    values.append(node.value)
                elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = zip(target.elts, node.value.elts, strict=False)
                    values += [v for t, v in pairs if isinstance(t, ast.Name) and t.id == name]
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and isinstance(node.target, ast.Name):
            values += [node.value] if node.target.id == name and node.value is not None else []
    return values


def _joined(parts: list[list[str]]) -> list[str]:
    return _unique(["".join(choice) for choice in itertools.islice(itertools.product(*parts), _MOST)])


def _unique(texts: list[str]) -> list[str]:
    out = []
    for text in texts:
        text = text.replace(GAP + GAP, GAP)
        if text not in out:
            out.append(text)
    return out
