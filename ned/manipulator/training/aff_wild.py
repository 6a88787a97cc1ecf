"""Aff-Wild2 as its publishers lay it out: expression annotations a frame, videos or their cropped frames."""

from __future__ import annotations

import re
import tempfile
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from ned.errors import UserError
from ned.manipulator.training.items import TracksOf, expressions_of
from ned.types import ExpressionSpace

if TYPE_CHECKING:
    from ned.manipulator.training.items import Item

LABELS = ("neutral", "angry", "disgusted", "fear", "happy", "sad", "surprised")
"""By the number in the annotations; 7 (other) and -1 (none) are left out."""

SHORTEST_FRAMES = 25
_FRAME_RATE = Fraction(30)  # of most of its videos; frames carry no times


def is_aff_wild(folder: Path) -> bool:
    """Whether there are expression annotations in it."""
    return next(_annotation_files(folder), None) is not None


def _annotation_files(folder: Path):
    return (f for f in folder.rglob("*.txt") if f.parent.name in ("Train_Set", "Validation_Set") and "EXPR" in str(f))


def read_labels(path: Path) -> Int[np.ndarray, "frames"]:
    """One number a frame; UserError where a line is none."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")[1:]
        return np.array([int(line) for line in lines if line.strip()], int)
    except (ValueError, UnicodeDecodeError) as error:
        raise UserError("is no annotation of expressions", path=path, remedy="one number a line, -1 to 7") from error


def aff_wild_items(folder: Path) -> list[Item]:
    """One item for each annotated video and emotion in it. UserError where a video is missing."""
    from ned.manipulator.training.items import VIDEOS, Item

    videos = {f.stem: f for f in folder.rglob("*") if f.suffix.lower() in VIDEOS}
    items = []
    for file in sorted(_annotation_files(folder)):
        labels = read_labels(file)
        name = re.sub(r"_(left|right)$", "", file.stem)
        side = file.stem.removeprefix(name).removeprefix("_")
        frames = next((d for d in folder.rglob(file.stem) if d.is_dir() and any(d.glob("*.jpg"))), None)
        source = videos.get(name) or frames
        if source is None:
            cause = f"neither {name}.mp4 nor frames of {file.stem}"
            raise UserError(cause, path=folder, remedy="put the videos beside the annotations")
        for number in sorted(set(labels.tolist()) & set(range(len(LABELS)))):
            items.append(Item(source, LABELS[number], file.stem, read=partial(_read, labels == number, side)))
    return items


def _read(
    wanted: np.ndarray, side: str, path: Path, space: ExpressionSpace, tracks_of: TracksOf | None = None
) -> list[Float[np.ndarray, "frames width"]]:
    """Runs of the wanted frames."""
    from ned.analysis.cached import analyse_cached
    from ned.manipulator.resample import resample
    from ned.manipulator.settings import NOMINAL_RATE
    from ned.runtime.progress import Silent
    from ned.workspace import Cache

    numbers = None
    if path.is_dir():
        with tempfile.TemporaryDirectory() as temporary:
            video, numbers = Path(temporary) / "frames.mkv", join_frames(path, Path(temporary) / "frames.mkv")
            analysis = analyse_cached(video, Silent())
            persons = expressions_of(analysis, space, path, tracks_of)
    else:
        analysis = analyse_cached(path, Silent(), cache=Cache())
        persons = expressions_of(analysis, space, path, tracks_of)
    if not persons:
        return []
    person = persons[0]
    if side and len(persons) > 1:
        by_place = sorted(persons[:2], key=lambda p: float(p.boxes[:, ::2].mean()))
        person = by_place[0 if side == "left" else 1]
    at = person.frames if numbers is None else numbers[person.frames]
    good = (at < len(wanted)) & wanted[np.minimum(at, len(wanted) - 1)]
    breaks = np.flatnonzero((np.diff(at) > 1) | (np.diff(good.astype(int)) != 0)) + 1
    rate = float(analysis.video.frame_rate)
    return [
        resample(person.expression.pack()[run], rate, NOMINAL_RATE)
        for run in np.split(np.arange(len(at)), breaks)
        if len(run) >= SHORTEST_FRAMES and good[run[0]]
    ]


def join_frames(folder: Path, video: Path) -> Int[np.ndarray, "frames"]:
    """Makes a video of `00001.jpg …`; the index of the original frame (from 0) of each of its frames."""
    import av
    from PIL import Image

    files = sorted(f for f in folder.glob("*.jpg") if f.stem.isdecimal())
    if not files:
        raise UserError("holds no frames", path=folder, remedy="name them 00001.jpg and so on")
    with av.open(str(video), "w") as container:
        stream = None
        for file in files:
            with Image.open(file) as image:
                rgb = np.asarray(image.convert("RGB"))
            if stream is None:
                stream = container.add_stream("libx264", rate=_FRAME_RATE, options={"crf": "12", "preset": "veryfast"})
                stream.height, stream.width, stream.pix_fmt = rgb.shape[0], rgb.shape[1], "yuv444p"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")))
        container.mux(stream.encode(None))
    return np.array([int(file.stem) - 1 for file in files])
