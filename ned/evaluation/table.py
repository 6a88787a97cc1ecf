"""An evaluation as text: for the terminal, as JSON, as CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import asdict

from ned.emotions import EMOTIONS
from ned.evaluation.distance import RealDistance
from ned.evaluation.figures import BY_NAME, SPECS, Row
from ned.evaluation.video import Evaluation
from ned.version import __version__

NOT_COMPUTED = "not computed"


def figure_names(rows: tuple[Row, ...], shown_only: bool = False) -> list[str]:
    """All figures of these rows in the order of `SPECS`, those of judges one by one; those that no row has, too."""
    out = []
    for spec in SPECS:
        if shown_only and not spec.shown:
            continue
        found = {n for row in rows for n in (*row.figures, *row.missing) if n.split("@")[0] == spec.name}
        out += sorted(n for n in found if "@" in n) or [spec.name]
    return out


def as_text(evaluation: Evaluation) -> str:
    """The table: a line a figure, a column a video, with the trivial answers beside every edit."""
    lines: list[str] = []
    for original in dict.fromkeys(row.original for row in evaluation.rows):
        rows = tuple(row for row in evaluation.rows if row.original == original)
        lines += [*_table(original, rows), ""]
    lines += [line for judge, table in evaluation.confusions.items() for line in [*_confusion(judge, table), ""]]
    lines += [line for found in evaluation.distances for line in [*distance_lines(found), ""]]
    return "\n".join(lines).rstrip() + "\n"


def _table(original: str, rows: tuple[Row, ...]) -> list[str]:
    heads = [_short(row) for row in rows]
    wide = [max(len(head), 12) for head in heads]
    lines = [original or "all originals", " " * 40 + "  ".join(h.rjust(w) for h, w in zip(heads, wide, strict=True))]
    group = ""
    for name in figure_names(rows, shown_only=True):
        spec = BY_NAME[name.split("@")[0]]
        if spec.group != group:
            group = spec.group
            lines.append(group)
        if not any(name in row.figures for row in rows):
            reasons = dict.fromkeys(row.missing[name] for row in rows if name in row.missing)
            reason = "; ".join(reasons) or "not asked for"
            lines.append(f"  {name:38s}{NOT_COMPUTED}: {reason}")
            continue
        cells = [f"{row.figures[name]:.{spec.digits}f}" if name in row.figures else "–" for row in rows]
        lines.append(f"  {name:38s}" + "  ".join(c.rjust(w) for c, w in zip(cells, wide, strict=True)))
        for reason in dict.fromkeys(row.missing[name] for row in rows if name in row.missing):
            lines.append(f"  {'':38s}– {NOT_COMPUTED}: {reason}")
    return lines


def _short(row: Row) -> str:
    if row.kind == "mean":
        return row.edited
    name = row.edited.replace("\\", "/").rsplit("/", 1)[-1]
    return {"copy": "copy-input", "transcode": "transcode"}.get(row.kind) or (
        name if len(name) <= 28 else name[:27] + "…"
    )


def _confusion(judge: str, table) -> list[str]:
    lines = [
        f"frames by wanted (rows) and recognised emotion, {judge}",
        " " * 12 + "".join(f"{e:>11s}" for e in EMOTIONS),
    ]
    for emotion, row in zip(EMOTIONS, table.tolist(), strict=True):
        if any(row):
            lines.append(f"{emotion:12s}" + "".join(f"{n / sum(row):11.0%}" for n in row) + f"   of {sum(row)}")
    return lines


def distance_lines(found: RealDistance) -> list[str]:
    """The lines of one emotion: pooled distances, and the measures one by one."""
    lines = [
        f"distance to real {found.emotion} faces, {found.clips} clips pooled: edited {found.edited:.2f}, original "
        f"{found.original:.2f}; neutral photographs {found.neutral_photographs:.2f}; floor {found.floor:.2f}"
    ]
    for name, change in found.changes.items():
        lines.append(f"  {name:12s} photographs {change.real:+.3f} | edited {change.edited_mean:+.3f} "
                     f"(farthest clip {change.edited_worst:+.3f})")  # fmt: skip
    median, worst = found.mouth_width_pcc_median, found.mouth_width_pcc_worst
    said = f"median {median:.3f}, worst {worst:.3f}" if math.isfinite(median) else f"{NOT_COMPUTED}: no mouth moves"
    lines.append(f"  mouth_width_pcc: {said}")
    if found.clips < 5:
        lines.append("  fewer than five clips: this says little")
    return lines


def as_json(evaluation: Evaluation) -> str:
    """Everything; a figure that was not computed is null, and `not_computed` says why."""
    rows = []
    for row in evaluation.rows:
        figures = {name: row.figures.get(name) for name in [*row.figures, *row.missing]}
        rows.append({"original": row.original, "edited": row.edited, "kind": row.kind, "target": row.target,
                     "figures": figures, "not_computed": dict(row.missing), "details": dict(row.details)})  # fmt: skip
    whole = {
        "ned": __version__,
        "rows": rows,
        "confusion": {
            judge: {"emotions": EMOTIONS, "frames": t.tolist()} for judge, t in evaluation.confusions.items()
        },
        "real_distance": [_plain(asdict(found)) for found in evaluation.distances],
        "models_not_used": evaluation.absent,
    }
    return json.dumps(whole, indent=1, allow_nan=False) + "\n"


def _plain(figures: dict) -> dict:
    """NaN as null, which JSON knows."""
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in figures.items()}


def as_csv(evaluation: Evaluation) -> str:
    """A row a video; an empty cell is a figure that was not computed."""
    names = figure_names(evaluation.rows)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["original", "edited", "kind", "target", *names])
    for row in evaluation.rows:
        cells = [repr(row.figures[n]) if n in row.figures else "" for n in names]
        writer.writerow([row.original, row.edited, row.kind, row.target or "", *cells])
    return out.getvalue()
