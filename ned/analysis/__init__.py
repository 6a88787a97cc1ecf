"""The first pass over a video: who is seen when, where, and with which landmarks.

A dissolve is known only after it has ended. What was followed into it is taken back, so no track holds frames that show
two shots at once, and an edit fades out before it and in after it.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from ned import video
from ned.types import Analysis, VideoInfo

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
    changes: list[video.Transition] = []
    times_s = array("d")
    first, count = 0, 0
    frames = video.read_frames(path, start_s, end_s)
    with video.prefetch(_pictures(frames, video.ShotDetector(), info), 6) as pictures:
        for index, time_s, rgb, change in pictures:
            if not count:
                first = index
                tracker.cut(index)
            elif change is not None:
                changes.append(video.Transition(first + change.start, first + change.stop))
                tracker.cut(changes[-1].start)
            times_s.append(time_s)
            tracker.update(index, rgb)
            count += 1
            if progress is not None:
                progress(count, max(count, info.num_frames))
    shots = video.shots_between(changes, first, first + count)
    sightings = tracker.finish()
    tracks = tracks_of(
        sightings, tracker.store, shots, height=info.height, width=info.width, num_frames=count,
        frame_rate=float(info.frame_rate),
    )  # fmt: skip
    return Analysis(info, count, shots, tracks, first, np.array(times_s))


def _pictures(
    frames: Iterable, shots: object, info: VideoInfo
) -> Iterator[tuple[int, float, UInt8[np.ndarray, "h w 3"], video.Transition | None]]:
    """Index, time in seconds, RGB picture and change of shot, of each frame: work of the decoding thread."""
    origin_s = video.start_time(info.path)
    for frame in frames:
        rgb = frame.rgb()
        yield frame.index, float(frame.pts * info.time_base - origin_s), rgb, shots.update(rgb)
