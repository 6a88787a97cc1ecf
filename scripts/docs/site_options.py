"""Every command and option as tables, out of the dataclasses that make them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import fields

from ned.cli.commands import every
from ned.cli.parser import Parser
from ned.config import ProcessConfig
from ned.config.options import option_fields

PARTS = {
    "SourceOptions": "What is read", "EditOptions": "What is done to the expression", "FaceModelOptions": "Face models",
    "RenderOptions": "How faces are painted", "OutputOptions": "What is written",
}  # fmt: skip


def page() -> str:
    """Markdown: `ned process` part by part, then the other commands."""
    out = []
    for command in every():
        parser = Parser(prog=f"ned {command.name}", description=command.__doc__)
        command.add_arguments(parser)
        out += _command(parser, command.name == "process")
    return "\n".join(out)


def _command(parser: argparse.ArgumentParser, parted: bool = False) -> Iterator[str]:
    yield f"## {parser.prog}\n"
    yield " ".join((parser.description or "").split()) + "\n"
    groups = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    actions = [a for a in parser._actions if a.dest not in ("help", "debug") and a not in groups]
    if parted:
        owner = _owners()
        for name, title in PARTS.items():
            own = [a for a in actions if owner.get(a.dest) == name]
            if own:
                yield f"### {title}\n"
                yield from _table(own, keyword=True)
        rest = [a for a in actions if owner.get(a.dest) not in PARTS]
        if rest:
            yield "### The command itself\n"
            yield from _table(rest)
    elif actions:
        yield from _table(actions)
    for group in groups:
        for name, inner in group.choices.items():
            inner.prog = f"{parser.prog} {name}"
            yield from _command(inner)


def _owners() -> dict[str, str]:
    """By field of `ProcessConfig` the class that brings it."""
    owner = {}
    for cls in reversed(ProcessConfig.__mro__[:-1]):
        own = set(cls.__dict__.get("__annotations__", {}))
        owner |= {f.name: cls.__name__ for f in fields(cls) if f.name in own} if own else {}
    return owner


def _table(actions: list[argparse.Action], keyword: bool = False) -> Iterator[str]:
    yield "| option | " + ("in YAML and Python | " if keyword else "") + "what it does |"
    yield "|---|---|" + ("---|" if keyword else "")
    for action in actions:
        takes = action.nargs != 0
        value = action.metavar if isinstance(action.metavar, str) else (action.metavar or action.dest.upper())
        flags = ", ".join(f"`{flag}`" for flag in action.option_strings) or f"`{value}`"
        shown = f" `{value}`" if takes and action.option_strings else ""
        said = (action.help or "").replace("%%", "%").replace("|", "\\|")
        middle = f"`{action.dest}` | " if keyword else ""
        yield f"| {flags}{shown} | {middle}{said} |"
    yield ""


def missing(markdown: str) -> list[str]:
    """Fields of `ProcessConfig` that a page does not name."""
    return [f.name for f in option_fields(ProcessConfig) if f"| `{f.name}` |" not in markdown]
