"""`ned evaluate panel`."""

from __future__ import annotations

import json as to_json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from ned.cli.arguments import Command
from ned.cli.groups import Group
from ned.config.options import option
from ned.errors import UserError
from ned.runtime.progress import for_stream


@dataclass(frozen=True)
class MakePanel(Command):
    """Make blind strips or short clips for viewers out of a list, shuffled, with untouched ones among them."""

    name = "make"
    list: Path = option(
        metavar="LIST.csv",
        help="table with columns kind, emotion, shown, and optionally original (of an edited clip), start, person",
    )
    out: Path | None = option(None, metavar="FOLDER", help="new folder for the panel (required)")
    viewers: int = option(4, metavar="N", help="number of viewers")
    each: int = option(2, metavar="N", help="viewers who see each item")
    clips: bool = option(False, help="show clips of 2 s in place of strips of 8 frames")
    seed: int = option(0, metavar="N", help="number from which all chance is drawn")
    quiet: bool = option(False, help="show no progress")

    def __post_init__(self) -> None:
        if self.out is None:
            raise UserError("missing: --out", remedy="name a new folder for the panel")
        for name, value in (("viewers", self.viewers), ("each", self.each)):
            if value < 1:
                raise UserError(f"{name} is {value}", remedy="give 1 or more")

    def main(self) -> int:
        from ned.evaluation.panel.items import read_items
        from ned.evaluation.panel.making import make_panel

        items = read_items(self.list)
        progress = for_stream(quiet=self.quiet, unit="items")
        shares = make_panel(items, self.out, self.viewers, self.each, self.clips, self.seed, progress)
        for v, share in enumerate(shares, 1):
            print(f"{self.out / f'viewer{v}'}: {len(share)} items")
        print("give each viewer that folder and nothing else; the key stays with you")
        return 0


@dataclass(frozen=True)
class ScorePanel(Command):
    """Score the answers of a panel: realism, recognition, agreement, with confidence intervals."""

    name = "score"
    folder: Path = option(help="folder that `panel make` made, with answers in it", metavar="FOLDER")
    json: bool = option(False, help="write JSON")

    def main(self) -> int:
        from ned.evaluation.panel.scoring import as_text, read_answers, score_answers

        if not self.folder.is_dir():
            raise UserError("no such folder", path=self.folder, remedy="give the folder of a panel")
        result = score_answers(read_answers(self.folder))
        print(to_json.dumps(_plain(asdict(result)), indent=1) if self.json else as_text(result), end="\n" * self.json)
        return 0


def _plain(value: object) -> object:
    """NaN as null, which JSON knows; estimates as objects."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _plain(v) for name, v in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return _plain(value._asdict())
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value


class EvaluatePanel(Group):
    """Ask people: a blind panel on realism and emotion."""

    name = "panel"
    commands = (MakePanel, ScorePanel)
