"""Where the first pass over a long video stands, kept now and then, so that it can go on after a crash."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ned.analysis.appearance import Appearance
from ned.analysis.landmarks import Roi
from ned.analysis.skin import SkinSamples
from ned.analysis.tracking import Live, ShotTracker, TrackerState, Tracklet
from ned.files.state import load_state, save_state
from ned.video.dissolves import DissolveState
from ned.video.read import Position
from ned.video.shots import ShotDetector, ShotState, Transition

CHECKPOINT_S = 120.0
"""Length of video after which the state is kept: what a crash costs at most."""

_STATE, LANDMARKS, SKINS = "analysis.state", "landmarks.raw", "skins.raw"


@dataclass(frozen=True)
class AnalysisCheckpoint:
    """All that the first pass knows after a frame."""

    count: int
    """Frames seen."""
    index: int
    """Of the last frame; likewise `pts`."""
    pts: int
    first: int
    """Index of the first frame."""
    changes: list[Transition]
    """Of shot, so far."""
    times_s: Float[np.ndarray, "frames"]
    tracker: TrackerState
    shots: ShotState

    @property
    def position(self) -> Position:
        return Position(self.index, self.pts)


def load_kept(folder: Path, tracker: ShotTracker, shots: ShotDetector) -> AnalysisCheckpoint | None:
    """What was kept in `folder`, put into these two; None where there is nothing of use."""
    classes = (
        AnalysisCheckpoint, TrackerState, Live, Tracklet, SkinSamples, Roi, Appearance, ShotState, DissolveState,
        Transition,
    )  # fmt: skip
    checkpoint = load_state(folder / _STATE, classes)
    if not isinstance(checkpoint, AnalysisCheckpoint):
        return None
    if not tracker.store.cut(checkpoint.tracker.rows) or not tracker.skins.cut(checkpoint.tracker.skin_rows):
        return None
    tracker.restore(checkpoint.tracker)
    shots.restore(checkpoint.shots)
    return checkpoint


def keep_checkpoint(folder: Path, checkpoint: AnalysisCheckpoint, tracker: ShotTracker) -> None:
    """Keep it, what is in stores first. Raises OSError."""
    tracker.store.sync()
    tracker.skins.sync()
    save_state(folder / _STATE, checkpoint)


def forget_checkpoint(folder: Path) -> None:
    """Remove what was kept, once the analysis lies elsewhere."""
    for name in (_STATE, LANDMARKS, SKINS, Path(LANDMARKS).with_suffix(".sorted").name):
        (folder / name).unlink(missing_ok=True)
