"""One original and all that was made of it, read side by side once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ned.errors import NedError
from ned.evaluation.columns import Columns
from ned.evaluation.compare import Texture, compare_frames, compare_slowly, guide_of, neighbours
from ned.evaluation.judges.choice import Judges
from ned.evaluation.reading import STEP, Reading, read_video
from ned.runtime.progress import Stage
from ned.video import prefetch

AHEAD = 3
"""Frames that each video is read ahead."""


@dataclass
class Comparison:
    """One video beside its original, frame by frame."""

    path: Path
    columns: Columns = field(default_factory=Columns)
    slow: Columns = field(default_factory=Columns)
    """What is measured in every third frame."""
    failed: str = ""
    """Why the figures of frames are not to be had."""
    shape: tuple[int, int] | None = None
    """Height and width; None where no frame could be read."""
    frames: int = 0
    """Read as far as it was compared."""


def compare_videos(
    original: Path, others: Sequence[Path], judges: Judges, stage: Stage | None = None
) -> list[Comparison]:
    """Each of `others` beside `original`, of which one is `original` itself where a copy is asked for.

    Every video is read once, in a thread of its own; memory grows by some hundred bytes a frame. A video of another
    size or length, or one that breaks, has `failed` and its columns up to there. Raises where the original cannot be
    read.
    """
    out = [Comparison(path) for path in others]
    with ExitStack() as stack:
        first = stack.enter_context(prefetch(read_video(original, judges), AHEAD))
        streams = [
            None if c.path == original else stack.enter_context(prefetch(read_video(c.path, judges), AHEAD))
            for c in out
        ]
        textures, own, earlier = [Texture() for _ in out], Texture(), {}
        count = 0
        for reading in first:
            count += 1
            shape = reading.rgb.shape[:2]
            guide = guide_of(reading.points, shape) if reading.points is not None else None
            sharp, flicker = own(reading, guide)
            shared = {"sharp_a": sharp, "flicker_a": flicker}
            for comparison, stream, texture in zip(out, streams, textures, strict=True):
                if comparison.failed:
                    continue
                after = reading if stream is None else _next(comparison, stream, shape)
                if after is None:
                    comparison.failed = comparison.failed or f"it has {count - 1} frames, its original more"
                    continue
                comparison.frames = count
                row = compare_frames(reading, after, guide)
                found = (sharp, flicker) if stream is None else texture(after, guide)
                row |= dict(zip(("sharp_b", "flicker_b"), found, strict=True))
                comparison.columns.add(row | shared)
                if reading.index % STEP == 0:
                    slow = compare_slowly(reading, after, guide, judges.perceptual)
                    comparison.slow.add(slow | neighbours(reading, earlier))
            earlier = reading.identity or earlier
            if stage is not None:
                stage.advance()
        for comparison, stream in zip(out, streams, strict=True):
            if stream is not None and not comparison.failed and _next(comparison, stream, None) is not None:
                comparison.failed = f"it has more than the {count} frames of its original"
    return out


def _next(comparison: Comparison, stream: object, shape: tuple[int, int] | None) -> Reading | None:
    """The next frame; None, with the reason, where there is none or it is of another size."""
    try:
        reading = next(stream, None)
    except NedError as error:
        comparison.failed = f"{error.cause}"
        return None
    if reading is None:
        return None
    comparison.shape = reading.rgb.shape[:2]
    if shape is not None and comparison.shape != shape:
        comparison.failed = "its size is {1}x{0}, its original's {3}x{2}".format(*comparison.shape, *shape)
        return None
    return reading


def found_both(columns: Columns) -> np.ndarray:
    """Frames in which a face is found in both."""
    return (columns["found_a"] > 0) & (columns["found_b"] > 0)
