"""`ned ui`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ned import workspace
from ned.cli.arguments import Command
from ned.config.options import option
from ned.errors import UserError


@dataclass(frozen=True)
class Ui(Command):
    """Open a page in the browser to direct from: look, drag, preview, run. It is served to this machine alone."""

    name = "ui"
    port: int = option(7860, metavar="N", help="port on 127.0.0.1; 0 takes any that is free")
    data: Path | None = option(
        None, metavar="DIR", help="where uploads, analyses and results lie; default: ui in ned's data folder"
    )
    max_upload: float = option(8.0, metavar="GB", help="size of the largest file that is taken")
    keep_hours: float = option(
        24.0, metavar="H", help="delete the files of a browser that has not been back for so long"
    )
    browser: bool = option(True, help="open the page in a browser")
    share: bool = option(False, help="refused: the page is for this machine alone")

    def __post_init__(self) -> None:
        if self.share:
            remedy = "to work from elsewhere, forward the port yourself: ssh -L 7860:127.0.0.1:7860 HOST"
            raise UserError("the page is not served to others", remedy=remedy)
        if not 0 <= self.port < 65536:
            raise UserError(f"port is {self.port}", remedy="give 1 to 65535, or 0 for any")
        if not 0 < self.max_upload <= 10_000:
            raise UserError(f"max-upload is {self.max_upload:g}", remedy="give gigabytes, up to 10000")
        if not 0 < self.keep_hours <= 24 * 365:
            raise UserError(f"keep-hours is {self.keep_hours:g}", remedy="give hours, up to a year")

    def main(self) -> int:
        import webbrowser

        from ned.ui.server import serve
        from ned.ui.settings import GB, UiSettings

        limit = int(self.max_upload * GB)
        settings = UiSettings(
            (self.data or workspace.data_root() / "ui").expanduser().absolute(), self.port, limit,
            max(3 * limit, UiSettings.max_session_bytes), self.keep_hours * 3600,
        )  # fmt: skip

        def say(address: str) -> None:
            print(f"The page: {address}\nCtrl-C ends it; jobs that run go on.", flush=True)
            if self.browser:
                webbrowser.open(address)

        with suppress(KeyboardInterrupt):  # the usual end
            serve(settings, say)
        return 0
