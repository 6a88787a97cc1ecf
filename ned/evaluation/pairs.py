"""Which edit belongs to which original, and what it was to show."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ned.emotions import EMOTIONS
from ned.errors import UserError
from ned.files.reading import check_input
from ned.workspace.inputs import VIDEOS

MAX_ROWS = 100_000
"""Of a list of pairs."""


@dataclass(frozen=True)
class Pair:
    """An edit and its original."""

    original: Path
    edited: Path
    target: str | None = None


def find_pairs(originals: Sequence[Path], edited: Sequence[Path], target: str | None) -> list[Pair]:
    """Pairs from files, two folders, or one .csv of them; `target` where neither the list nor a name says it.

    Files go by order, or several edits to one original. In folders an edit is named as its original, or that and
    `_EMOTION`, as `ned process` names it. A .csv has columns `original`, `edited`, optionally `target`; paths are
    relative to it. UserError where an edit has no original, or two, something is missing, or names an unknown emotion.
    """
    if len(originals) == 1 and originals[0].suffix.lower() == ".csv":
        if edited:
            raise UserError("--edited does not go with a list of pairs", path=originals[0], remedy="leave it out")
        pairs = _from_list(originals[0], target)
    elif not edited:
        raise UserError("--edited is missing", remedy="give edited videos, or a .csv of pairs in place of the original")
    elif len(originals) == len(edited) == 1 and originals[0].is_dir() and edited[0].is_dir():
        pairs = _from_folders(originals[0], edited[0], target)
    elif any(path.is_dir() for path in (*originals, *edited)):
        raise UserError("folders and files are mixed", remedy="give one folder of originals and one of edited videos")
    elif len(originals) in (1, len(edited)):
        many = originals if len(originals) == len(edited) else [originals[0]] * len(edited)
        pairs = [Pair(o, e, target or _target_of_name(e, o)) for o, e in zip(many, edited, strict=True)]
    else:
        raise UserError(f"{len(originals)} originals and {len(edited)} edited videos", remedy="give as many of both")
    for pair in pairs:
        check_input(pair.original)
        check_input(pair.edited, what="edited video")
        if pair.original.samefile(pair.edited):
            raise UserError("is original and edited at once", path=pair.edited, remedy="name another file")
    return pairs


def _from_folders(originals: Path, edited: Path, target: str | None) -> list[Pair]:
    known: dict[str, Path] = {}
    for path in _videos(originals):
        if path.stem in known:
            raise UserError(f"has the name of {known[path.stem].name}", path=path, remedy="keep one of them there")
        known[path.stem] = path
    pairs = []
    for path in _videos(edited):
        fitting = [stem for stem in known if path.stem == stem or path.stem.startswith(f"{stem}_")]
        if not fitting:
            raise UserError(f"no original of its name in {originals}", path=path, remedy="name it as its original")
        original = known[max(fitting, key=len)]
        pairs.append(Pair(original, path, target or _target_of_name(path, original)))
    return pairs


def without_edit(originals: Sequence[Path], pairs: Sequence[Pair]) -> list[Path]:
    """Videos of a folder of originals of which no edit is there."""
    if len(originals) != 1 or not originals[0].is_dir():
        return []
    used = {pair.original for pair in pairs}
    return [path for path in _videos(originals[0]) if path not in used]


def _videos(folder: Path) -> list[Path]:
    found = sorted(p for p in folder.iterdir() if p.suffix.lower() in VIDEOS and p.name[0] != "." and p.is_file())
    if not found:
        raise UserError("holds no video", path=folder, remedy="check the path")
    return found


def _target_of_name(edited: Path, original: Path) -> str | None:
    """What stands after the original's name, where that is an emotion."""
    rest = edited.stem.removeprefix(original.stem).lstrip("_")
    return rest if rest in EMOTIONS and edited.stem.startswith(original.stem) else None


def _from_list(path: Path, target: str | None) -> list[Pair]:
    check_input(path, what="list of pairs")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"original", "edited"} <= set(rows.fieldnames or ()):
                raise UserError(
                    "lacks the columns original and edited", path=path, remedy="name them in its first line"
                )
            pairs = []
            for number, row in enumerate(rows, 2):
                if number > MAX_ROWS:
                    raise UserError(f"has more than {MAX_ROWS} rows", path=path, remedy="split it")
                pairs.append(_of_row(path, number, row, target))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"is no table of text ({error})", path=path, remedy="store it as UTF-8 CSV") from error
    if not pairs:
        raise UserError("names no pair", path=path, remedy="give a row for each edited video")
    return pairs


def _of_row(path: Path, number: int, row: dict[str, str | None], target: str | None) -> Pair:
    original, edited = row.get("original") or "", row.get("edited") or ""
    wanted = (row.get("target") or "").strip() or target
    if not original or not edited:
        raise UserError(f"row {number} lacks original or edited", path=path, remedy="fill it in")
    if wanted is not None and wanted not in EMOTIONS:
        raise UserError(f"row {number} has the target {wanted[:40]!r}", path=path,
                        remedy=f"choose one of: {', '.join(EMOTIONS)}")  # fmt: skip
    return Pair(path.parent / original, path.parent / edited, wanted)
