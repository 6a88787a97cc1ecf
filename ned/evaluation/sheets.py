"""Contact sheets of chosen frames, original over edited."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8

from ned.evaluation.judges.mesh import FaceMesh
from ned.evaluation.video import Measured
from ned.report.sheet import crop, grid
from ned.video import frames_at, probe

SIDE_PX, MARGIN = 160, 1.3


def frame_sheet(measured: Measured, frames: Int[np.ndarray, "n"]) -> UInt8[np.ndarray, "h w 3"] | None:
    """The face in these frames (ascending), cut out where the original's is; None where none can be shown."""
    before, after = (read_at(path, frames) for path in (measured.pair.original, measured.pair.edited))
    rows: tuple[list, list] = [], []
    captions = []
    times = measured.comparison.columns["time_s"]
    with FaceMesh(still=True) as mesh:
        for k in frames.tolist():
            points = mesh(before[k]) if k in before and k in after else None
            if points is None:
                continue
            box = np.concatenate([points.min(0), points.max(0)])
            for row, found in zip(rows, (before, after), strict=True):
                row.append(crop(found[k], box, MARGIN, (SIDE_PX, SIDE_PX)))
            captions.append(f"{times[k]:.2f} s")
    return grid(rows, ("original", "edited"), captions) if captions else None


def read_at(path: Path, frames: Int[np.ndarray, "n"]) -> dict[int, UInt8[np.ndarray, "h w 3"]]:
    """The images of these frames, as far as the file gives them."""
    rate = float(probe(path).frame_rate)
    return {frame.index: frame.rgb() for frame in frames_at(path, frames.tolist(), rate)}
