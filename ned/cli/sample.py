"""`ned sample`."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ned import workspace
from ned.cli.arguments import Command
from ned.config.options import option
from ned.errors import UserError


@dataclass(frozen=True)
class Sample(Command):
    """Make a talking clip without any download: a public-domain portrait moved by the face model."""

    name = "sample"
    output: Path = option(help="where to write the clip", metavar="OUT")
    seconds: float = option(8.0, metavar="N", help="length of the clip")
    truth: Path | None = option(
        None, metavar="CSV", help="also write the coefficients in it as Live Link CSV"
    )
    overwrite: bool = option(False, short="-y", help="replace output files that exist")

    def __post_init__(self) -> None:
        if not 0.2 <= self.seconds <= 3600:
            raise UserError(f"seconds is {self.seconds:g}", remedy="give 0.2 to 3600")

    def main(self) -> int:
        workspace.check_container(self.output)
        for path in (self.output, self.truth):
            if path is not None:
                workspace.check_output(path, overwrite=self.overwrite)
        import numpy as np

        from ned.exchange.livelink import write_livelink
        from ned.pipeline.sample import FRAME_RATE, make_sample

        made = make_sample(self.output, self.seconds)
        if self.truth is not None:
            times = np.arange(len(made.expression)) / float(FRAME_RATE)
            write_livelink(self.truth, made.expression, times, Fraction(FRAME_RATE))
            print(self.truth)
        print(self.output)
        return 0
