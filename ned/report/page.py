"""The report: one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import io
import platform
from html import escape
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from ned import workspace
from ned.report.data import ReportData
from ned.report.plot import line_plot
from ned.report.sheet import contact_sheet, mouth_of

_TOP_COEFFICIENTS = 6

_STYLE = """
:root { color-scheme: light dark; --ink: #1d1d20; --paper: #fbfbfa; --soft: #77777f; --rule: #dcdcdf;
        --before: #6b7280; --after: #d9480f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7e7ea; --paper: #17171a; --soft: #9a9aa3; --rule: #34343a; --before: #9ca3af; --after: #ff922b; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
       max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
h3 { font-size: .95rem; font-weight: 600; margin: 1rem 0 0; } p { margin: .25rem 0; } .soft { color: var(--soft); }
img { width: 100%; border-radius: 4px; } svg { width: 100%; display: block; }
svg text { font-size: 12px; fill: var(--soft); } .rule { stroke: var(--rule); stroke-width: 1; }
polyline { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
.before { stroke: var(--before); } .after { stroke: var(--after); }
b.before { color: var(--before); } b.after { color: var(--after); }
table { border-collapse: collapse; font-size: .9rem; } td { padding: .15rem 1.5rem .15rem 0; vertical-align: top; }
td:first-child { color: var(--soft); } .side { display: flex; flex-wrap: wrap; gap: 0 3rem; }
td.number { text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
"""


def write_report(path: Path, data: ReportData) -> None:
    """Write the page atomically. Raises UserError or ProcessingError where `path` cannot be written, ValueError where
    the arrays of `data` differ in length."""
    if not len(data.times_s) == len(data.before) == len(data.after):
        raise ValueError(f"{len(data.times_s)} times, {len(data.before)} and {len(data.after)} frames")
    # Names of files need not be text.
    workspace.write_text(path, render_report(data).encode("utf-8", "replace").decode("utf-8"))


def render_report(data: ReportData) -> str:
    """The page as text."""
    correlation = pearson(data.before.jaw_opening, data.after.jaw_opening)
    said = f"Pearson correlation {correlation:.3f}" if np.isfinite(correlation) else "no correlation: one does not move"
    jaw = {"before": data.before.jaw_opening, "after": data.after.jaw_opening}
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(data.source)}: {escape(data.goal)}</title><style>{_STYLE}</style></head><body>
<h1>{escape(data.source)} → {escape(data.goal)}</h1>
<p class="soft">{data.edited_frames} of {data.frames} frames edited, person {data.person}</p>
<p class="soft">{escape(str(data.output))}</p>
{_sheet(data)}
<h2>Jaw opening over time</h2>
<p>{_LEGEND} <span class="soft">{said}</span></p>
{line_plot(data.times_s, jaw, "jaw opening")}
<h2>Expression coefficients that changed most</h2>
<p>{_LEGEND}</p>
{_coefficients(data)}
<div class="side"><div><h2>Time</h2>{_table(_times(data), numbers=True)}</div>
<div><h2>Settings</h2>{_table(list(data.settings.items()))}</div>
<div><h2>Done by</h2>{_table(_done_by(data))}</div></div>
</body></html>
"""


_LEGEND = '<b class="before">— original</b> <b class="after">— edited</b>'


def pearson(a: Float[np.ndarray, "frames"], b: Float[np.ndarray, "frames"]) -> float:
    """Pearson's correlation in [−1, 1]; NaN for fewer than two frames or where one is constant."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if len(a) < 2:
        return float("nan")
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / norm) if norm > 1e-12 else float("nan")


def data_uri(image: UInt8[np.ndarray, "h w 3"]) -> str:
    """The image as a JPEG that stands in the page itself."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=90)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _sheet(data: ReportData) -> str:
    if not data.images:
        return "<p>No frame was edited.</p>"
    pairs = data.images
    boxes = np.stack([np.asarray(p.box, np.float64) for p in pairs])
    mouths = np.stack([np.asarray(mouth_of(p.box) if p.mouth is None else p.mouth, np.float64) for p in pairs])
    captions = [f"{p.time_s:.2f} s" for p in pairs]
    sheet = contact_sheet([p.before for p in pairs], [p.after for p in pairs], boxes, mouths, captions)
    return f'<h2>Original and edited</h2>\n<img alt="contact sheet, original over edited" src="{data_uri(sheet)}">'


def _coefficients(data: ReportData) -> str:
    before, after = data.before.pack(), data.after.pack()
    moved = np.abs(after - before).mean(0) if len(before) else np.zeros(data.before.space.width)
    parts = []
    for k in np.argsort(-moved)[:_TOP_COEFFICIENTS]:
        if moved[k] > 1e-6:
            name = data.before.space.names[k]
            lines = {"before": before[:, k], "after": after[:, k]}
            parts.append(f"<h3>{escape(name)}</h3>\n{line_plot(data.times_s, lines, name)}")
    return "\n".join(parts) or "<p>None.</p>"


def _times(data: ReportData) -> list[tuple[str, str]]:
    return [(name, f"{seconds:.2f} s") for name, seconds in data.seconds.items()]


def _done_by(data: ReportData) -> list[tuple[str, str]]:
    rows = [(name.replace("_", " "), value) for name, value in data.facts.items() if value]
    return [*rows, ("version of python", platform.python_version())]


def _table(rows: list[tuple[str, str]], numbers: bool = False) -> str:
    kind = ' class="number"' if numbers else ""
    cells = "".join(f"<tr><td>{escape(name)}</td><td{kind}>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table>{cells}</table>"
