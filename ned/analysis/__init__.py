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
from ned.video.shots import ShotState

__all__ = ["analyse"]


def analyse(
    path: str | Path,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    progress: Callable[[int, int], None] | None = None,
    folder: Path | None = None,
) -> Analysis:
    """Find and follow every face from `start_s` to `end_s` (seconds, default the whole video).

    Frame indices are those of the video, also where `start_s` is given. `progress` is called with
    frames done and frames expected. A video without a face gives an analysis without tracks.
    Landmarks lie in temporary files that vanish with the result; with a `folder` they lie there, the state of the
    work is kept there every `CHECKPOINT_S` seconds of video, and work on the same video goes on from what is found
    there. Raises what `ned.video` raises for a file that it cannot read.
    """
    from ned.analysis import checkpoint
    from ned.analysis.people import tracks_of
    from ned.analysis.skin import SkinStore
    from ned.analysis.store import LandmarkStore
    from ned.analysis.tracking import ShotTracker

    info = video.probe(path)
    stores = (LandmarkStore(folder / checkpoint.LANDMARKS), SkinStore(folder / checkpoint.SKINS)) if folder else ()
    tracker = ShotTracker(*stores)
    shot_detector = video.ShotDetector()
    kept = checkpoint.load_kept(folder, tracker, shot_detector) if folder else None
    if folder and kept is None:
        tracker.store.cut(0)
        tracker.skins.cut(0)
    changes = list(kept.changes) if kept else []
    times_s = array("d", kept.times_s if kept else ())
    first, count = (kept.first, kept.count) if kept else (0, 0)
    every = max(1, round(checkpoint.CHECKPOINT_S * info.frame_rate)) if folder else None
    frames = video.read_frames(path, start_s, end_s, kept.position if kept else None)
    if kept:
        next(frames)
    with video.prefetch(_images(frames, shot_detector, info, count, every), 6) as images:
        for frame, time_s, rgb, change, shot_state in images:
            if not count:
                first = frame.index
                tracker.cut(first)
            elif change is not None:
                changes.append(video.Transition(first + change.start, first + change.stop))
                tracker.cut(changes[-1].start)
            times_s.append(time_s)
            tracker.update(frame.index, rgb)
            count += 1
            if progress is not None:
                progress(count, max(count, info.num_frames))
            if shot_state is not None:
                now = checkpoint.AnalysisCheckpoint(
                    count, frame.index, frame.pts, first, changes, np.array(times_s), tracker.state(), shot_state
                )
                checkpoint.keep_checkpoint(folder, now, tracker)
    shots = video.shots_between(changes, first, first + count)
    tracklets = tracker.finish()
    tracks = tracks_of(
        tracklets, tracker.store, tracker.skins, shots, height=info.height, width=info.width, num_frames=count,
        frame_rate=float(info.frame_rate),
    )  # fmt: skip
    tracker.store.close()
    tracker.skins.close()
    return Analysis(info, count, shots, tracks, first, np.array(times_s))


def _images(
    frames: Iterable[video.Frame], shots: video.ShotDetector, info: VideoInfo, count: int, every: int | None
) -> Iterator[tuple[video.Frame, float, UInt8[np.ndarray, "h w 3"], video.Transition | None, ShotState | None]]:
    """Each frame, its time in seconds, its RGB image, the change of shot that is told there, and after `every` so
    many frames the detector's state: work of the decoding thread."""
    origin_s = video.start_time(info.path)
    for number, frame in enumerate(frames, count + 1):
        rgb = frame.rgb()
        change = shots.update(rgb)
        state = shots.state() if every and number % every == 0 else None
        yield frame, float(frame.pts * info.time_base - origin_s), rgb, change, state
