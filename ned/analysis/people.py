"""Who is who: pieces of tracks become persons with numbers that last over cuts, the most prominent first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from ned.analysis.appearance import Appearance, difference, mean_appearance
from ned.analysis.store import LandmarkStore
from ned.analysis.tracking import Sighting
from ned.types import FaceTrack, Shot

SAME_PERSON = 0.33
"""Difference of appearance below which two sightings may be of one person."""
MIN_FRAMES = 5
"""A face seen for less, and nowhere else, is none."""


class _Person:
    def __init__(self, first: Sighting) -> None:
        self.sightings = [first]

    def looks(self) -> Appearance | None:
        looks = [look for sighting in self.sightings for look in sighting.appearances]
        return mean_appearance(looks) if looks else None

    def distance(self, sighting: Sighting) -> float:
        """Difference to a sighting; infinite where the person is seen elsewhere at the same time."""
        taken = {frame for other in self.sightings if other.shot == sighting.shot for frame in other.frames}
        mine = self.looks()
        if mine is None or not sighting.appearances or not taken.isdisjoint(sighting.frames):
            return float("inf")
        return difference(mine, mean_appearance(sighting.appearances))


def tracks_of(
    sightings: Sequence[Sighting],
    store: LandmarkStore,
    shots: Sequence[Shot],
    *,
    height: int,
    width: int,
    num_frames: int,
) -> tuple[FaceTrack, ...]:
    """One track per person and shot, sorted by the person's prominence; persons are numbered from 1 in that order."""
    persons: list[_Person] = []
    seen = sorted((s for s in sightings if s.confirmed), key=lambda s: s.frames[0])
    # Short sightings make no person of their own, but may be one who is seen elsewhere at length.
    for sighting in sorted(seen, key=lambda s: len(s.frames) < MIN_FRAMES):
        best = min(persons, key=lambda person: person.distance(sighting), default=None)
        if best is not None and best.distance(sighting) < SAME_PERSON:
            best.sightings.append(sighting)
        elif len(sighting.frames) >= MIN_FRAMES:
            persons.append(_Person(sighting))
    persons.sort(key=lambda person: -_prominence(person, height, width, num_frames))
    owners, pieces = [], []
    for number, person in enumerate(persons, start=1):
        by_shot = [[s for s in person.sightings if s.shot == shot] for shot in {s.shot for s in person.sightings}]
        for piece in sorted(by_shot, key=lambda piece: (-sum(len(s.frames) for s in piece), piece[0].shot)):
            owners.append((number, shots[piece[0].shot]))
            pieces.append(sorted(piece, key=lambda s: s.frames[0]))
    landmarks = store.split([np.concatenate([s.rows for s in piece]).astype(np.int64) for piece in pieces])
    return tuple(_track(*owner, piece, rows) for owner, piece, rows in zip(owners, pieces, landmarks, strict=True))


def _prominence(person: _Person, height: int, width: int, num_frames: int) -> float:
    """Size × duration × centrality × movement of the mouth."""
    boxes = np.array([box for sighting in person.sightings for box in sighting.boxes])
    size = float(np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)).mean()) / min(height, width)
    duration = len(boxes) / max(1, num_frames)
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 / np.array([width, height])
    centrality = 1.0 - 0.5 * min(1.0, float(np.abs(centre - 0.5).max(axis=1).mean()) * 2)
    movement = np.concatenate([np.abs(np.diff(s.mouth)) for s in person.sightings] or [np.zeros(1)])
    speaking = 0.5 + min(1.0, float(movement.mean() if len(movement) else 0.0) / 0.02)
    return size * duration * centrality * speaking


def _track(
    number: int, shot: Shot, pieces: Sequence[Sighting], landmarks: Float[np.ndarray, "frames 478 3"]
) -> FaceTrack:
    frames = np.concatenate([piece.frames for piece in pieces]).astype(np.int64)
    boxes = np.concatenate([piece.boxes for piece in pieces]).astype(np.float32)
    return FaceTrack(number, shot, frames, boxes, landmarks)
