"""`ned bench`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ned import workspace
from ned.cli.arguments import Command
from ned.config.options import check_choice, option
from ned.errors import UserError
from ned.runtime.devices import AUTO, DEVICES
from ned.runtime.progress import for_stream


@dataclass(frozen=True)
class Bench(Command):
    """Measure this machine, processor and GPU, and print a table to paste into an issue."""

    name = "bench"
    device: str = option(AUTO, choices=DEVICES, help="the GPU to measure beside the processor; cpu: none")
    quick: bool = option(False, help="one small clip only, to see that all runs")
    seconds: float = option(4.0, metavar="N", help="length of the clips")
    finetune_minutes: float = option(1.0, metavar="M", help="fine-tune for so long on each device; 0: not at all")
    output: Path | None = option(None, short="-o", metavar="FILE", help="write the table into this file too")
    overwrite: bool = option(False, short="-y", help="replace a file that exists")
    quiet: bool = option(False, help="show no progress")

    def __post_init__(self) -> None:
        check_choice("device", self.device, DEVICES)
        if not 0.4 <= self.seconds <= 600:
            raise UserError(f"seconds is {self.seconds:g}", remedy="give 0.4 to 600")
        if not 0 <= self.finetune_minutes <= 1e4:
            raise UserError(f"finetune-minutes is {self.finetune_minutes:g}", remedy="give 0 or more")

    def main(self) -> int:
        if self.output is not None:
            workspace.check_output(self.output, (), self.overwrite)
        from ned.bench.measure import measure

        seconds = min(self.seconds, 1.0) if self.quick else self.seconds
        progress = for_stream(quiet=self.quiet, unit="clips")
        table = measure(self.device, self.quick, seconds, self.finetune_minutes, progress)
        print(table, end="")
        if self.output is not None:
            workspace.write_text(self.output, table)
        return 0
