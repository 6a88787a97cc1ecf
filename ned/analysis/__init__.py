"""The first pass over a video: who is seen when, where, and with which landmarks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from ned import video
from ned.types import Analysis, Shot
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
    from ned.analysis.store import LandmarkStore
    from ned.analysis.tracking import ShotTracker

    info = video.probe(path)
    tracker = ShotTracker(LandmarkStore(folder / checkpoint.LANDMARKS) if folder else None)
    shot_detector = video.ShotDetector()
    standing = checkpoint.load_standing(folder, tracker, shot_detector) if folder else None
    if folder and standing is None:
        tracker.store.cut(0)
    starts = list(standing.starts) if standing else []
    count, stop = (standing.count, standing.index + 1) if standing else (0, 0)
    every = max(1, round(checkpoint.CHECKPOINT_S * info.frame_rate)) if folder else None
    frames = video.read_frames(path, start_s, end_s, standing.position if standing else None)
    if standing:
        next(frames)
    with video.prefetch(_pictures(frames, shot_detector, count, every), 6) as pictures:
        for frame, rgb, is_cut, shot_state in pictures:
            if is_cut or not starts:
                starts.append(frame.index)
                tracker.cut()
            tracker.update(frame.index, rgb)
            count, stop = count + 1, frame.index + 1
            if progress is not None:
                progress(count, max(count, info.num_frames))
            if shot_state is not None:
                now = checkpoint.Standing(count, frame.index, frame.pts, starts, tracker.state(), shot_state)
                checkpoint.keep_standing(folder, now, tracker)
    shots = tuple(Shot(a, b) for a, b in zip(starts, [*starts[1:], stop], strict=True))
    sightings = tracker.finish()
    tracks = tracks_of(sightings, tracker.store, shots, height=info.height, width=info.width, num_frames=count)
    tracker.store.close()
    return Analysis(info, count, shots, tracks)


def _pictures(
    frames: Iterable[video.Frame], shots: video.ShotDetector, count: int, every: int | None
) -> Iterator[tuple[video.Frame, UInt8[np.ndarray, "h w 3"], bool, ShotState | None]]:
    """Each frame, its RGB picture, whether a shot starts with it, and after `every` so many frames the detector's
    state: work that is done in the decoding thread."""
    for number, frame in enumerate(frames, count + 1):
        rgb = frame.rgb()
        is_cut = shots.update(rgb)
        yield frame, rgb, is_cut, shots.state() if every and number % every == 0 else None
