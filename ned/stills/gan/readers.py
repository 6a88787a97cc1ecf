"""Labelled images of faces as their publishers lay them out.

    AffectNet   images/N.jpg with annotations/N_exp.npy, N_val.npy, N_aro.npy; or a CSV with subDirectory_filePath,
                expression, valence, arousal
    FERPlus     fer2013.csv (pixels) beside fer2013new.csv (votes)
    KDEF, RaFD  images by their names
    plain       labels.csv with a column `file`, and `emotion`, or `valence` and `arousal`, or all; `person` if known
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from ned.errors import UserError
from ned.manipulator.vitl.landmarks import kdef_name, rafd_name
from ned.manipulator.vitl.plane import CLASS_MEANS
from ned.types import EMOTIONS

AFFECTNET = ("neutral", "happy", "sad", "surprised", "fear", "disgusted", "angry")
"""By the numbers of its classes; 7 is contempt, the rest no face or none of these."""
FERPLUS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
_FER_NAMES = {"happiness": "happy", "surprise": "surprised", "sadness": "sad", "anger": "angry",
              "disgust": "disgusted", "fear": "fear", "neutral": "neutral"}  # fmt: skip
_IMAGES = (".jpg", ".jpeg", ".png", ".webp")
_MAX_ROWS = 2_000_000


@dataclass(frozen=True)
class LabelledImage:
    """One image and what is said of it."""

    path: Path
    emotion: str | None
    place: tuple[float, float] | None
    """Valence and arousal, where they were rated; else see `place_or_class`."""
    person: str
    load: Callable[[], UInt8[np.ndarray, "h w 3"]]

    def place_or_class(self) -> tuple[float, float]:
        """The rated place, else the mean of its class."""
        return self.place if self.place is not None else CLASS_MEANS.get(self.emotion or "", (0.0, 0.0))


def read_labelled(folder: Path) -> list[LabelledImage]:
    """All images of a folder in whichever of the layouts it has. Raises UserError where it has none, or says what is
    not understood."""
    if not folder.is_dir():
        raise UserError("no such folder", path=folder, remedy="check the path")
    for layout in (_plain, _affectnet, _affectnet_table, _ferplus, _posed):
        found = list(layout(folder))
        if found:
            return found
    raise UserError(
        "holds no labelled images", path=folder,
        remedy="give AffectNet, FERPlus, KDEF or RaFD as published, or images with a labels.csv",
    )  # fmt: skip


def _rows(path: Path, needed: tuple[str, ...]) -> Iterator[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            reader = csv.DictReader(file)
            columns = tuple(reader.fieldnames or ())
            missing = [name for name in needed if name not in columns]
            if missing:
                said = f"has no column {missing[0]!r}, but {', '.join(columns)[:120] or 'none'}"
                raise UserError(said, path=path, remedy=f"give the columns {', '.join(needed)}")
            for number, row in enumerate(reader):
                if number >= _MAX_ROWS:
                    raise UserError(f"has more than {_MAX_ROWS} rows", path=path, remedy="split it")
                yield {key: value or "" for key, value in row.items() if key}
    except csv.Error as error:
        raise UserError(f"is no CSV ({error})", path=path, remedy="write one row an image") from error


def _plain(folder: Path) -> Iterator[LabelledImage]:
    table = folder / "labels.csv"
    if not table.is_file():
        return
    for number, row in enumerate(_rows(table, ("file",)), start=2):
        where = f"{table}, line {number}"
        path = (folder / row["file"]).resolve()
        if folder.resolve() not in path.parents:
            raise UserError("names a file outside its folder", path=where, remedy="put images beside labels.csv")
        emotion = row.get("emotion", "").strip().lower() or None
        if emotion is not None and emotion not in EMOTIONS:
            raise UserError(f"unknown emotion {emotion[:40]!r}", path=where, remedy=f"use {', '.join(EMOTIONS)}")
        place = _place(row, where)
        if emotion is None and place is None:
            remedy = "give a column emotion, or valence and arousal"
            raise UserError("says nothing about the image", path=where, remedy=remedy)
        yield _image(path, emotion, place, row.get("person", "") or row["file"])


def _place(row: dict[str, str], where: str) -> tuple[float, float] | None:
    if not row.get("valence") and not row.get("arousal"):
        return None
    try:
        place = float(row.get("valence", "")), float(row.get("arousal", ""))
    except ValueError as error:
        remedy = "write numbers from -1 to 1"
        raise UserError("valence and arousal are no numbers", path=where, remedy=remedy) from error
    if not all(math.isfinite(v) and abs(v) <= 1 for v in place):
        raise UserError("valence or arousal is not within -1 to 1", path=where, remedy="write numbers from -1 to 1")
    return place


def _affectnet(folder: Path) -> Iterator[LabelledImage]:
    for said in sorted(folder.rglob("annotations")):
        shown = said.parent / "images"
        for file in sorted(said.glob("*_exp.npy")) if shown.is_dir() else ():
            number = file.name.removesuffix("_exp.npy")
            try:
                kind, valence, arousal = (float(np.load(said / f"{number}_{n}.npy", allow_pickle=False).item())
                                for n in ("exp", "val", "aro"))  # fmt: skip
            except (OSError, ValueError) as error:
                raise UserError("is no annotation of AffectNet", path=file, remedy="copy the set again") from error
            path = next((p for e in _IMAGES if (p := shown / f"{number}{e}").exists()), None)
            if path is not None and 0 <= kind < len(AFFECTNET):
                yield _image(path, AFFECTNET[int(kind)], _rated(valence, arousal, file), number)


def _affectnet_table(folder: Path) -> Iterator[LabelledImage]:
    for table in sorted(folder.glob("*.csv")):
        with table.open(encoding="utf-8-sig", errors="replace") as file:
            if "subDirectory_filePath" not in file.readline():
                continue
        rows = _rows(table, ("subDirectory_filePath", "expression", "valence", "arousal"))
        for number, row in enumerate(rows, start=2):
            path = (folder / row["subDirectory_filePath"]).resolve()
            if not row["expression"].isdecimal() or folder.resolve() not in path.parents or not path.is_file():
                continue
            if int(row["expression"]) < len(AFFECTNET):
                rated = _rated(row["valence"], row["arousal"], f"{table}, line {number}")
                yield _image(path, AFFECTNET[int(row["expression"])], rated, row["subDirectory_filePath"])


def _rated(valence: float | str, arousal: float | str, where: str | Path) -> tuple[float, float] | None:
    """AffectNet writes -2 where nobody rated; nothing counts as that too."""
    try:
        place = tuple(-2.0 if value == "" else float(value) for value in (valence, arousal))
    except ValueError as error:
        remedy = "copy the set again"
        raise UserError("valence and arousal are no numbers", path=where, remedy=remedy) from error
    return (place[0], place[1]) if all(abs(v) <= 1 for v in place) else None


def _ferplus(folder: Path) -> Iterator[LabelledImage]:
    pixels, votes = folder / "fer2013.csv", folder / "fer2013new.csv"
    if not pixels.is_file() or not votes.is_file():
        return
    both = zip(_rows(pixels, ("pixels",)), _rows(votes, FERPLUS), strict=False)
    for number, (row, vote) in enumerate(both):
        try:
            counts = [int(vote[name] or 0) for name in FERPLUS]
        except ValueError as error:
            where = f"{votes}, line {number + 2}"
            raise UserError("votes are no numbers", path=where, remedy="copy the set again") from error
        best = FERPLUS[int(np.argmax(counts))]
        if best in _FER_NAMES and max(counts) * 2 > sum(counts):  # most voters agree
            load = partial(_fer_pixels, row["pixels"], f"{pixels}, line {number + 2}")
            yield LabelledImage(pixels, _FER_NAMES[best], None, str(number), load)


def _fer_pixels(text: str, where: str) -> UInt8[np.ndarray, "48 48 3"]:
    try:
        grey = np.array([int(word) for word in text.split()]).reshape(48, 48)
        if grey.min() < 0 or grey.max() > 255:
            raise ValueError
    except ValueError as error:
        remedy = "copy the set again"
        raise UserError("holds no image of 48 x 48 numbers", path=where, remedy=remedy) from error
    return np.repeat(grey.astype(np.uint8)[..., None], 3, 2)


def _posed(folder: Path) -> Iterator[LabelledImage]:
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in _IMAGES):
        name = kdef_name(path.stem) or rafd_name(path.stem)
        if name is not None:
            yield _image(path, name[2], None, name[0])


def _image(path: Path, emotion: str | None, place: tuple[float, float] | None, person: str) -> LabelledImage:
    from ned.analysis.image import read_image

    return LabelledImage(path, emotion, place, person, lambda: read_image(path))
