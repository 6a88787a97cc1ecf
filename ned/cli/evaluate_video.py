"""`ned evaluate video`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ned import workspace
from ned.cli.groups import ManyCommand, Several
from ned.config.options import check_choice, option
from ned.emotions import EMOTIONS
from ned.errors import UserError
from ned.runtime.progress import for_stream


def as_path(text: str) -> Path:
    """A path as a user writes it."""
    return Path(text).expanduser()


@dataclass(frozen=True)
class EvaluateVideo(ManyCommand):
    """Measure edited videos beside their originals, with the input itself and a plain transcode for comparison."""

    name = "video"
    several = {
        "originals": Several("original videos, a folder of them, or one .csv with columns original, edited, target",
                             "ORIGINAL", kind=as_path),
        "edited": Several("edited videos in the same order (several of one original, too), or a folder in which they "
                          "are named as their originals", "EDITED", "--edited", least=0, kind=as_path),
    }  # fmt: skip
    originals: tuple[Path, ...]
    edited: tuple[Path, ...] = ()
    target: str | None = option(None, metavar="EMOTION", help="what the edits are to show; default: as their names end")
    reference: Path | None = option(None, metavar="FILE", help="measures of real faces, see `ned evaluate reference`")
    json: Path | None = option(None, metavar="FILE", help="write all figures as JSON; - for standard output")
    csv: Path | None = option(None, metavar="FILE", help="write a table of all figures")
    html: Path | None = option(None, metavar="FILE", help="write a page with curves and images")
    overwrite: bool = option(False, help="replace files that exist")
    quiet: bool = option(False, help="show no progress")

    def __post_init__(self) -> None:
        if self.target is not None:
            check_choice("target", self.target, EMOTIONS)
        for path in (self.csv, self.html):
            if path is not None and str(path) == "-":
                raise UserError("only --json goes to standard output", remedy="name a file")

    def main(self) -> int:
        from ned.evaluation.pairs import find_pairs, without_edit

        progress = for_stream(quiet=self.quiet)
        pairs = find_pairs(self.originals, self.edited, self.target)
        if left := without_edit(self.originals, pairs):
            progress.note(f"without an edit, so in no figure: {', '.join(path.name for path in left)}")
        inputs = [p for pair in pairs for p in (pair.original, pair.edited)]
        for path in (self.json, self.csv, self.html):
            if path is not None and str(path) != "-":
                workspace.check_output(path, inputs, self.overwrite)
        if self.reference is not None:
            workspace.check_input(self.reference, what="file of measures")
        from ned.evaluation.distance import load_reference
        from ned.evaluation.judges import find_judges
        from ned.evaluation.table import as_csv, as_json, as_text
        from ned.evaluation.video import evaluate_videos

        judges, reference = find_judges(), None
        if self.reference is not None:
            reference = load_reference(self.reference, judges.landmarker is not None)
        found = evaluate_videos(pairs, judges, reference, progress)
        if str(self.json) == "-":
            print(as_json(found), end="")
        else:
            print(as_text(found), end="")
        if self.json is not None and str(self.json) != "-":
            workspace.write_text(self.json, as_json(found))
        if self.csv is not None:
            workspace.write_text(self.csv, as_csv(found))
        if self.html is not None:
            from ned.evaluation.page import write_page

            write_page(self.html, found)
        return 0 if all(measured.compared for measured in found.measured) else 1
