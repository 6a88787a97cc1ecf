"""Who is who: pieces of tracks become persons with numbers that last over cuts, the most prominent first."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from ned.analysis.appearance import AppearanceSet, mean_appearance
from ned.analysis.skin import SkinStore, skin_statistics, spread_samples
from ned.analysis.store import LandmarkStore
from ned.analysis.tracking import Tracklet
from ned.types import FaceTrack, Shot

SAME_PERSON = 0.18
"""Difference of appearances below which two tracklets may be of one person. Of 5,334 pairs of two people 8 differed
less, all of them recorded in one studio; of 61 people seen again later and a third as large one differed more."""
SILENT, LIVELY_PER_S = 0.3, 0.5
"""What a still mouth counts against a lively one, which opens and closes by this share of the eyes' distance a second.
"""
LIP_NOISE_PX = 0.3
"""How far the landmarks' noise moves the lips of a still mouth from frame to frame."""
MIN_FRAMES = 5
"""A face seen for less, and nowhere else, is none."""


class _Person:
    def __init__(self, first: Tracklet) -> None:
        self.tracklets = [first]
        self.appearances = AppearanceSet.of(first.appearances) if first.appearances else None

    def distance(self, other: _Person) -> float:
        """How different two look; infinite where they are seen at the same time, or where one was never looked at."""
        if self.appearances is None or other.appearances is None or self._meets(other):
            return float("inf")
        return self.appearances.differ(other.appearances)

    def _meets(self, other: _Person) -> bool:
        for mine in self.tracklets:
            for theirs in other.tracklets:
                apart = mine.frames[-1] < theirs.frames[0] or theirs.frames[-1] < mine.frames[0]
                if not apart and not set(mine.frames).isdisjoint(theirs.frames):
                    return True
        return False

    def take(self, other: _Person) -> None:
        """The other is this one."""
        self.tracklets += other.tracklets
        if self.appearances is not None and other.appearances is not None:
            self.appearances = self.appearances.joined(other.appearances)


def cluster_identities(tracklets: Sequence[Tracklet]) -> list[list[Tracklet]]:
    """Tracklets by person.

    The longest come first and each joins the person that looks most like it; then persons that look alike are
    joined, the most alike first. Short tracklets make no person of their own, but may be one who is seen at length.
    """
    persons: list[_Person] = []
    for tracklet in sorted(tracklets, key=lambda s: (-len(s.frames), s.frames[0])):
        new = _Person(tracklet)
        distances = [person.distance(new) for person in persons]
        best = int(np.argmin(distances)) if distances else -1
        if best >= 0 and distances[best] < SAME_PERSON:
            persons[best].take(new)
        elif len(tracklet.frames) >= MIN_FRAMES:
            persons.append(new)
    while True:
        pairs = [(a.distance(b), i, j) for i, a in enumerate(persons) for j, b in enumerate(persons[:i])]
        if not pairs or min(pairs)[0] >= SAME_PERSON:
            return [person.tracklets for person in persons]
        _, i, j = min(pairs)
        persons[j].take(persons.pop(i))


def tracks_of(
    tracklets: Sequence[Tracklet],
    store: LandmarkStore,
    skins: SkinStore,
    shots: Sequence[Shot],
    *,
    height: int,
    width: int,
    num_frames: int,
    frame_rate: float,
) -> tuple[FaceTrack, ...]:
    """One track per person and shot, sorted by the person's prominence; persons are numbered from 1 in that order."""
    persons = cluster_identities([s for s in tracklets if s.confirmed])
    persons.sort(key=lambda person: -_prominence(person, height, width, num_frames, frame_rate))
    starts = [shot.start for shot in shots]
    owners, pieces = [], []
    for number, person in enumerate(persons, start=1):
        by_shot: dict[int, list[Tracklet]] = {}
        for tracklet in person:
            by_shot.setdefault(bisect_right(starts, tracklet.frames[0]) - 1, []).append(tracklet)
        for shot, piece in sorted(by_shot.items(), key=lambda item: (-sum(len(s.frames) for s in item[1]), item[0])):
            owners.append((number, shots[shot]))
            pieces.append(sorted(piece, key=lambda s: s.frames[0]))
    landmarks = store.split([np.concatenate([s.rows for s in piece]).astype(np.int64) for piece in pieces])
    parts = zip(owners, pieces, landmarks, strict=True)
    return tuple(_track(*owner, piece, rows, skins) for owner, piece, rows in parts)


def _prominence(person: Sequence[Tracklet], height: int, width: int, num_frames: int, frame_rate: float) -> float:
    """Size × duration × centrality × movement of the lips."""
    boxes = np.array([box for tracklet in person for box in tracklet.boxes])
    size_px = float(np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)).mean())
    duration = len(boxes) / max(1, num_frames)
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 / np.array([width, height])
    centrality = 1.0 - 0.5 * min(1.0, float(np.abs(centre - 0.5).max(axis=1).mean()) * 2)
    movement = np.concatenate([np.abs(np.diff(s.mouth)) for s in person])
    per_s = frame_rate * max(0.0, float(movement.mean() if len(movement) else 0.0) - LIP_NOISE_PX / max(size_px, 1.0))
    return size_px / min(height, width) * duration * centrality * (SILENT + min(1.0, per_s / LIVELY_PER_S))


def _track(
    number: int,
    shot: Shot,
    pieces: Sequence[Tracklet],
    landmarks: Float[np.ndarray, "frames 478 3"],
    skins: SkinStore,
) -> FaceTrack:
    frames = np.concatenate([piece.frames for piece in pieces]).astype(np.int64)
    boxes = np.concatenate([piece.boxes for piece in pieces]).astype(np.float32)
    appearances = [one for piece in pieces for one in piece.appearances]
    skin = skin_statistics(spread_samples([piece.skin for piece in pieces], skins))
    appearance = mean_appearance(appearances).pack() if appearances else None
    return FaceTrack(number, shot, frames, boxes, landmarks, appearance, skin)
