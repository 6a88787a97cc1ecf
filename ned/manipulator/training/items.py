"""What a labelled data set consists of, and how a person's expression is read in whichever space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ned.errors import UserError
from ned.exchange.persons import PersonExpression, person_expressions
from ned.types import Analysis, ExpressionSpace

VIDEOS = (".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v")

TracksOf = Callable[[Analysis], list[PersonExpression]]
"""The people of a video with their expression, the most prominent first, as `person_expressions`."""


@dataclass(frozen=True)
class Item:
    """A file to read and what it is said to show; `read` where the usual way does not do."""

    path: Path
    emotion: str
    person: str

    read: Callable[[Path, ExpressionSpace, TracksOf | None], list[Float[np.ndarray, "frames width"]]] | None = None


def expressions_of(
    analysis: Analysis, space: ExpressionSpace, path: Path, tracks_of: TracksOf | None
) -> list[PersonExpression]:
    """The people of a clip in a space. UserError for one that nobody here can read off a video."""
    if space.name == "arkit52":
        return person_expressions(analysis)
    if tracks_of is None:
        raise UserError(f"clips cannot be read as {space.name}", path=path,
                        remedy="add --face-model flame --flame-folder DIR, or give track files (.npz)")  # fmt: skip
    return tracks_of(analysis)
