"""`ned evaluate video`: the whole story."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from jaxtyping import Int

from ned import workspace
from ned.emotions import EMOTIONS
from ned.errors import NedError
from ned.evaluation.clouds import Cloud, Clouds
from ned.evaluation.container import Container, read_container
from ned.evaluation.distance import RealDistance, Reference, real_distance
from ned.evaluation.figures import SPECS, Row
from ned.evaluation.group import Comparison, compare_videos, found_both
from ned.evaluation.judges.choice import Judges
from ned.evaluation.metrics import confusion
from ned.evaluation.pairs import Pair
from ned.evaluation.summary import probabilities, summarise
from ned.evaluation.transcode import transcode
from ned.runtime.progress import Progress, Silent
from ned.video import probe

NO_REFERENCE = "needs measures of real faces: --reference FILE, which `ned evaluate reference` makes"


@dataclass(frozen=True)
class Measured:
    """One edit: its pair, its row and its frames."""

    pair: Pair
    row: Row
    comparison: Comparison


@dataclass(frozen=True)
class Evaluation:
    """All of a run."""

    rows: tuple[Row, ...]
    """Grouped by original: its copy, its transcode, its edits; means at the end where there are several edits."""
    measured: tuple[Measured, ...]
    confusions: dict[str, Int[np.ndarray, "7 7"]] = field(default_factory=dict)
    """By judge: frames by wanted (rows) and recognised emotion, of all edits with a target."""
    distances: tuple[RealDistance, ...] = ()
    """Pooled over all edits to one emotion."""
    absent: dict[str, str] = field(default_factory=dict)
    """Models that were not used, and why."""


def evaluate_videos(
    pairs: Sequence[Pair], judges: Judges, reference: Reference | None = None, progress: Progress | None = None
) -> Evaluation:
    """Measure every edit beside its original, the original itself and a plain transcode of it.

    Every original is read once for all its edits. What cannot be compared is said in its row. UserError where an
    original cannot be read.
    """
    progress = progress or Silent()
    rows: list[Row] = []
    measured: list[Measured] = []
    for original in dict.fromkeys(pair.original for pair in pairs):
        own = [pair for pair in pairs if pair.original == original]
        found = _measure_original(original, own, judges, reference, progress)
        rows += [row for row, _ in found]
        measured += [Measured(pair, *part) for pair, part in zip(own, found[2:], strict=True)]
    if len(measured) > 1:
        rows += [_mean(rows, kind) for kind in ("copy", "transcode", "edit")]
    return Evaluation(tuple(rows), tuple(measured), _confusions(measured, judges), _distances(measured, reference),
                      dict(judges.absent))  # fmt: skip


def _measure_original(
    original: Path, pairs: list[Pair], judges: Judges, reference: Reference | None, progress: Progress
) -> list[tuple[Row, Comparison]]:
    """Rows and frames of the copy, the transcode and the edits of one original."""
    info = probe(original)
    targets = {pair.target for pair in pairs}
    common = next(iter(targets)) if len(targets) == 1 else None
    with tempfile.TemporaryDirectory(prefix="ned-evaluate-") as name:
        workspace.check_space(Path(name), 2 * original.stat().st_size)
        failed = ""
        try:
            with progress.stage("transcode"):
                plain = transcode(original, Path(name))
        except NedError as error:
            plain, failed = original, f"no transcode could be made ({error.cause})"
        others = [original, plain, *(pair.edited for pair in pairs)]
        with progress.stage(original.name, info.num_frames) as stage:
            comparisons = compare_videos(original, others, judges, stage)
        containers = _containers(original, others)
    comparisons[1].failed = comparisons[1].failed or failed
    kinds = [("copy", original.name, common), ("transcode", "x264", common)]
    kinds += [("edit", str(pair.edited), pair.target) for pair in pairs]
    out = []
    for comparison, container, (kind, name, target) in zip(comparisons, containers, kinds, strict=True):
        row = summarise(comparison, kind, (str(original), name), target, judges, container)
        comparison.clouds = Clouds(Cloud(), Cloud())  # 67 MB that nobody needs any more
        out.append((_with_distance(row, comparison, reference), comparison))
    return out


def _containers(original: Path, others: list[Path]) -> list[tuple[Container, Container] | None]:
    own, out = read_container(original), []
    for path in others:
        try:
            out.append((own, own if path == original else read_container(path)))
        except NedError:
            out.append(None)
    return out


def _with_distance(row: Row, comparison: Comparison, reference: Reference | None) -> Row:
    """The row with its own distance to real faces, or why there is none."""
    names = ("real_distance", "real_distance_original")
    if names[0] in row.missing:
        return row
    reason = NO_REFERENCE if reference is None else "no --target" if row.target is None else ""
    found = None if reason else real_distance([comparison], row.target, reference)
    if found is not None:
        figures = {**row.figures, names[0]: found.edited, names[1]: found.original}
        return replace(row, figures=figures)
    reason = reason or f"too few faces of {row.target} in the reference, or in the video"
    return replace(row, missing={**row.missing, **dict.fromkeys(names, reason)})


def _mean(rows: list[Row], kind: str) -> Row:
    """Over rows of a kind, each figure over those that have it."""
    some = [row for row in rows if row.kind == kind]
    figures, missing = {}, {}
    for name in dict.fromkeys(name for row in some for name in row.figures):
        figures[name] = float(np.mean([row.figures[name] for row in some if name in row.figures]))
    for spec in SPECS:
        reasons = [row.missing[spec.name] for row in some if spec.name in row.missing]
        if reasons and not any(name.split("@")[0] == spec.name for name in figures):
            missing[spec.name] = reasons[0]
    targets = {row.target for row in some}
    return Row(
        "", f"{kind}, mean of {len(some)}", "mean", next(iter(targets)) if len(targets) == 1 else None, figures, missing
    )


def _confusions(measured: list[Measured], judges: Judges) -> dict[str, np.ndarray]:
    out = {}
    for judge in judges.expression:
        table = np.zeros((len(EMOTIONS), len(EMOTIONS)), np.int64)
        for one in measured:
            columns = one.comparison.columns
            if one.pair.target is None or one.comparison.failed or not len(columns):
                continue
            seen = probabilities(columns, "b", judge.name)[found_both(columns)]
            seen = seen[np.isfinite(seen).all(1)].argmax(1)
            table += confusion(np.full(len(seen), EMOTIONS.index(one.pair.target)), seen, len(EMOTIONS))
        if table.any():
            out[judge.name] = table
    return out


def _distances(measured: list[Measured], reference: Reference | None) -> tuple[RealDistance, ...]:
    if reference is None:
        return ()
    out = []
    for emotion in EMOTIONS:
        some = [m.comparison for m in measured if m.pair.target == emotion and not m.comparison.failed]
        found = real_distance(some, emotion, reference) if some else None
        if found is not None:
            out.append(found)
    return tuple(out)
