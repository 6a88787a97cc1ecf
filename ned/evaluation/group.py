"""One original and all that was made of it, read side by side once."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ned.errors import NedError
from ned.evaluation.clouds import Clouds
from ned.evaluation.columns import Columns
from ned.evaluation.compare import (
    Guide,
    Texture,
    compare_frames,
    compare_parsed,
    compare_slowly,
    guide_of,
    neighbours,
)
from ned.evaluation.judges.choice import Judges
from ned.evaluation.judges.crops import box_crop
from ned.evaluation.judges.protocol import DistributionJudge
from ned.evaluation.metrics import LipSync
from ned.evaluation.motion import Motion
from ned.evaluation.reading import STEP, Reading, read_video
from ned.evaluation.sync import SyncTrack
from ned.runtime.progress import Stage
from ned.video import prefetch

DISTRIBUTION_PX = 299
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
    other_length: bool = False
    """That it has more frames, or fewer, is why."""
    shape: tuple[int, int] | None = None
    """Height and width; None where no frame could be read."""
    frames: int = 0
    """Read as far as it was compared."""
    lip_sync: LipSync | None = None
    no_sync: str = ""
    """Why there is none."""
    clouds: Clouds = field(default_factory=Clouds)
    """Of every third frame, where a judge is."""
    clips: Clouds = field(default_factory=Clouds)
    """Of every clip of frames, where a judge is."""


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
        tracks, motions = _sync_tracks(judges, len(out)), _motions(judges, len(out))
        count = 0
        for reading in first:
            count += 1
            shape = reading.rgb.shape[:2]
            guide = guide_of(reading.points, shape) if reading.points is not None else None
            sharp, flicker = own(reading, guide)
            shared = {"sharp_a": sharp, "flicker_a": flicker}
            own_features: list[np.ndarray] = []
            parsed = _parsed(reading, guide, judges)
            for comparison, stream, texture, track, motion in zip(out, streams, textures, tracks, motions, strict=True):
                if comparison.failed:
                    continue
                after = reading if stream is None else _next(comparison, stream, shape)
                if after is None:
                    comparison.other_length = not comparison.failed
                    comparison.failed = comparison.failed or f"it has {count - 1} frames, its original more"
                    continue
                comparison.frames = count
                row = compare_frames(reading, after, guide)
                found = (sharp, flicker) if stream is None else texture(after, guide)
                row |= dict(zip(("sharp_b", "flicker_b"), found, strict=True))
                comparison.columns.add(row | shared)
                if track is not None:
                    track(after)
                if motion is not None:
                    motion(reading, after, guide, comparison.clips)
                if reading.index % STEP == 0:
                    slow = compare_slowly(reading, after, guide, judges.perceptual)
                    comparison.slow.add(slow | neighbours(reading, earlier) | compare_parsed(reading, after, parsed))
                    if judges.distribution is not None and guide is not None and after.points is not None:
                        add_faces(comparison.clouds, reading, after, guide, judges.distribution, own_features)
            earlier = reading.identity or earlier
            if stage is not None:
                stage.advance()
        for comparison, stream in zip(out, streams, strict=True):
            if stream is not None and not comparison.failed and _next(comparison, stream, None) is not None:
                comparison.other_length = True
                comparison.failed = f"it has more than the {count} frames of its original"
    for comparison, track in zip(out, tracks, strict=True):
        if track is not None and not comparison.failed:
            _hear(comparison, track)
    return out


def add_faces(
    clouds: Clouds, before: Reading, after: Reading, guide: Guide, judge: DistributionJudge, own: list[np.ndarray]
) -> None:
    """The same square of both, with all of the face. `own`: the original's features, once they are known."""

    def features(reading: Reading) -> np.ndarray:
        return judge.features(box_crop(reading.rgb, guide.points, DISTRIBUTION_PX, 1.25))

    if not own:
        own.append(features(before))
    clouds.add(own[0], own[0] if before.rgb is after.rgb else features(after))


def _parsed(reading: Reading, guide: Guide | None, judges: Judges) -> tuple[str, np.ndarray] | None:
    """Who says which pixels of the original are face, and which; in every third frame."""
    if judges.parsing is None or guide is None or reading.index % STEP:
        return None
    return judges.parsing.name, judges.parsing.face(reading.rgb, guide.points)


def _motions(judges: Judges, count: int) -> Sequence[Motion | None]:
    own: dict[int, np.ndarray] = {}
    return [None if judges.video is None else Motion(judges.video, own) for _ in range(count)]


def _sync_tracks(judges: Judges, count: int) -> Sequence[SyncTrack | None]:
    return [None if judges.sync is None else SyncTrack(judges.sync) for _ in range(count)]


def _hear(comparison: Comparison, track: SyncTrack) -> None:
    """Hold the lips that were seen against the sound."""
    try:
        comparison.lip_sync = track.finish(comparison.path)
    except NedError as error:
        comparison.no_sync = error.cause
    else:
        comparison.no_sync = "" if comparison.lip_sync else "no sound, or no face in five images in a row"


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
