"""What the edited video itself shows of a person: a memory for the renderer, made between the two passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ned.edit.track_edit import TrackEdit
from ned.renderer.neural.crops import align, cut, to_crop
from ned.renderer.neural.memory import Memory, diverse, features
from ned.runtime.progress import Stage
from ned.video import Frame

LOOKED_AT = 1500
"""Frames of a person among which the memory's are chosen, spread over all."""


def choose_views(edits: Sequence[TrackEdit], size: int, count: int) -> list[tuple[int, int, int]]:
    """Frames in which one person looks most differently: number of the edit, position in its track, index in the
    video; in the video's order."""
    every = [(k, i) for k, edit in enumerate(edits) for i in range(len(edit.track))]
    every = every[:: max(1, len(every) // LOOKED_AT)]
    faces = []
    for k, i in every:
        face = edits[k].track.landmarks[i].astype(np.float32)
        faces.append(to_crop(face, align(face, size)))
    chosen = [every[at] for at in diverse(np.stack(faces), size, count)]
    return sorted(((k, i, int(edits[k].track.frames[i])) for k, i in chosen), key=lambda view: view[2])


def remember(
    edits: Sequence[TrackEdit],
    size: int,
    count: int,
    frames_of: Callable[[list[int]], Iterator[Frame]],
    stage: Stage | None = None,
) -> Memory | None:
    """A memory of the person of `edits`, their tracks; `frames_of` gives the video's frames of rising indices, as far
    as it can. None where it gives none."""
    views = choose_views(edits, size, count)
    by_index = {index: (k, i) for k, i, index in views}
    crops, faces = [], []
    for frame in frames_of([index for _, _, index in views]):
        k, i = by_index[frame.index]
        face = edits[k].track.landmarks[i].astype(np.float32)
        matrix = align(face, size)
        crops.append(cut(frame.rgb(), matrix, size))
        faces.append(to_crop(face, matrix))
        if stage is not None:
            stage.advance()
    if not crops:
        return None
    return Memory(np.stack(crops), np.stack(faces), features(np.stack(faces), size))
