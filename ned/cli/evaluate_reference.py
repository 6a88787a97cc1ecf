"""`ned evaluate reference`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ned import workspace
from ned.cli.arguments import Command
from ned.config.options import option
from ned.errors import UserError
from ned.runtime.progress import for_stream


@dataclass(frozen=True)
class EvaluateReference(Command):
    """Measure photographs of real faces, sorted into folders by emotion, for `ned evaluate video --reference`."""

    name = "reference"
    folder: Path = option(help="folder with folders neutral, happy, sad and so on", metavar="FOLDER")
    out: Path = option(Path("real_faces.npz"), metavar="FILE", help="where the measures are written")
    overwrite: bool = option(False, help="replace a file that exists")
    quiet: bool = option(False, help="show no progress")

    def main(self) -> int:
        if not self.folder.is_dir():
            raise UserError("no such folder", path=self.folder, remedy="check the path")
        if self.out.suffix != ".npz":
            raise UserError("its name does not end in .npz", path=self.out, remedy="choose another --out")
        workspace.check_output(self.out, (), self.overwrite)
        from ned.evaluation.judges import find_judges
        from ned.evaluation.reference import measure_photographs, save_reference

        judges = find_judges()
        found = measure_photographs(self.folder, judges, for_stream(quiet=self.quiet, unit="images"))
        save_reference(self.out, found, judges.landmarker is not None)
        print(f"{self.out}: " + ", ".join(f"{emotion} {len(rows)}" for emotion, rows in found.items()))
        return 0
