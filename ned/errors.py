"""Errors that a user reads: one line that names the file, the cause and the remedy.

Everything else that escapes is a bug and keeps its traceback.
"""


class NedError(Exception):
    """Base of all expected failures. `exit_code` is what the command line returns."""

    exit_code = 1

    def __init__(self, cause: str, *, path: object = None, remedy: str | None = None) -> None:
        self.cause, self.path, self.remedy = cause, path, remedy
        parts = [f"{path}: {cause}" if path is not None else cause]
        if remedy:
            parts.append(remedy)
        super().__init__("; ".join(parts))


class UserError(NedError):
    """The user can mend it: a wrong path, option or file. Exit code 2."""

    exit_code = 2


class ProcessingError(NedError):
    """The work itself failed: disk full, encoder broke, memory ran out. Exit code 1."""

    exit_code = 1


class Cancelled(NedError):
    """The work was ended from outside, by whoever began it. Exit code 130."""

    exit_code = 130
