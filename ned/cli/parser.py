"""The parser of the command line: its errors are ours, in one line with a remedy. Imports nothing heavy."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from ned.errors import UserError


class Parser(argparse.ArgumentParser):
    """Raises UserError, in one line with a remedy, instead of printing and leaving."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=_Formatter, **kwargs)

    def error(self, message: str) -> NoReturn:
        if message.startswith("the following arguments are required: "):
            message = "missing: " + message.split(": ", 1)[1]
        raise UserError(message, remedy=f"see `{self.prog} --help`")

    def reject(self, unknown: list[str]) -> NoReturn:
        """Raise UserError for arguments that nobody knows, with the nearest that is known."""
        import difflib

        flag = unknown[0].split("=")[0]
        near = difflib.get_close_matches(flag, self._flags(), n=1) if flag.startswith("-") else []
        hint = f"did you mean {near[0]}? " if near else ""
        raise UserError(f"unknown argument {unknown[0]!r}", remedy=f"{hint}see `{self.prog} --help`")

    def _flags(self) -> set[str]:
        """All that it knows, and those of the commands inside."""
        inside = [a.choices.values() for a in self._actions if isinstance(a, argparse._SubParsersAction)]
        return {*self._option_string_actions, *(flag for parsers in inside for p in parsers for flag in p._flags())}


class _Formatter(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=100)
