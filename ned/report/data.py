"""What a report is made of."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from ned.files.arrays import array_errors, save_arrays
from ned.types import ExpressionTrack
from ned.workspace import flush_to_disk


@dataclass(frozen=True)
class ImagePair:
    """One frame before and after the edit, upright RGB of the same size."""

    time_s: float
    before: UInt8[np.ndarray, "h w 3"]
    after: UInt8[np.ndarray, "h w 3"]
    box: Float[np.ndarray, "4"]
    """The face, xyxy in pixels."""
    mouth: Float[np.ndarray, "4"] | None = None
    """The mouth, xyxy in pixels; estimated from the face's box where None."""


def save_pair(folder: Path, index: int, pair: ImagePair) -> None:
    """Keep the images of frame `index` in a folder: whole or not at all."""
    path = folder / f"picture-{index:09d}.npz"
    arrays = {f.name: np.asarray(getattr(pair, f.name)) for f in fields(pair) if getattr(pair, f.name) is not None}
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        save_arrays(file, **arrays)
    flush_to_disk(temporary)
    os.replace(temporary, path)


def load_image(folder: Path, index: int) -> ImagePair | None:
    """The images of frame `index`; None where there are none that can be read."""
    try:
        with array_errors(), np.load(folder / f"picture-{index:09d}.npz", allow_pickle=False) as stored:
            arrays = dict(stored)
        return ImagePair(float(arrays.pop("time_s")), **arrays)
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile):
        return None


@dataclass(frozen=True)
class ReportData:
    """One edited person. The tracks run over the frames in which that person was tracked."""

    source: str
    """Name of the video."""
    goal: str
    """What was asked for, in words."""
    output: Path
    settings: Mapping[str, str]
    """What was asked for, by the options' names."""
    person: int
    frames: int
    """Frames written."""
    edited_frames: int
    times_s: Float[np.ndarray, "frames"]
    before: ExpressionTrack
    after: ExpressionTrack
    images: tuple[ImagePair, ...]
    """Some frames spread over the edit; six to ten make a good sheet."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """How long each stage took."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """By what it was done: renderer, weights, device, versions."""
