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
from ned.errors import Cancelled, NedError
from ned.evaluation.clouds import Clouds
from ned.evaluation.container import Container, read_container
from ned.evaluation.distance import RealDistance, Reference, real_distance
from ned.evaluation.figures import SPECS, Row
from ned.evaluation.group import Comparison, compare_videos, found_both
from ned.evaluation.judges.choice import Judges
from ned.evaluation.metrics import confusion
from ned.evaluation.pairs import Pair
from ned.evaluation.summary import probabilities, summarise, too_few_clips, too_few_faces
from ned.evaluation.transcode import transcode
from ned.runtime.progress import Progress, Silent
from ned.video import probe

NO_REFERENCE = "needs measures of real faces: --reference FILE, which `ned evaluate reference` makes"


KINDS = ("copy", "transcode", "edit")
"""Of rows beside an original."""


@dataclass(frozen=True)
class Pool:
    """Faces and clips of all rows of a kind."""

    faces: Clouds = field(default_factory=Clouds)
    clips: Clouds = field(default_factory=Clouds)


@dataclass(frozen=True)
class Measured:
    """One edit: its pair, its row and its frames."""

    pair: Pair
    row: Row
    comparison: Comparison

    @property
    def compared(self) -> bool:
        """Whether there is a frame in which both show a face."""
        return not self.comparison.failed and self.row.figures.get("face_found_both", 0.0) > 0


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

    Every original is read once for all its edits. What cannot be compared is said in its row. UserError, before
    anything is measured, where an original cannot be opened.
    """
    progress = progress or Silent()
    for original in dict.fromkeys(pair.original for pair in pairs):
        probe(original)
    rows: list[Row] = []
    measured: list[Measured] = []
    pools = {kind: Pool() for kind in KINDS} if len(pairs) > 1 else {}
    for original in dict.fromkeys(pair.original for pair in pairs):
        own = [pair for pair in pairs if pair.original == original]
        try:
            found = _measure_original(original, own, judges, reference, progress, pools)
        except Cancelled:
            raise
        except NedError as error:  # of others much may have been measured
            found = _not_measured(original, own, str(error))
        rows += [row for row, _ in found]
        measured += [Measured(pair, *part) for pair, part in zip(own, found[2:], strict=True)]
    if len(measured) > 1:
        rows += [_mean(rows, kind, pools[kind]) for kind in KINDS]
    return Evaluation(tuple(rows), tuple(measured), _confusions(measured, judges), _distances(measured, reference),
                      dict(judges.absent))  # fmt: skip


def _measure_original(
    original: Path,
    pairs: list[Pair],
    judges: Judges,
    reference: Reference | None,
    progress: Progress,
    pools: dict[str, Pool],
) -> list[tuple[Row, Comparison]]:
    """Rows and frames of the copy, the transcode and the edits of one original."""
    info = probe(original)
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
    if failed:
        comparisons[1].failed, containers[1] = failed, None
    out = []
    kinds = _kinds(original, pairs)
    for comparison, container, (kind, name, target) in zip(comparisons, containers, kinds, strict=True):
        row = summarise(comparison, kind, (str(original), name), target, judges, container)
        if kind in pools:
            pools[kind].faces.join(comparison.clouds)
            pools[kind].clips.join(comparison.clips)
        comparison.clouds, comparison.clips = Clouds(), Clouds()  # 67 MB that nobody needs any more
        out.append((_with_distance(row, comparison, reference), comparison))
    return out


def _kinds(original: Path, pairs: list[Pair]) -> list[tuple[str, str, str | None]]:
    """Kind, name and target of the rows of one original."""
    targets = {pair.target for pair in pairs}
    common = next(iter(targets)) if len(targets) == 1 else None
    edits = [("edit", str(pair.edited), pair.target) for pair in pairs]
    return [("copy", original.name, common), ("transcode", "x264", common), *edits]


def _not_measured(original: Path, pairs: list[Pair], reason: str) -> list[tuple[Row, Comparison]]:
    """The rows of an original of which nothing can be said."""
    out = []
    for kind, name, target in _kinds(original, pairs):
        missing = {spec.name: f"not comparable: {reason}" for spec in SPECS}
        out.append((Row(str(original), name, kind, target, {}, missing), Comparison(original, failed=reason)))
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


def _mean(rows: list[Row], kind: str, pool: Pool) -> Row:
    """Over rows of a kind, each figure over those that have it; how many could be compared is said. FID and FVD are of
    all faces and clips together: those of few are no mean of theirs."""
    some = [row for row in rows if row.kind == kind]
    figures, missing = {}, {}
    for name in dict.fromkeys(name for row in some for name in row.figures):
        figures[name] = float(np.mean([row.figures[name] for row in some if name in row.figures]))
    together = {"fid": pool.faces.fid(), "fvd": pool.clips.fvd(), "fvd_clips": float(pool.clips.count) or None}
    for name, value in together.items():
        figures.pop(name, None)
        if value is not None:
            figures[name] = value
    known = {*figures, *(name.split("@")[0] for name in figures)}
    for row in some:
        missing |= {name: why for name, why in row.missing.items() if name not in known and name not in missing}
    if "fid" in missing and pool.faces.count:
        missing["fid"] = too_few_faces(pool.faces)
    if "fvd" in missing and pool.clips.count:
        missing["fvd"] = too_few_clips(pool.clips)
    compared = sum("fapd" in row.figures for row in some)
    said = f"{kind}, mean of {compared}" + (f" of {len(some)}" if compared < len(some) else "")
    targets = {row.target for row in some}
    return Row("", said, "mean", next(iter(targets)) if len(targets) == 1 else None, figures, missing)


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
