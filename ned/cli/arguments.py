"""Command lines from dataclasses: a field made by `ned.config.options.option` is an argument.

Values stay text until the dataclass is made, and an argument that is not given is absent: so defaults are written
once, in the dataclass.
"""

from __future__ import annotations

import argparse
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field
from pathlib import Path
from typing import Any, ClassVar

from ned.config.options import convert_all, option_fields


class Command:
    """Base of commands: dataclasses whose options are arguments, whose first docstring line is the help."""

    name = ""

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments of this command."""
        add_options(parser, cls)

    @classmethod
    def from_arguments(cls, given: Mapping[str, Any]) -> Command:
        """The command from the arguments given; raises UserError where one does not fit."""
        return cls(**convert_all(cls, given))

    def main(self) -> int:
        """Do it; the exit code."""
        raise NotImplementedError


class DataCommand(Command):
    """Base of commands with `--data PATH…`; their dataclass has a field `data`, a tuple of paths that is no option."""

    data_help: ClassVar[str]
    data_required: ClassVar[bool] = True

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        add_options(parser, cls)
        how = {"required": True} if cls.data_required else {"default": argparse.SUPPRESS}
        parser.add_argument("--data", nargs="+", metavar="PATH", help=cls.data_help, **how)

    @classmethod
    def from_arguments(cls, given: Mapping[str, Any]) -> Command:
        given = dict(given)
        data = tuple(Path(path).expanduser() for path in given.pop("data", ()))
        made: Any = cls
        return made(data=data, **convert_all(cls, given))


def add_options(
    parser: argparse.ArgumentParser, cls: type, many: tuple[str, ...] = (), without: tuple[str, ...] = ()
) -> None:
    """Declare every option of a dataclass but those in `without`; of the positional ones named in `many` several may be
    given."""
    types = typing.get_type_hints(cls)
    own = cls.__dict__.get("__annotations__", {})
    shared_last = sorted(option_fields(cls), key=lambda f: f.name not in own)
    for f in (f for f in shared_last if f.name not in without):
        _add(parser, f, types[f.name], nargs="+" if f.name in many else None)


def _add(parser: argparse.ArgumentParser, f: Field, kind: Any, nargs: str | None = None) -> None:
    said = f.metadata["help"].replace("%", "%%")
    metavar = f.metadata["metavar"] or f.name.upper()
    if f.default is MISSING:
        parser.add_argument(f.name, metavar=metavar, help=said, nargs=nargs)
        return
    flags = [f.metadata["flag"] or "--" + f.name.replace("_", "-")]
    if f.metadata["short"]:
        flags.insert(0, f.metadata["short"])
    if kind is bool:
        if f.default:
            parser.add_argument(
                "--no-" + flags[-1].removeprefix("--"), dest=f.name, action="store_false", default=argparse.SUPPRESS,
                help=f"do not {said}",
            )  # fmt: skip
        else:
            parser.add_argument(*flags, dest=f.name, action="store_true", default=argparse.SUPPRESS, help=said)
        return
    if f.metadata["choices"]:
        metavar = "{" + ",".join(f.metadata["choices"]) + "}"
    if f.default not in (None, (), ""):
        said = f"{said}; default: {f.default}"
    action = "append" if f.metadata["repeat"] else "store"
    parser.add_argument(*flags, dest=f.name, metavar=metavar, action=action, default=argparse.SUPPRESS, help=said)
