"""CropSequence of one actor as the neural renderer learns from it: aligned crops with the tracked face of each."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from jaxtyping import Float, Int, UInt8

from ned.analysis.appearance import Appearance, appearance_distances, appearance_of, mean_appearance
from ned.analysis.cached import analyse_cached
from ned.errors import UserError
from ned.face_model import load_face_model
from ned.files.arrays import array_errors, save_arrays
from ned.fitting.least_squares import fit_face
from ned.geometry.heads import arrays, part, placed
from ned.geometry.heads import joined as join_heads
from ned.renderer.neural.crops import align, cut, to_crop
from ned.runtime.progress import Progress, Silent
from ned.types import NUM_LANDMARKS, Analysis, FaceTrack, Heads
from ned.video.random_access import random_frames
from ned.workspace import Cache, atomic_path

T = TypeVar("T")

MOST_FRAMES, BLOCK = 3000, 48
"""Of one video at most so many frames are kept, in blocks of consecutive ones that are spread over it; of all videos of
an actor together no more either, since they lie in memory."""

APPEARANCES = 12
"""Frames that are looked at to tell people apart."""

MAX_UNFOLDED_BYTES = 8 * 1024**3
SMALLEST_PX = 48
"""Faces of fewer pixels teach nothing."""


@dataclass(frozen=True)
class CropSequence:
    """Crops of one person in the order of time."""

    person: str
    source: str
    """Name of the video."""
    frames: UInt8[np.ndarray, "n s s 3"]
    faces: Float[np.ndarray, "n vertices 3"]
    """Tracked landmarks in pixels of the crop."""
    coefficients: Float[np.ndarray, "n width"]
    """Fitted expression, jaw opening first."""
    runs: Int[np.ndarray, "n"]
    """Number of the run of consecutive frames; a cut or a gap begins a new one."""
    rate: float
    people: int = 1
    """Persons in the video who are seen for more than a tenth of its time."""
    heads: Heads | None = None
    """FLAME's, posed in pixels of the crop, for networks that are shown its mesh."""

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def size(self) -> int:
        """Side of the crops."""
        return self.frames.shape[1]

    def part(self, where: slice | Int[np.ndarray, "k"]) -> CropSequence:
        """Some of the frames."""
        return replace(
            self, frames=self.frames[where], faces=self.faces[where], coefficients=self.coefficients[where],
            runs=self.runs[where], heads=None if self.heads is None else part(self.heads, where),
        )  # fmt: skip

    def split(self, held_out: float = 0.1) -> tuple[CropSequence, CropSequence]:
        """What comes first, and the last share of the frames, at least one."""
        at = len(self) - max(1, round(held_out * len(self)))
        return self.part(slice(None, at)), self.part(slice(at, None))

    def resized(self, size: int) -> CropSequence:
        """The same with crops of another size."""
        if size == self.size:
            return self
        import cv2

        how = cv2.INTER_AREA if size < self.size else cv2.INTER_CUBIC
        frames = np.stack([cv2.resize(frame, (size, size), interpolation=how) for frame in self.frames])
        factor = np.float32(size / self.size)
        offset = np.array([0.5 * factor - 0.5, 0.5 * factor - 0.5, 0], np.float32)  # centres of pixels
        scaled = np.array([[factor, 0, offset[0]], [0, factor, offset[1]]], np.float32)
        heads = None if self.heads is None else placed(self.heads, scaled)
        return replace(self, frames=frames, faces=self.faces * factor + offset, heads=heads)


def joined(parts: list[CropSequence]) -> CropSequence:
    """Several videos of one person one after another."""
    first = parts[0]
    if len(parts) == 1:
        return first
    starts = np.cumsum([0] + [int(part.runs.max(initial=-1)) + 1 for part in parts[:-1]])
    return replace(
        first, source=", ".join(part.source for part in parts),
        frames=np.concatenate([part.frames for part in parts]), faces=np.concatenate([part.faces for part in parts]),
        coefficients=np.concatenate([part.coefficients for part in parts]),
        runs=np.concatenate([part.runs + start for part, start in zip(parts, starts, strict=True)]),
        people=max(one.people for one in parts), heads=_joined_heads([one.heads for one in parts]),
    )  # fmt: skip


def _joined_heads(parts: list[Heads | None]) -> Heads | None:
    known = [heads for heads in parts if heads is not None]
    return join_heads(known) if len(known) == len(parts) else None


def thinned(footage: CropSequence, most: int) -> CropSequence:
    """At most so many frames, in blocks of consecutive ones that are spread over it."""
    if len(footage) <= most:
        return footage
    kept = np.array(spread_blocks(np.arange(len(footage)).tolist(), most))
    new = np.r_[True, (np.diff(kept) != 1) | (np.diff(footage.runs[kept]) != 0)]
    return replace(footage.part(kept), runs=np.cumsum(new) - 1)


class CropBudget:
    """Videos of one actor, read one after another; together they keep at most `most` frames, each its share."""

    def __init__(self, most: int) -> None:
        self.footages: list[CropSequence] = []
        self._lengths: list[int] = []
        self._most = most

    def add(self, footage: CropSequence) -> None:
        """One more; what is too much is let go of at once."""
        self.footages.append(footage)
        self._lengths.append(len(footage))
        share = self._most / max(self._most, sum(self._lengths))
        for k, length in enumerate(self._lengths):
            self.footages[k] = thinned(self.footages[k], max(1, int(share * length)))


def spread_blocks(every: list[T], most: int) -> list[T]:
    """Blocks of consecutive entries, spread evenly; `most` entries or fewer, but one block at least."""
    if len(every) <= most:
        return every
    block = min(BLOCK, most)
    blocks = [every[i : i + block] for i in range(0, len(every), block)]
    kept = np.unique(np.linspace(0, len(blocks) - 1, max(1, most // block)).round().astype(int))
    return [entry for b in kept for entry in blocks[b]]


def embedding_of(footage: CropSequence) -> Appearance:
    """What its person looks like."""
    chosen = np.linspace(0, len(footage) - 1, min(APPEARANCES, len(footage))).round().astype(int)
    return mean_appearance([appearance_of(footage.frames[i], footage.faces[i]) for i in chosen])


def person_like(video: Path, appearance: Appearance, progress: Progress | None = None) -> int | None:
    """Number of the person who looks most like that; None where there is no choice."""
    analysis = analyse_cached(video, progress or Silent(), cache=Cache())
    if len(analysis.persons()) < 2:
        return None
    known = appearance_distances(analysis.tracks, appearance)
    return known[0][1] if known else None


def cut_footage(
    video: Path, size: int, progress: Progress | None = None, person: str | None = None, number: int | None = None,
    heads_of: Callable[[Sequence[FaceTrack], Analysis], list[Heads]] | None = None,
) -> CropSequence:
    """The first pass over a video, then the crops of its most prominent person, or of the one with this `number`, with
    the heads that `heads_of` gives.

    Raises UserError where no face is found, or none large enough.
    """
    progress = progress or Silent()
    analysis = analyse_cached(video, progress, cache=Cache())
    if not analysis.tracks:
        raise UserError("no face found", path=video, remedy="give footage in which the actor's face is seen")
    number = analysis.persons()[0] if number is None else number
    tracks = analysis.tracks_of(number)
    tracks = [track for track in tracks if np.median(track.boxes[:, 3] - track.boxes[:, 1]) >= SMALLEST_PX]
    if not tracks:
        raise UserError(f"no face of person {number} is larger than {SMALLEST_PX} pixels", path=video,
                        remedy="give closer footage")  # fmt: skip
    model, rate = load_face_model(), float(analysis.video.frame_rate)
    coefficients = [fit_face(track, model, rate).expression.pack() for track in tracks]
    wanted = _chosen(tracks)
    found = heads_of(tracks, analysis) if heads_of else None
    frames, faces, values, runs, heads = [], [], [], [], []
    last, run = -2, -1
    with progress.stage("cutting", len(wanted)) as stage:
        for index, image in random_frames(video, sorted(wanted)):
            k, i = wanted[index]
            face = tracks[k].landmarks[i].astype(np.float32)
            matrix = align(face, size)
            frames.append(cut(image, matrix, size))
            faces.append(to_crop(face, matrix))
            values.append(coefficients[k][i])
            if found is not None:
                heads.append(placed(part(found[k], slice(i, i + 1)), matrix))
            if index != last + 1 or i == 0:
                run += 1
            runs.append(run)
            last = index
            stage.advance()
    return CropSequence(
        person or video.stem, video.name, np.stack(frames), np.stack(faces), np.stack(values).astype(np.float32),
        np.array(runs), rate, _people(analysis), join_heads(heads) if heads else None,
    )  # fmt: skip


def _chosen(tracks: list[FaceTrack]) -> dict[int, tuple[int, int]]:
    """Frame of the video → track and position in it, not more than `MOST_FRAMES`."""
    every = [(int(index), k, i) for k, track in enumerate(tracks) for i, index in enumerate(track.frames)]
    return {index: (k, i) for index, k, i in spread_blocks(every, MOST_FRAMES)}


def _people(analysis: Analysis) -> int:
    """Persons who are seen for more than a tenth of the time."""
    seen: dict[int, int] = {}
    for track in analysis.tracks:
        seen[track.person] = seen.get(track.person, 0) + len(track)
    return sum(count > 0.1 * analysis.num_frames for count in seen.values())


def save_footage(path: Path, footage: CropSequence) -> None:
    """Write atomically."""
    heads = {} if footage.heads is None else {"head_" + name: a for name, a in arrays(footage.heads).items()}
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        save_arrays(
            file, frames=footage.frames, faces=footage.faces.astype(np.float32), coefficients=footage.coefficients,
            runs=footage.runs.astype(np.int64), rate=np.float64(footage.rate), people=np.int64(footage.people),
            person=np.array(footage.person), source=np.array(footage.source),
            **{name: array for name, array in heads.items() if array is not None},
        )  # fmt: skip


def load_footage(path: Path) -> CropSequence:
    """Raises UserError where the file is damaged or no footage."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_UNFOLDED_BYTES:
                raise ValueError("too large")
        with array_errors(), np.load(path, allow_pickle=False) as data:
            found = CropSequence(
                str(data["person"]), str(data["source"]), data["frames"], data["faces"], data["coefficients"],
                data["runs"], float(data["rate"]), int(data["people"]), _read_heads(data),
            )  # fmt: skip
        n, side = len(found.frames), found.frames.shape[1]
        fitting = (
            found.frames.shape == (n, side, side, 3) and found.frames.dtype == np.uint8 and n > 0
            and found.faces.shape == (n, NUM_LANDMARKS, 3) and found.faces.dtype == np.float32
            and found.coefficients.ndim == 2 and len(found.coefficients) == n and found.runs.shape == (n,)
            and np.isfinite(found.faces).all() and np.isfinite(found.coefficients).all()
        )  # fmt: skip
        held = [] if found.heads is None else [a for a in arrays(found.heads).values() if a is not None]
        if not fitting or any(len(array) != n or not np.isfinite(array).all() for array in held):
            raise ValueError("shapes")
        return found
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error, MemoryError) as error:
        raise UserError("is no prepared footage", path=path, remedy="cut it again from the video") from error


def _read_heads(data: Mapping[str, np.ndarray]) -> Heads | None:
    if "head_identity" not in data:
        return None
    names = [field.name for field in fields(Heads)]
    return Heads(**{name: data.get("head_" + name, None) for name in names})
