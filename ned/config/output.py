"""Options of what is written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from ned import workspace
from ned.config.options import option
from ned.errors import UserError

QUALITIES = ("draft", "good", "best", "lossless")


@dataclass(frozen=True)
class OutputOptions:
    """Which files are written, how they are encoded and signed. Checked when it is made."""

    output: Path | None = option(
        None, short="-o", metavar="OUT",
        help="where to write, for several videos a folder; default: IN's name with the emotion, beside IN",
    )
    alpha: Path | None = option(
        None, metavar="FILE",
        help="also write a matte, white where anything changed: .mkv, .mp4, .mov, or images as matte.%04d.png",
    )  # fmt: skip
    export_edited: Path | None = option(
        None, metavar="FILE",
        help="also write the edited expression of the first person: .csv (Live Link Face) or .glb (animated mesh)",
    )  # fmt: skip
    compare: bool = option(False, help="also write original and edited side by side")
    report: bool = option(False, help="also write an HTML page with images and plots of what was done")
    encoder: str = option("libx264", metavar="NAME", help="video encoder; `ned doctor` lists those that work here")
    quality: str = option(
        "good", short="-q", metavar="Q", help="draft, good, best, lossless, or a number on the encoder's own scale"
    )
    preset: str | None = option(
        None, metavar="NAME",
        help="the encoder's preset, slow and small to fast and large; of ProRes and DNxHR the profile",
    )  # fmt: skip
    provenance: bool = option(True, help="sign the output (C2PA): what was done, and to which source")
    provenance_cert: Path | None = option(
        None, metavar="PEM", help="sign with this certificate chain; default: one made for this computer"
    )
    provenance_key: Path | None = option(None, metavar="PEM", help="the private key of that certificate")
    overwrite: bool = option(False, short="-y", help="replace output files that exist")
    keep: bool = option(False, help="leave OUT.part, from which the same command goes on, on Ctrl-C too")

    @property
    def output_path(self) -> Path:
        """Where the edited video goes. ValueError where that is open; `ProcessConfig` knows what follows then."""
        if self.output is None:
            raise ValueError("no output is named")
        return self.output

    @property
    def compare_path(self) -> Path | None:
        """Where the side-by-side video goes, None where none is wanted."""
        return workspace.compare_path(self.output_path) if self.compare else None

    @property
    def report_path(self) -> Path | None:
        """Where the report goes, None where none is wanted."""
        return workspace.report_path(self.output_path) if self.report else None

    def check_output(self) -> None:
        """Raise UserError for options that do not fit or do not go together."""
        if (self.provenance_cert is None) != (self.provenance_key is None):
            remedy = "give --provenance-cert and --provenance-key"
            raise UserError("a certificate and its key go together", remedy=remedy)
        if self.export_edited is not None and self.export_edited.suffix.lower() not in (".csv", ".glb"):
            raise UserError("is no kind of track", path=self.export_edited, remedy="end its name in .csv or .glb")
        if self.quality not in QUALITIES and not _is_number(self.quality):
            choices = ", ".join(QUALITIES)
            raise UserError(f"quality is {self.quality!r}", remedy=f"choose one of: {choices}, or the encoder's number")


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
