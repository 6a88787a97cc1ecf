"""`ned evaluate panel score`: from the viewers' answers to figures with confidence intervals."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ned.emotions import EMOTIONS
from ned.errors import UserError
from ned.evaluation.metrics.agreement import krippendorff_alpha, squared, unequal
from ned.evaluation.metrics.intervals import Estimate, clustered_mean, clustered_share
from ned.evaluation.panel.making import KEY
from ned.files.reading import check_input

REAL = 4
"""From this realism on an item counts as taken for real."""


@dataclass(frozen=True)
class Answer:
    """One viewer's word on one item."""

    item: int
    viewer: int
    kind: str
    wanted: str
    realism: int
    emotion: str
    remark: str = ""


@dataclass(frozen=True)
class Score:
    """Of one kind, of all emotions (None) or one. Intervals are for these viewers and other clips of that kind."""

    kind: str
    emotion: str | None
    items: int
    answers: int
    realism: Estimate
    """Share of answers 4 and 5."""
    mean_realism: Estimate
    surely_altered: Estimate
    recognised: Estimate
    """Share of answers that name the emotion."""


@dataclass(frozen=True)
class PanelResult:
    """What `score_answers` gives."""

    scores: tuple[Score, ...]
    answers: int
    viewers: int
    realism_difference: float
    """Mean difference of two viewers of one item, in points; NaN where none was seen twice."""
    same_emotion: float
    """Share of pairs of viewers of one item who name the same emotion."""
    realism_alpha: float
    """Krippendorff's alpha, interval scale."""
    emotion_alpha: float
    """Krippendorff's alpha, names."""
    remarks: tuple[Answer, ...]


def read_answers(folder: Path) -> list[Answer]:
    """All answers in a panel's folder: `viewerN/answers.csv`. UserError for a wrong line, and where there are none."""
    check_input(folder / KEY, what="key of a panel")
    try:
        key = json.loads((folder / KEY).read_text(encoding="utf-8"))
        items, shares = key["items"], key["shares"]
        kinds = [(str(row["kind"]), str(row["emotion"])) for row in items]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError("is no key of a panel", path=folder / KEY, remedy="make the panel again") from error
    out: list[Answer] = []
    for v, share in enumerate(shares, 1):
        path = folder / f"viewer{v}" / "answers.csv"
        if path.is_file():
            for number, realism, emotion, remark in _lines(path, len(share)):
                kind, wanted = kinds[share[number - 1]]
                out.append(Answer(share[number - 1], v, kind, wanted, realism, emotion, remark))
    if not out:
        raise UserError("holds no answers", path=folder, remedy="put answers.csv into the viewers' folders")
    return out


def _lines(path: Path, most: int) -> Iterable[tuple[int, int, str, str]]:
    seen: set[int] = set()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line, row in enumerate(csv.DictReader(file), 2):
                number, realism = (_whole(row.get(name)) for name in ("number", "realism"))
                emotion = (row.get("emotion") or "").strip()
                wrong = (
                    f"number is not 1 to {most}" if not 1 <= number <= most
                    else f"item {number} is answered twice" if number in seen
                    else "realism is not 1 to 5" if not 1 <= realism <= 5
                    else "emotion is none of " + ", ".join(EMOTIONS) if emotion not in EMOTIONS else ""
                )  # fmt: skip
                if wrong:
                    raise UserError(f"line {line}: {wrong}", path=path, remedy="mend it")
                seen.add(number)
                yield number, realism, emotion, (row.get("remark") or "").strip()
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"is no table of text ({error})", path=path, remedy="store it as UTF-8 CSV") from error


def _whole(text: str | None) -> int:
    try:
        return int((text or "").strip())
    except ValueError:
        return -1


def score_answers(answers: list[Answer]) -> PanelResult:
    """The figures for each kind, for all its emotions and each."""
    scores = []
    for kind in sorted({a.kind for a in answers}):
        for emotion in (None, *EMOTIONS):
            some = [a for a in answers if a.kind == kind and emotion in (None, a.wanted)]
            if some:
                scores.append(_score(kind, emotion, some))
    by_item = _by_item(answers, lambda a: a)
    pairs = [(a, b) for group in by_item for i, a in enumerate(group) for b in group[:i]]
    differences = [abs(a.realism - b.realism) for a, b in pairs]
    same = [a.emotion == b.emotion for a, b in pairs]
    return PanelResult(
        tuple(scores), len(answers), len({a.viewer for a in answers}),
        sum(differences) / len(pairs) if pairs else float("nan"), sum(same) / len(pairs) if pairs else float("nan"),
        krippendorff_alpha([[a.realism for a in group] for group in by_item], squared),
        krippendorff_alpha([[EMOTIONS.index(a.emotion) for a in group] for group in by_item], unequal),
        tuple(sorted((a for a in answers if a.remark), key=lambda a: (a.kind, a.wanted, a.realism))),
    )  # fmt: skip


def _score(kind: str, emotion: str | None, some: list[Answer]) -> Score:
    def share(test: Callable[[Answer], bool]) -> Estimate:
        return clustered_share(_by_item(some, test))

    return Score(
        kind, emotion, len({a.item for a in some}), len(some), share(lambda a: a.realism >= REAL),
        clustered_mean(_by_item(some, lambda a: float(a.realism))), share(lambda a: a.realism == 1),
        share(lambda a: a.emotion == a.wanted),
    )  # fmt: skip


def _by_item(answers: list[Answer], value: Callable[[Answer], object]) -> list[list]:
    groups: dict[int, list] = {}
    for answer in answers:
        groups.setdefault(answer.item, []).append(value(answer))
    return list(groups.values())


def as_text(result: PanelResult) -> str:
    """The table."""
    lines = [
        f"{_counted(result.answers, 'answer')} of {_counted(result.viewers, 'viewer')}; {_agreement(result)}",
        f"{'kind':14s}{'emotion':11s}{'items':>6s}{'answers':>8s}  {'taken for real':22s}{'realism, 1 to 5':22s}"
        f"{'surely altered':22s}recognised",
    ]
    for s in result.scores:
        shares = [_with_interval(e, "4.0%", ".0%") for e in (s.realism, s.surely_altered, s.recognised)]
        mean = _with_interval(s.mean_realism, ".2f", ".2f")
        lines.append(f"{s.kind:14s}{s.emotion or 'all':11s}{s.items:6d}{s.answers:8d}  {shares[0]:22s}{mean:22s}"
                     f"{shares[1]:22s}{shares[2]}")  # fmt: skip
    lines.append("in brackets: 95 % intervals, for these viewers and other clips of the kind; –: not to be known")
    if result.remarks:
        lines.append("remarks:")
        lines += [f"  {a.kind} {a.wanted} {a.realism}: {a.remark}" for a in result.remarks]
    return "\n".join(lines) + "\n"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _agreement(result: PanelResult) -> str:
    """How far viewers of one item agree, as far as any item had two of them."""
    if math.isnan(result.realism_difference):
        return "no item was seen by two, so nothing is known of their agreement"
    alphas = [
        f"{name} {'not known, all answers are one' if math.isnan(alpha) else format(alpha, '.2f')}"
        for name, alpha in (("realism", result.realism_alpha), ("emotion", result.emotion_alpha))
    ]
    return (
        f"two viewers of one item differ by {result.realism_difference:.2f} points and name the same emotion in "
        f"{result.same_emotion:.0%}; Krippendorff's alpha: {', '.join(alphas)}"
    )


def _with_interval(estimate: Estimate, form: str, bounds: str) -> str:
    if math.isnan(estimate.low) or math.isnan(estimate.high):
        return f"{estimate.value:{form}} (–)"
    return f"{estimate.value:{form}} ({estimate.low:{bounds}} to {estimate.high:{bounds}})"
