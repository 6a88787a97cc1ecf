"""The command `ned`: one file per command, each a dataclass with `main()`.

Exit codes: 0 done; 1 the work failed; 2 the user can mend it; 130 interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING

from ned.cli.commands import COMMANDS, load
from ned.errors import NedError
from ned.runtime.cores import quiet_algebra
from ned.version import __version__

if TYPE_CHECKING:
    from ned.cli.arguments import Command
    from ned.cli.parser import Parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `ned` with these arguments (default: those of the process); the exit code. Never raises but on --debug."""
    own, arguments = arguments is None, list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    _quieten(debug, own_process=own)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files need not be text
    with suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGTERM, _leave)
    quiet_algebra()
    try:
        command = parse(arguments)
        from ned.runtime.heap import share_heaps

        share_heaps()
        code = command.main()
        sys.stdout.flush()
        return code
    except SystemExit as leave:  # --help and --version
        return leave.code if isinstance(leave.code, int) else 0
    except BrokenPipeError:
        # Who read our output has gone. Python must not try to flush what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return _complain("interrupted; no unfinished output was left", 130)
    except Exception as error:
        if debug:
            raise
        return _complain(*_explain(error))


def parse(arguments: Sequence[str]) -> Command:
    """The command that the arguments ask for. Raises UserError, and SystemExit for --help and --version."""
    from ned.cli.parser import Parser

    parser = Parser(prog="ned", description="Change the emotion of a person in a talking video.")
    parser.add_argument("--version", action="version", version=f"ned {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(metavar="COMMAND", dest="command", parser_class=Parser)
    parsers = {name: commands.add_parser(name, help=entry.summary) for name, entry in COMMANDS.items()}
    asked = next((word for word in arguments if not word.startswith("-")), "")
    if asked in parsers:  # options before it take no values
        _declare(asked, parsers[asked])
    given, unknown = parser.parse_known_args(arguments)
    if unknown:
        if given.command is None:  # the nearest of all that there are
            for name, one in parsers.items():
                _declare(name, one)
        parsers.get(given.command, parser).reject(unknown)
    if given.command is None:
        parser.print_help()
        raise SystemExit(0 if not arguments else 2)
    values = vars(given)
    values.pop("debug")
    return load(values.pop("command")).from_arguments(values)


def _declare(name: str, parser: Parser) -> None:
    """The arguments of a command."""
    command = load(name)
    parser.description = command.__doc__
    command.add_arguments(parser)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")


def _explain(error: Exception) -> tuple[str, int]:
    """What to say of an error, and the exit code."""
    if isinstance(error, NedError):
        return f"error: {error}", error.exit_code
    if isinstance(error, MemoryError):
        return "error: out of memory; close other programs or cut the video with --start and --end", 1
    from ned.runtime.extras import EXTRAS, missing

    module = (getattr(error, "name", None) or "").split(".")[0]
    if isinstance(error, ModuleNotFoundError) and module in EXTRAS:
        return f"error: {missing(module, 'this')}", 2
    if isinstance(error, ImportError):
        return f"error: {error}; `ned doctor` says what is missing", 1
    said = " ".join(str(error).split())
    return f"error: unexpected {type(error).__name__}: {said}; run again with --debug for the traceback", 1


def _complain(text: str, code: int) -> int:
    with suppress(BrokenPipeError):
        line = "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))
        print(f"ned: {line}", file=sys.stderr, flush=True)
    return code


def _quieten(debug: bool, own_process: bool) -> None:
    """One line for each of our own warnings; libraries keep theirs to themselves unless `debug`.

    In a process of our own nothing but what Python writes reaches standard error: MediaPipe's threads log to the
    file descriptor itself, at moments of their own, whatever their log level.
    """
    if debug:
        return
    if own_process:
        from ned.cli.stderr import keep_stderr

        keep_stderr()
    for name, level in (("GLOG_minloglevel", "2"), ("TF_CPP_MIN_LOG_LEVEL", "3")):
        os.environ.setdefault(name, level)

    def show(message, category, *_args, **_kwargs) -> None:
        if category.__module__.startswith("ned."):
            _complain(f"warning: {message}", 0)

    warnings.showwarning = show


def _leave(*_: object) -> None:
    raise SystemExit(128 + signal.SIGTERM)
