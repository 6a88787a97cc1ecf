"""What a panel is shown, and who sees what."""

from __future__ import annotations

import csv
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ned.emotions import EMOTIONS
from ned.errors import UserError
from ned.files.reading import check_input

LEAST_UNTOUCHED = 0.1
"""Share of untouched clips below which viewers have nothing to hold the others against."""


@dataclass(frozen=True)
class Item:
    """One thing to look at."""

    kind: str
    """The user's word for how it was made; results are given for each."""
    emotion: str
    shown: Path
    guide: Path
    """The video in which the face is looked for: the original, or `shown` itself where that is untouched."""
    start: float = 0.0
    """Where to begin, as a share of the video's length."""
    person: str = ""

    @property
    def untouched(self) -> bool:
        return self.shown == self.guide


def read_items(path: Path) -> list[Item]:
    """From a .csv with columns kind, emotion, shown, and optionally original, start, person; paths relative to it.

    UserError for a row that is no item, and where fewer than a tenth are untouched (no `original`, or the same file).
    """
    check_input(path, what="list of clips")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            lacking = {"kind", "emotion", "shown"} - set(rows.fieldnames or ())
            if lacking:
                raise UserError(f"lacks the columns {', '.join(sorted(lacking))}", path=path,
                                remedy="name them in its first line")  # fmt: skip
            items = [_item(path, number, row) for number, row in enumerate(rows, 2)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"is no table of text ({error})", path=path, remedy="store it as UTF-8 CSV") from error
    if not items:
        raise UserError("names no clip", path=path, remedy="give a row for each clip")
    untouched = sum(item.untouched for item in items)
    if untouched < LEAST_UNTOUCHED * len(items):
        raise UserError(f"only {untouched} of {len(items)} clips are untouched", path=path,
                        remedy="put about one untouched clip in five, without original")  # fmt: skip
    return items


def _item(path: Path, number: int, row: dict[str, str | None]) -> Item:
    values = {
        name: (row.get(name) or "").strip() for name in ("kind", "emotion", "shown", "original", "start", "person")
    }
    if not values["kind"] or not values["shown"]:
        raise UserError(f"row {number} lacks kind or shown", path=path, remedy="fill it in")
    if values["emotion"] not in EMOTIONS:
        raise UserError(f"row {number} has the emotion {values['emotion'][:40]!r}", path=path,
                        remedy=f"choose one of: {', '.join(EMOTIONS)}")  # fmt: skip
    try:
        start = float(values["start"] or 0.0)
    except ValueError:
        start = math.nan
    if not 0 <= start < 1:
        raise UserError(f"row {number} starts at {values['start'][:40]!r}", path=path,
                        remedy="give a share of the length, from 0 to below 1")  # fmt: skip
    shown = path.parent / values["shown"]
    guide = path.parent / values["original"] if values["original"] else shown
    for video in dict.fromkeys((shown, guide)):
        check_input(video)
    return Item(values["kind"], values["emotion"], shown, guide, start, values["person"])


def share_out(items: list[Item], viewers: int, each: int, seed: int) -> list[list[int]]:
    """For each viewer the items, by index, in the order to be shown: every item to `each` viewers.

    Every viewer gets as many items, as evenly of every kind and emotion, as can be; neighbours of one person are
    avoided. UserError where there are fewer viewers than `each`.
    """
    if each > viewers:
        raise UserError(f"{each} viewers an item, and {viewers} viewers", remedy="give more --viewers")
    rng = np.random.default_rng(seed)
    loads = [Counter() for _ in range(viewers)]
    shares: list[list[int]] = [[] for _ in range(viewers)]
    for i in rng.permutation(len(items)).tolist():
        kinds = (items[i].kind, (items[i].kind, items[i].emotion))
        order = rng.permutation(viewers).tolist()
        order.sort(key=lambda v: (len(shares[v]), *(loads[v][k] for k in kinds)))
        for v in order[:each]:
            shares[v].append(i)
            loads[v].update(kinds)
    return [_apart([share[k] for k in rng.permutation(len(share))], items) for share in shares]


def _apart(order: list[int], items: list[Item]) -> list[int]:
    """The same order, but for items that follow one of the same person where another could."""
    rest, out = list(order), []
    while rest:
        last = items[out[-1]].person if out else ""
        k = next((k for k, i in enumerate(rest) if not last or items[i].person != last), 0)
        out.append(rest.pop(k))
    return out
