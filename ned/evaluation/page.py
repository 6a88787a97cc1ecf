"""An evaluation as one HTML file that needs nothing else: tables, curves, the best and the worst frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from ned import workspace
from ned.emotions import EMOTIONS
from ned.evaluation.columns import Columns
from ned.evaluation.figures import BY_NAME, Row
from ned.evaluation.sheets import frame_sheet
from ned.evaluation.table import NOT_COMPUTED, figure_names
from ned.evaluation.video import Evaluation, Measured
from ned.report.page import data_uri
from ned.report.plot import line_plot
from ned.version import __version__

_STYLE = """
:root { color-scheme: light dark; --ink: #1d1d20; --paper: #fbfbfa; --soft: #77777f; --rule: #dcdcdf;
        --hue: 217, 72, 15; --before: #6b7280; --after: #d9480f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7e7ea; --paper: #17171a; --soft: #9a9aa3; --rule: #34343a; --before: #9ca3af; --after: #ff922b; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
       max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; overflow-wrap: anywhere; }
h3 { font-size: .95rem; margin: 1.2rem 0 .2rem; } .soft { color: var(--soft); }
img { max-width: 100%; border-radius: 4px; } svg { width: 100%; display: block; }
svg text { font-size: 12px; fill: var(--soft); } .rule { stroke: var(--rule); stroke-width: 1; }
polyline { fill: none; stroke-width: 1.4; stroke-linejoin: round; }
.before { stroke: var(--before); } .after { stroke: var(--after); }
b.before { color: var(--before); } b.after { color: var(--after); }
table { border-collapse: collapse; font-size: .85rem; } .wide { overflow-x: auto; }
th, td { padding: .1rem .7rem; text-align: right; font-variant-numeric: tabular-nums;
         border-bottom: 1px solid var(--rule); }
th:first-child, td:first-child { text-align: left; } td.soft { text-align: left; }
"""
_LEGEND = '<b class="before">— original</b> <b class="after">— edited</b>'


def write_page(path: Path, evaluation: Evaluation) -> None:
    """Write the page atomically; the videos are read again for its images. Raises as `workspace.write_text`."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>ned evaluate video</title><style>{_STYLE}</style></head><body><h1>Edited beside original</h1>",
        f'<p class="soft">ned {escape(__version__)}. An edit says nothing without the rows of the input itself and of '
        "a plain transcode; an accuracy says nothing without realism beside it.</p>",
    ]
    means = tuple(row for row in evaluation.rows if row.kind == "mean")
    if means:
        parts += ["<h2>All originals</h2>", _table(means)]
    parts += [_confusion(judge, table) for judge, table in evaluation.confusions.items()]
    parts += [_distances(evaluation)]
    for original in dict.fromkeys(m.pair.original for m in evaluation.measured):
        parts += [f"<h2>{escape(str(original))}</h2>",
                  _table(tuple(r for r in evaluation.rows if r.original == str(original)))]  # fmt: skip
        parts += [_curves(m) for m in evaluation.measured if m.pair.original == original]
    parts.append("</body></html>\n")
    # Names of files need not be text.
    workspace.write_text(path, "\n".join(parts).encode("utf-8", "replace").decode("utf-8"))


def _table(rows: tuple[Row, ...]) -> str:
    heads = "".join(f"<th>{escape(_head(row))}</th>" for row in rows)
    lines = []
    for name in figure_names(rows):
        spec = BY_NAME[name.split("@")[0]]
        label = f'<td title="{escape(spec.said)}">{escape(name)}</td>'
        if any(name in row.figures for row in rows):
            cells = [f"{row.figures[name]:.{spec.digits}f}" if name in row.figures else "–" for row in rows]
            titles = ["" if name in row.figures else _reason(row, name) for row in rows]
            lines.append(
                label + "".join(f'<td title="{escape(t)}">{c}</td>' for c, t in zip(cells, titles, strict=True))
            )
        else:
            reasons = "; ".join(dict.fromkeys(r.missing[name] for r in rows if name in r.missing)) or "not asked for"
            lines.append(f'{label}<td class="soft" colspan="{len(rows)}">{NOT_COMPUTED}: {escape(reasons)}</td>')
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="wide"><table><tr><th></th>{heads}</tr>{body}</table></div>'


def _reason(row: Row, figure: str) -> str:
    """Why a row has no such figure: of this judge, or of all."""
    return row.missing.get(figure) or row.missing.get(figure.split("@")[0], "")


def _head(row: Row) -> str:
    if row.kind == "edit":
        return row.edited.replace("\\", "/").rsplit("/", 1)[-1]
    return row.kind if row.original else row.edited


def _confusion(judge: str, table: Int[np.ndarray, "7 7"]) -> str:
    heads = "".join(f"<th>{e}</th>" for e in EMOTIONS)
    lines = []
    for emotion, row in zip(EMOTIONS, table.tolist(), strict=True):
        if any(row):
            shares = [n / sum(row) for n in row]
            cells = "".join(f'<td style="background: rgba(var(--hue), {s:.2f})">{s:.0%}</td>' for s in shares)
            lines.append(f"<tr><td>{emotion}</td>{cells}<td>{sum(row)}</td></tr>")
    body = f"<table><tr><th></th>{heads}<th>frames</th></tr>{''.join(lines)}</table>"
    title = f"<h3>Frames by wanted (rows) and recognised emotion: {escape(judge)}</h3>"
    return f'{title}<div class="wide">{body}</div>'


def _distances(evaluation: Evaluation) -> str:
    parts = []
    for found in evaluation.distances:
        changes = "".join(
            f"<tr><td>{escape(name)}</td>"
            + "".join(f"<td>{v:+.3f}</td>" for v in (c.real, c.edited_mean, c.edited_worst))
            + "</tr>"
            for name, c in found.changes.items()
        )
        said = f"edited {found.edited:.2f}, original {found.original:.2f}, floor {found.floor:.2f}"
        parts.append(
            f"<h3>Distance to real {found.emotion} faces, {found.clips} clips pooled: {said}</h3>"
            "<table><tr><th>change, in distances of the eyes</th><th>photographs</th><th>edited, mean</th>"
            f"<th>farthest clip</th></tr>{changes}</table>"
        )
    return "".join(parts)


def _curves(measured: Measured) -> str:
    columns, pair = measured.comparison.columns, measured.pair
    title = f"<h2>{escape(str(pair.edited))}</h2>"
    if measured.comparison.failed:
        return f'{title}<p class="soft">not comparable: {escape(measured.comparison.failed)}</p>'
    times = columns["time_s"]
    plots = [
        ("Opening of the lips ÷ height of the face", {"before": columns["lips_a"], "after": columns["lips_b"]}, 0.1),
        ("Opening of the lids ÷ height of the face", {"before": columns["lids_a"], "after": columns["lids_b"]}, 0.1),
        ("Flicker", {"before": columns["flicker_a"], "after": columns["flicker_b"]}, 5.0),
        ("Mean distance of RGB in the face", {"after": columns["fapd"]}, 20.0),
    ]
    for judge in judges_of(columns):
        if pair.target is not None:
            lines = {c: columns[f"{pair.target}_{side}@{judge}"] for c, side in (("before", "a"), ("after", "b"))}
            plots.insert(0, (f"Probability of {pair.target}, {judge}", lines, 1.0))
    parts = [title, f"<p>{_LEGEND}</p>"]
    parts += [f"<h3>{escape(t)}</h3>{line_plot(times, lines, t, highest=high)}" for t, lines, high in plots]
    return "".join([*parts, *_sheets(measured)])


def judges_of(columns: Columns) -> list[str]:
    """Expression judges whose answers are in the table."""
    return [name.removeprefix("neutral_b@") for name in columns.names() if name.startswith("neutral_b@")]


def _sheets(measured: Measured) -> list[str]:
    columns, target = measured.comparison.columns, measured.pair.target
    ranks: list[tuple[str, Float[np.ndarray, "frames"]]] = [
        ("lips as in the original", -np.abs(columns["lips_b"] - columns["lips_a"]))
    ]
    judge = next(iter(judges_of(columns)), None)
    if judge is not None and target is not None:
        ranks.insert(0, (f"{target} to {judge}", columns[f"{target}_b@{judge}"]))
    out = []
    for title, goodness in ranks:
        for word, order in _ENDS:
            picked = order(goodness)
            sheet = frame_sheet(measured, picked) if len(picked) else None
            if sheet is not None:
                out.append(f'<h3>{word} frames: {escape(title)}</h3><img alt="{word} frames" src="{data_uri(sheet)}">')
    return out


IMAGES = 6
APART = 12
"""Frames between two images of a sheet: neighbours look the same."""


def pick(goodness: Float[np.ndarray, "frames"]) -> Int[np.ndarray, "picked"]:
    """The frames of the highest values, at least `APART` from each other, in the order of time."""
    picked: list[int] = []
    for k in np.argsort(-goodness, kind="stable"):
        if len(picked) == IMAGES or not np.isfinite(goodness[k]):
            break
        if all(abs(int(k) - p) >= APART for p in picked):
            picked.append(int(k))
    return np.array(sorted(picked), int)


_ENDS: Sequence[tuple[str, Callable[[np.ndarray], np.ndarray]]] = (("Best", pick), ("Worst", lambda v: pick(-v)))
