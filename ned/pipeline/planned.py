"""What is known of a video before its second pass, kept in a folder so that any machine can go on from it.

`analysis/` is an entry as of `ned.analysis.cached`; `edits.npz` holds fits and edited expressions, 0.5 kB a frame and
person, so that nobody has to fit the face model again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ned.analysis.cached import load_analysis, save_analysis
from ned.edit.track_edit import TrackEdit
from ned.face_model import FaceModel
from ned.files.state import load_state, save_state
from ned.types import Analysis, ExpressionSpace, ExpressionTrack, FaceFit, HeadPose, Heads
from ned.workspace import Cache

ANALYSIS, EDITS = "analysis", "edits.npz"


@dataclass(frozen=True)
class EditedPerson:
    """What was done to one person; numbers of frames."""

    number: int
    why: str
    """Why it was this one, where nobody was named; else empty."""
    said: str
    """What was asked for, for example `neutral to happy@0.8`."""
    edited: int
    span: int
    """Frames from first to last sight, of all shots together."""
    turned_away: int
    """Of these: turned so far from the front that there is no edit."""
    lost: int
    """Of these: not found, because covered, blurred or out of the image."""


@dataclass(frozen=True)
class VideoPlan:
    """What will be painted."""

    analysis: Analysis
    people: tuple[EditedPerson, ...]
    """Everybody who is edited, the most prominent first."""
    edits: list[TrackEdit]
    """All of theirs, person by person, each person's in the order of time."""

    def edits_of(self, person: int) -> list[TrackEdit]:
        """One person's."""
        return [edit for edit in self.edits if edit.track.person == person]


@dataclass(frozen=True)
class _Planned:
    """One track's edit without what is kept elsewhere."""

    fit: FaceFit
    edited: ExpressionTrack
    strength: Float[np.ndarray, "frames"]
    heads: Heads | None = None


@dataclass(frozen=True)
class _State:
    people: tuple[EditedPerson, ...]
    planned: tuple[_Planned, ...]


def save_plan(folder: Path, plan: VideoPlan) -> None:
    """Write a plan into an existing folder. Raises OSError."""
    save_analysis(Cache(folder, max_bytes=1 << 62), folder / ANALYSIS, plan.analysis)
    planned = tuple(_Planned(edit.fit, edit.edited, edit.strength, edit.heads) for edit in plan.edits)
    save_state(folder / EDITS, _State(plan.people, planned))


def load_plan(folder: Path, video: Path, model: FaceModel) -> VideoPlan | None:
    """The plan in a folder, said to be of this video; None where there is none that can be trusted."""
    analysis = load_analysis(Cache(folder, max_bytes=1 << 62), folder / ANALYSIS, video)
    classes = (_State, _Planned, EditedPerson, FaceFit, HeadPose, ExpressionTrack, ExpressionSpace, Heads)
    state = load_state(folder / EDITS, classes)
    if analysis is None or not isinstance(state, _State):
        return None
    tracks = [track for person in state.people for track in analysis.tracks_of(person.number)]
    if [len(track) for track in tracks] != [len(planned.strength) for planned in state.planned]:
        return None
    pairs = zip(tracks, state.planned, strict=True)
    edits = [TrackEdit(track, made.fit, made.edited, model, made.strength, made.heads) for track, made in pairs]
    return VideoPlan(analysis, state.people, edits)
