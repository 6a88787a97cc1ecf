"""From paths to footage: crops are cut once and kept; people are told apart by folders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ned import workspace
from ned.errors import UserError
from ned.renderer.neural.evaluation import HELD_OUT
from ned.renderer.neural.mesh import MeshDrawing
from ned.renderer.neural.training.crop_sequences import CropSequence, cut_footage, joined, load_footage, save_footage
from ned.runtime.progress import Progress
from ned.workspace.inputs import VIDEOS

PREPARED = ".npz"
LEAST_FRAMES = 12
"""Of a video; fewer cannot be split into footage to learn from and footage to measure on."""


@dataclass(frozen=True)
class Person:
    """CropSequence of one person, split in time."""

    name: str
    train: CropSequence
    test: CropSequence
    """The last share of every video."""


def sources(data: Sequence[Path]) -> list[tuple[Path, str | None]]:
    """Videos and prepared footage among files and folders, with the person where a folder names one.

    In a folder, every file is a person of its own and every folder inside holds one person. UserError for a path that
    does not exist or a folder that holds neither.
    """
    found: list[tuple[Path, str | None]] = []
    for path in data:
        if path.is_dir():
            inside = [(file, None) for file in _files(path)]
            folders = sorted(p for p in path.iterdir() if p.is_dir() and p.name[0] != ".")
            inside += [(file, folder.name) for folder in folders for file in _files(folder)]
            if not inside:
                raise UserError("holds no video and no prepared footage", path=path,
                                remedy="name a folder of videos, or of folders of videos, one a person")  # fmt: skip
            found += inside
        else:
            workspace.check_input(path)
            found.append((path, None))
    return found


def _files(folder: Path) -> list[Path]:
    known = (*VIDEOS, PREPARED)
    return sorted(p for p in folder.iterdir() if p.is_file() and p.suffix.lower() in known and p.name[0] != ".")


def prepare(
    path: Path, size: int, keep: Path, progress: Progress, number: int | None = None, drawing: MeshDrawing | None = None
) -> Path:
    """The file of crops of a video, cut now or found in the folder `keep`; prepared footage is its own. With the heads
    of `drawing`. Raises what `cut_footage` raises."""
    if path.suffix.lower() == PREPARED:
        return path
    which = "" if number is None else f"-{number}"
    which += f"-{drawing.digest[:12]}" if drawing else ""
    kept = keep / f"{path.stem[:60]}-{workspace.fingerprint(path)[:12]}-{size}{which}{PREPARED}"
    try:
        load_footage(kept)
    except UserError:  # there is none, or it is damaged
        footage = cut_footage(path, size, progress, number=number, heads_of=drawing.heads_of if drawing else None)
        keep.mkdir(parents=True, exist_ok=True)
        save_footage(kept, footage)
    return kept


def gather(
    data: Sequence[Path], size: int, keep: Path, progress: Progress, drawing: MeshDrawing | None = None
) -> list[CropSequence]:
    """All footage that these paths name, in crops of `size`, with the heads of `drawing`.

    What cannot be used is left out with a note; UserError where nothing is left.
    """
    found, refused, given = [], None, sources(data)
    for path, person in given:
        try:
            cut = load_footage(prepare(path, size, keep, progress, drawing=drawing))
            footage = fitting(cut, size, path, drawing)
        except UserError as error:
            refused = error
            if len(given) > 1:
                progress.note(f"left out: {error}")
            continue
        found.append(replace(footage, person=person) if person else footage)
    if not found and refused:
        raise refused
    return found


def fitting(footage: CropSequence, size: int, path: Path, drawing: MeshDrawing | None = None) -> CropSequence:
    """CropSequence in crops of `size`; UserError where its own are smaller, it is too short to be split, or it has no
    heads and `drawing` wants them."""
    if drawing is not None and footage.heads is None:
        raise UserError("holds no heads of FLAME", path=path, remedy="name the video that it was cut from")
    if footage.size < size:
        raise UserError(f"holds crops of {footage.size} pixels, {size} are wanted", path=path,
                        remedy="cut it again from the video, or choose a smaller size")  # fmt: skip
    if len(footage) < LEAST_FRAMES:
        raise UserError(f"the face is seen in {len(footage)} frames, {LEAST_FRAMES} are the least", path=path,
                        remedy="give a longer video")  # fmt: skip
    return footage.resized(size)


def by_person(footages: Sequence[CropSequence]) -> list[Person]:
    """People in order of name; the last share of each video is held out."""
    out = []
    for name in sorted({footage.person for footage in footages}):
        pairs = [footage.split(HELD_OUT) for footage in footages if footage.person == name]
        out.append(Person(name, joined([train for train, _ in pairs]), joined([test for _, test in pairs])))
    return out
