"""`ned evaluate protocol`."""

from __future__ import annotations

import hashlib
import json as to_json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ned import workspace
from ned.cli.arguments import Command
from ned.cli.groups import Group
from ned.config.options import option
from ned.errors import UserError
from ned.runtime.progress import for_stream

if TYPE_CHECKING:
    from ned.evaluation.spfem.layout import Task


@dataclass(frozen=True)
class Spfem(Command):
    """FAD, LSE-D and CSIM on six actors of MEAD, beside the published rows."""

    name = "spfem"
    mead: Path | None = option(None, metavar="FOLDER", help="MEAD as its publishers lay it out (required)")
    work: Path = option(Path("spfem"), metavar="FOLDER", help="where edits are kept, so that a second run goes on")
    clips: int = option(1, metavar="N", help="edits for each actor and emotion")
    renderer: str = option("auto", metavar="NAME", help="renderer of the edits, as in `ned process`")
    seed: int = option(1, metavar="N", help="number from which clips and frames are drawn")
    json: Path | None = option(None, metavar="FILE", help="write the rows as JSON")
    overwrite: bool = option(False, help="replace files that exist")
    quiet: bool = option(False, help="show no progress")

    def __post_init__(self) -> None:
        if self.mead is None:
            raise UserError("missing: --mead", remedy="give the folder of MEAD, which its publishers hand out")
        if self.clips < 1:
            raise UserError(f"clips is {self.clips}", remedy="give 1 or more")

    def main(self) -> int:
        if self.json is not None:
            workspace.check_output(self.json, (), self.overwrite)
        from ned.evaluation.judges import find_judges
        from ned.evaluation.spfem.judges import feature_judges
        from ned.evaluation.spfem.layout import plan_tasks
        from ned.evaluation.spfem.protocol import as_text, run_protocol

        tasks = plan_tasks(self.mead, self.clips, self.seed)
        judges, missing = feature_judges(find_judges())
        try:
            self.work.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"cannot be made ({error.strerror})", path=self.work, remedy="name another --work"
            ) from error
        rows = run_protocol(tasks, self._edit, judges, self.seed, for_stream(quiet=self.quiet, unit="steps"))
        if judges.sync is not None and any(row.lse_d is None for row in rows):
            missing["LSE-D"] = "no video has both sound and a face"
        print(as_text(rows, missing), end="")
        if self.json is not None:
            plain = {"rows": [asdict(row) for row in rows], "not_computed": missing, "seed": self.seed}
            workspace.write_text(self.json, to_json.dumps(plain, indent=1, allow_nan=False) + "\n")
        return 0

    def _edit(self, task: Task) -> Path:
        from ned import pipeline
        from ned.config import ProcessConfig
        from ned.version import __version__

        said = f"{workspace.fingerprint(task.source)}{workspace.fingerprint(task.reference)}{self.renderer}"
        key = hashlib.sha256((said + __version__).encode()).hexdigest()[:12]
        path = self.work / f"{task.name}_{key}.mp4"
        if not path.exists():  # an output appears only when it is complete
            chosen = {"output": path, "reference": (task.reference,), "renderer": self.renderer, "provenance": False}
            pipeline.process(ProcessConfig.build(chosen, input=task.source))
        return path


class EvaluateProtocol(Group):
    """Published protocols, for tables that others made."""

    name = "protocol"
    commands = (Spfem,)
