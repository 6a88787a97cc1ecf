"""Line plots as inline SVG, coloured by the page's style."""

from __future__ import annotations

from html import escape

import numpy as np
from jaxtyping import Float

_WIDTH, _HEIGHT = 900, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 8, 24
_MAX_POINTS = 1400


def line_plot(
    times_s: Float[np.ndarray, "frames"],
    lines: dict[str, Float[np.ndarray, "frames"]],
    title: str,
    lowest: float = 0.0,
    highest: float = 0.2,
) -> str:
    """One SVG element; each line gets its class ("before", "after") and breaks where frames are missing.

    The vertical axis spans at least from `lowest` to `highest`. Values that are not finite are left out.
    """
    finite = [values[np.isfinite(values)] for values in lines.values()]
    low = min([lowest, *(float(v.min()) for v in finite if len(v))])
    high = max([highest, *(float(v.max()) for v in finite if len(v))])
    start, end = (float(times_s[0]), float(times_s[-1])) if len(times_s) else (0.0, 1.0)
    end = max(end, start + 1e-3)

    def x(t: float) -> float:
        return _LEFT + (t - start) / (end - start) * (_WIDTH - _LEFT - _RIGHT)

    def y(v: float) -> float:
        return _HEIGHT - _BOTTOM - (v - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"><title>{escape(title)}</title>']
    for value in _ticks(low, high, 4):
        parts.append(
            f'<line class="rule" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
        )
        parts.append(f'<text x="{_LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>')
    for value in _ticks(start, end, 8):
        parts.append(f'<text x="{x(value):.1f}" y="{_HEIGHT - 6}" text-anchor="middle">{value:g} s</text>')
    for name, values in lines.items():
        for t, v in _pieces(times_s, values):
            points = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in zip(t.tolist(), v.tolist(), strict=True))
            parts.append(f'<polyline class="{escape(name)}" points="{points}"/>')
    return "".join([*parts, "</svg>"])


def _pieces(times_s: np.ndarray, values: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Runs without a gap; long ones thinned to lowest and highest value of each bin."""
    good = np.isfinite(values)
    times_s, values = times_s[good], values[good]
    if not len(times_s):
        return []
    steps = np.diff(times_s)
    gaps = np.flatnonzero(steps > 3 * np.median(steps)) + 1 if len(steps) else []
    out, share = [], max(1, len(times_s) // (_MAX_POINTS // 2))
    for t, v in zip(np.split(times_s, gaps), np.split(values, gaps), strict=True):
        if share > 1:
            keep = []
            for a in range(0, len(v), share):
                part = v[a : a + share]
                keep += sorted({a + int(part.argmin()), a + int(part.argmax())})
            t, v = t[keep], v[keep]
        out.append((t, v))
    return out


def _ticks(low: float, high: float, count: int) -> list[float]:
    """Round numbers in [low, high], about `count` of them."""
    raw = (high - low) / count
    size = 10.0 ** np.floor(np.log10(raw))
    step = float(size * next(m for m in (1, 2, 5, 10) if m * size >= raw))
    first = np.ceil(low / step - 1e-9) * step
    return [float(round(v, 9)) + 0.0 for v in np.arange(first, high + 1e-9 * step, step)]
