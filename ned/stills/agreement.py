"""How well judged valence and arousal follow what was asked for: RMSE, SAGR and CCC, all labels and corners.

A grid of labels has a trivial answer: a judge that always says 0 has the grid's own RMSE (.500 on the paper's 49
labels, .750 in its corners), which many editors do not reach. CCC of that answer is 0, so CCC leads.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ned.errors import UserError

COLUMNS = ("asked_valence", "asked_arousal", "valence", "arousal")
PAPER = {
    "all": ((0.528, 0.567, 0.312), (0.607, 0.483, 0.210)), "corners": ((0.671, 0.691, 0.353), (0.720, 0.624, 0.267)),
}  # fmt: skip
"""RMSE, SAGR and CCC of valence and of arousal as the CAAE's paper has them; its judges and faces are others."""
ANNOTATORS = ((0.340, 0.815, 0.821), (0.362, 0.667, 0.551))
"""Of two human annotators."""
RESAMPLED = 500


@dataclass(frozen=True)
class Judged:
    """What was asked for and what a judge saw; valence and arousal."""

    asked: Float[np.ndarray, "images 2"]
    seen: Float[np.ndarray, "images 2"]
    groups: tuple[str, ...]
    """Who is in each image; what is drawn anew for intervals."""


@dataclass(frozen=True)
class Agreement:
    """Of one of the two numbers."""

    rmse: float
    sagr: float
    """Share of equal signs; where 0 is asked for only 0 is right."""
    ccc: float
    interval: tuple[float, float] = (math.nan, math.nan)
    """Of the CCC: 95 %, persons drawn anew."""


def agreement(asked: Float[np.ndarray, "n"], seen: Float[np.ndarray, "n"]) -> Agreement:
    """RMSE, sign agreement, and Lin's concordance."""
    covariance = float(np.mean((asked - asked.mean()) * (seen - seen.mean())))
    spread = float(asked.var() + seen.var() + (asked.mean() - seen.mean()) ** 2)
    return Agreement(
        float(np.sqrt(np.mean((asked - seen) ** 2))), float(np.mean(np.sign(asked) == np.sign(seen))),
        2.0 * covariance / spread if spread > 0 else 0.0,
    )  # fmt: skip


def with_interval(judged: Judged, column: int, seed: int = 0) -> Agreement:
    """`agreement` of valence (0) or arousal (1) with a bootstrap over persons."""
    plain = agreement(judged.asked[:, column], judged.seen[:, column])
    names = np.array(judged.groups)
    rows = [np.flatnonzero(names == name) for name in np.unique(names)]
    rng, drawn = np.random.default_rng(seed), []
    for _ in range(RESAMPLED if len(rows) > 1 else 0):
        some = np.concatenate([rows[k] for k in rng.integers(len(rows), size=len(rows))])
        drawn.append(agreement(judged.asked[some, column], judged.seen[some, column]).ccc)
    if not drawn:
        return plain
    low, high = (float(v) for v in np.quantile(drawn, (0.025, 0.975)))
    return Agreement(plain.rmse, plain.sagr, plain.ccc, (low, high))


def corners(judged: Judged) -> Judged:
    """The images whose asked valence and arousal are both the largest, either way."""
    most = np.abs(judged.asked).max(0)
    rows = (np.abs(judged.asked) > most - 1e-9).all(1)
    return Judged(judged.asked[rows], judged.seen[rows], tuple(np.array(judged.groups)[rows].tolist()))


def read_judged(path: Path) -> Judged:
    """A CSV with the columns asked_valence, asked_arousal, valence, arousal and, if known, person. Raises UserError."""
    asked, seen, groups = [], [], []
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                said = f"has no column {missing[0]!r}"
                raise UserError(said, path=path, remedy=f"give the columns {', '.join(COLUMNS)} and person")
            for number, row in enumerate(reader, start=2):
                values = [float(row[name] or "") for name in COLUMNS]
                if not all(map(math.isfinite, values)):
                    raise ValueError(f"line {number}")
                asked.append(values[:2])
                seen.append(values[2:])
                groups.append(row.get("person") or str(number))
    except (ValueError, TypeError, csv.Error) as error:
        raise UserError(f"is no table of numbers ({error})", path=path, remedy="write a row an image") from error
    if not asked:
        raise UserError("has no rows", path=path, remedy="write a row an image")
    return Judged(np.array(asked), np.array(seen), tuple(groups))


def print_agreement(judged: Judged) -> None:
    """The paper's table with the constant answer and the paper's own row, in Markdown."""
    print("| labels | answer | valence RMSE / SAGR / CCC | arousal RMSE / SAGR / CCC |\n|---|---|---|---|")
    for name, part in (("all", judged), ("corners", corners(judged))):
        if not len(part.asked):
            continue
        rows = {
            f"this one ({len(part.asked)} images)": [with_interval(part, k) for k in range(2)],
            "always 0": [agreement(part.asked[:, k], np.zeros(len(part.asked))) for k in range(2)],
            "the paper's": [Agreement(*figures) for figures in PAPER[name]],
        }
        for answer, figures in rows.items():
            print(f"| {name} | {answer} | {' | '.join(map(_said, figures))} |")
    print(f"| all | two annotators | {' | '.join(_said(Agreement(*figures)) for figures in ANNOTATORS)} |")
    print("\nThe paper's figures are of other faces and other judges: only the form compares.")


def _said(figures: Agreement) -> str:
    low, high = figures.interval
    interval = "" if math.isnan(low) else f" [{low:.2f}, {high:.2f}]"
    return f"{figures.rmse:.3f} / {figures.sagr:.3f} / {figures.ccc:.3f}{interval}"
