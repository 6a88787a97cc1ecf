"""The first pass over a video: who is seen when, where, and with which landmarks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from ned import video
from ned.types import Analysis, Shot

__all__ = ["analyse"]


def analyse(
    path: str | Path,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Analysis:
    """Find and follow every face from `start_s` to `end_s` (seconds, default the whole video).

    Frame indices are those of the video, also where `start_s` is given. `progress` is called with
    frames done and frames expected. A video without a face gives an analysis without tracks.
    Landmarks lie in temporary files that vanish with the result. Raises what `ned.video` raises
    for a file that it cannot read.
    """
    from ned.analysis.people import tracks_of
    from ned.analysis.tracking import ShotTracker

    info = video.probe(path)
    tracker = ShotTracker()
    starts: list[int] = []
    count, stop = 0, 0
    frames = video.read_frames(path, start_s, end_s)
    with video.prefetch(_pictures(frames, video.ShotDetector()), 6) as pictures:
        for index, rgb, is_cut in pictures:
            if is_cut or not starts:
                starts.append(index)
                tracker.cut()
            tracker.update(index, rgb)
            count, stop = count + 1, index + 1
            if progress is not None:
                progress(count, max(count, info.num_frames))
    shots = tuple(Shot(a, b) for a, b in zip(starts, [*starts[1:], stop], strict=True))
    sightings = tracker.finish()
    tracks = tracks_of(sightings, tracker.store, shots, height=info.height, width=info.width, num_frames=count)
    return Analysis(info, count, shots, tracks)


def _pictures(frames: Iterable, shots: object) -> Iterator[tuple[int, UInt8[np.ndarray, "h w 3"], bool]]:
    """Index, RGB picture and whether a shot starts, of each frame: work that is done in the decoding thread."""
    for frame in frames:
        rgb = frame.rgb()
        yield frame.index, rgb, shots.update(rgb)
