"""Commands that are groups of commands, and commands with several values of one kind."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

from ned.cli.arguments import Command, add_options
from ned.cli.parser import Parser
from ned.config.options import convert_all

_CHOICE = "_command_of_group"


class Several(NamedTuple):
    """How a field that is a tuple looks on a command line."""

    help: str
    metavar: str
    flag: str = ""
    """Positional without one."""
    least: int = 1
    """0 where it may be left out."""
    kind: Callable[[str], Any] = str


class ManyCommand(Command):
    """Base of commands some of whose fields are tuples; those are named in `several`, and are no options."""

    several: ClassVar[Mapping[str, Several]] = {}

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        for name, how in cls.several.items():
            nargs = "+" if how.least else "*"
            if how.flag:
                extra = {"required": True} if how.least else {"default": argparse.SUPPRESS}
                parser.add_argument(how.flag, dest=name, nargs="+", metavar=how.metavar, help=how.help, **extra)
            else:
                parser.add_argument(name, nargs=nargs, metavar=how.metavar, help=how.help, default=())
        add_options(parser, cls)

    @classmethod
    def from_arguments(cls, given: Mapping[str, Any]) -> Command:
        given = dict(given)
        tuples = {n: tuple(how.kind(text) for text in given.pop(n, ())) for n, how in cls.several.items()}
        return cls(**tuples, **convert_all(cls, given))


class Group(Command):
    """A command that is a set of commands."""

    commands: ClassVar[tuple[type[Command], ...]] = ()

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        added = parser.add_subparsers(metavar="WHAT", dest=_CHOICE + cls.name, parser_class=Parser, required=True)
        for command in cls.commands:
            summary = (command.__doc__ or "").strip().split("\n")[0]
            one = added.add_parser(command.name, help=summary, description=command.__doc__)
            command.add_arguments(one)
            one.add_argument(
                "--debug", action="store_true", default=argparse.SUPPRESS, help="show the traceback of an error"
            )

    @classmethod
    def from_arguments(cls, given: Mapping[str, Any]) -> Command:
        given = dict(given)
        chosen = given.pop(_CHOICE + cls.name)
        return next(c for c in cls.commands if c.name == chosen).from_arguments(given)
