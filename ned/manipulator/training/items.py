"""What a labelled data set consists of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ned.types import ExpressionSpace

VIDEOS = (".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v")


@dataclass(frozen=True)
class Item:
    """A file to read and what it is said to show; `read` where the usual way does not do."""

    path: Path
    emotion: str
    person: str

    read: Callable[[Path, ExpressionSpace], list[Float[np.ndarray, "frames width"]]] | None = None
