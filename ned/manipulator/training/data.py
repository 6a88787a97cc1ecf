"""Labelled expression tracks from disk: MEAD and Aff-Wild2 as published, and a plain layout of ours.

- MEAD: `<actor>/video/<view>/<emotion>/level_<n>/<clip>.mp4`; taken are frontal clips of the highest level,
  and all neutral ones. Contempt is left out.
- Aff-Wild2: `…/EXPR…/{Train_Set,Validation_Set}/<video>.txt` (one label a frame under a line of names), with the
  videos, or their frames as `cropped_aligned/<video>/00001.jpg`, anywhere beside them.
- Plain: `labels.csv` with the columns `file` and `emotion` (optional: `person`), beside clips or track files:
  CSV or .npz as `ned analyse --export` writes them, or .npz with `packed` (frames, width) and `frame_rate`.
"""

from __future__ import annotations

import csv
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ned.errors import UserError
from ned.exchange.flame_parameters import from_parameters
from ned.exchange.livelink import ARKIT_ORDER, TURNS, row_times
from ned.exchange.table import read_table
from ned.files.arrays import array_errors
from ned.manipulator.resample import resample
from ned.manipulator.settings import NOMINAL_RATE
from ned.manipulator.training.aff_wild import aff_wild_items, is_aff_wild
from ned.manipulator.training.items import VIDEOS, Item, TracksOf, expressions_of
from ned.runtime.progress import Progress, Silent
from ned.types import EMOTIONS, ExpressionSpace

SHORTEST_S = 0.8
MAX_TRACK_BYTES = 512 * 1024**2

SYNONYMS = {
    "anger": "angry", "disgust": "disgusted", "happiness": "happy", "joy": "happy", "sadness": "sad",
    "surprise": "surprised", "fearful": "fear", "afraid": "fear", "calm": "neutral",
}  # fmt: skip


@dataclass(frozen=True)
class LabelledTrack:
    """A run of one person's expression in one emotion, at the nominal rate."""

    values: Float[np.ndarray, "frames width"]
    emotion: str
    person: str
    file: str


def load_labelled(
    folder: Path, space: ExpressionSpace, progress: Progress | None = None, tracks_of: TracksOf | None = None
) -> list[LabelledTrack]:
    """The tracks of a data set, whichever of the layouts it has. UserError where none fits, or nothing is in it.

    `tracks_of` reads a person's expression in spaces that the embedded model does not speak.
    """
    if not folder.is_dir():
        raise UserError("no such folder", path=folder, remedy="name a folder with labelled tracks or clips")
    if (folder / "labels.csv").is_file():
        items = list(_plain_items(folder))
    elif is_aff_wild(folder):
        items = aff_wild_items(folder)
    else:
        items = list(_mead_items(folder))
    if not items:
        raise UserError(
            "holds no labelled data", path=folder,
            remedy="expected: labels.csv with columns file and emotion, or MEAD's "
            "<actor>/video/front/<emotion>/level_3/*.mp4, or Aff-Wild2's EXPR annotations with the videos",
        )  # fmt: skip
    out = []
    with (progress or Silent()).stage("reading data", len(items)) as stage:
        for item in items:
            for values in (item.read or read_values)(item.path, space, tracks_of):
                out.append(LabelledTrack(values, item.emotion, item.person, os.path.relpath(item.path, folder)))
            stage.advance()
    if len({track.emotion for track in out}) < 2:
        raise UserError("shows fewer than two emotions", path=folder, remedy="give tracks of two emotions or more")
    return out


def named_emotion(name: str, path: Path, line: int) -> str:
    """One of `EMOTIONS`; UserError for anything else."""
    plain = name.strip().lower()
    plain = SYNONYMS.get(plain, plain)
    if plain not in EMOTIONS:
        raise UserError(f"line {line}: unknown emotion {name[:40]!r}", path=path, remedy=f"use {', '.join(EMOTIONS)}")
    return plain


def _plain_items(folder: Path) -> Iterator[Item]:
    path = folder / "labels.csv"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            if not {"file", "emotion"} <= set(rows.fieldnames or ()):
                raise UserError("lacks a column `file` or `emotion`", path=path, remedy="name both in the first line")
            for row in rows:
                if not (row["file"] or "").strip():
                    raise UserError(f"line {rows.line_num}: names no file", path=path, remedy="name a clip or track")
                found = folder / row["file"].strip()
                if not found.is_file():
                    cause = f"line {rows.line_num}: no such file {row['file'][:80]!r}"
                    raise UserError(cause, path=path, remedy="paths count from the folder of labels.csv")
                emotion = named_emotion(row["emotion"] or "", path, rows.line_num)
                yield Item(found, emotion, (row.get("person") or "").strip() or found.stem)
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"is no CSV table ({error})", path=path, remedy="save it as CSV in UTF-8") from error


def _mead_items(folder: Path) -> Iterator[Item]:
    for emotions in sorted(folder.glob("*/video/front")):
        for kind in sorted(p for p in emotions.iterdir() if p.is_dir()):
            name = SYNONYMS.get(kind.name.lower(), kind.name.lower())
            levels = sorted(p for p in kind.glob("level_*") if p.is_dir())
            if name not in EMOTIONS or not levels:
                continue
            for level in levels if name == "neutral" else levels[-1:]:
                for clip in sorted(level.iterdir()):
                    if clip.suffix.lower() in VIDEOS:
                        yield Item(clip, name, emotions.parent.parent.name)


def read_values(
    path: Path, space: ExpressionSpace, tracks_of: TracksOf | None = None
) -> list[Float[np.ndarray, "frames width"]]:
    """The runs of a clip's most prominent person, or of a track file, at the nominal rate."""
    kind = path.suffix.lower()
    if kind == ".npz":
        values, rate = _read_npz(path, space)
        return [resample(values, rate, NOMINAL_RATE)]
    if kind == ".csv":
        return [_read_csv(path, space)]
    if kind not in VIDEOS:
        raise UserError("is neither clip nor track", path=path, remedy="give .csv, .npz or a video")
    return read_clip(path, space, tracks_of)


def read_clip(
    path: Path, space: ExpressionSpace, tracks_of: TracksOf | None = None
) -> list[Float[np.ndarray, "frames width"]]:
    """The runs without gaps of the most prominent person of a clip; none where no face is found."""
    from ned.analysis.cached import analyse_cached
    from ned.workspace import Cache

    analysis = analyse_cached(path, Silent(), cache=Cache())
    if not analysis.tracks:
        return []
    found, rate = expressions_of(analysis, space, path, tracks_of)[0], float(analysis.video.frame_rate)
    runs = np.split(np.arange(len(found.frames)), np.flatnonzero(np.diff(found.frames) > 1) + 1)
    values = found.expression.pack()
    return [resample(values[run], rate, NOMINAL_RATE) for run in runs if len(run) >= SHORTEST_S * rate]


def _read_csv(path: Path, space: ExpressionSpace) -> Float[np.ndarray, "frames width"]:
    table = read_table(path, space, ignored=(*TURNS, *ARKIT_ORDER, "BlendShapeCount", "_neutral"))
    values = np.zeros((len(table.values), space.width), np.float32)
    for k, name in enumerate(table.names):
        values[:, space.index(name)] = table.values[:, k]
    times = row_times(path, table, Fraction(25)) if table.frames is None else table.frames / NOMINAL_RATE
    if times is None:
        raise UserError("does not say when its rows are", path=path, remedy="add a column `time` in seconds")
    if len(times) < 2 or (np.diff(times) <= 0).any():
        raise UserError("time does not rise", path=path, remedy="sort the rows, two at least")
    return resample(values, float(1.0 / np.median(np.diff(times))), NOMINAL_RATE)


def _read_npz(path: Path, space: ExpressionSpace) -> tuple[Float[np.ndarray, "frames width"], float]:
    remedy = f"store `packed` (frames, {space.width}) and `frame_rate`"
    if path.stat().st_size > MAX_TRACK_BYTES:
        raise UserError("larger than any track", path=path, remedy=remedy)
    try:
        with array_errors(), np.load(path, allow_pickle=False) as data:
            if "packed" not in data and space.name == "flame50":
                values, rate = from_parameters(data)
            else:
                values, rate = np.asarray(data["packed"], np.float32), float(data["frame_rate"])
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise UserError("is no track", path=path, remedy=remedy) from error
    if values.ndim != 2 or values.shape[1] != space.width or not len(values):
        raise UserError(f"holds an array {values.shape}, not (frames, {space.width})", path=path, remedy=remedy)
    if not np.isfinite(values).all() or not 1 <= rate <= 1000:
        raise UserError("has values that are no numbers, or no frame rate", path=path, remedy=remedy)
    return values, rate
