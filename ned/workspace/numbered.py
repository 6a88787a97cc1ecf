"""Numbered images, `shot.%04d.exr` or `shot.####.exr`: which files a pattern names, and what is made of its name."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from ned.errors import UserError

ENDINGS = (".exr", ".png")
"""Kinds of images that are read and written one by one."""
_COUNTER = re.compile(r"%(?:0?(?P<width>\d{1,2}))?d|(?P<marks>#+)")


def is_numbered(path: str | Path | None) -> bool:
    """Whether a name is a pattern of numbered images rather than one file."""
    return path is not None and Path(path).suffix.lower() in ENDINGS and bool(_COUNTER.search(Path(path).name))


@dataclass(frozen=True)
class Numbered:
    """A pattern: `before`, a number of at least `digits` digits, `after`."""

    folder: Path
    before: str
    digits: int
    after: str

    @classmethod
    def of(cls, path: Path) -> Numbered:
        """UserError for a name with no counter, or with more than one."""
        found = list(_COUNTER.finditer(path.name))
        if len(found) != 1:
            cause = f"has {len(found)} places for a frame number"
            raise UserError(cause, path=path, remedy="write one, such as shot.%04d.exr or shot.####.exr")
        start, end = found[0].span()
        digits = len(found[0]["marks"] or "") or int(found[0]["width"] or 1)
        return cls(path.parent, path.name[:start], max(1, digits), path.name[end:])

    def path(self, number: int) -> Path:
        """The file of a frame."""
        return self.folder / f"{self.before}{number:0{self.digits}d}{self.after}"

    def numbers(self) -> tuple[int, ...]:
        """Frame numbers of the files that are there, rising. UserError where the folder cannot be read."""
        found = []
        form = re.compile(rf"{re.escape(self.before)}(\d{{{self.digits},12}}){re.escape(self.after)}")
        try:
            for entry in os.scandir(self.folder):
                match = form.fullmatch(entry.name)
                if match and len(match[1]) == max(self.digits, len(str(int(match[1])))) and entry.is_file():
                    found.append(int(match[1]))
        except OSError as error:
            raise UserError(f"cannot be read ({error.strerror})", path=self.folder, remedy="check the path") from error
        return tuple(sorted(found))

    @property
    def ending(self) -> str:
        """Of the images' names, such as `.exr`."""
        return Path("_" + self.after).suffix

    @property
    def stem(self) -> str:
        """What it is called, without counter and ending."""
        return self.before.rstrip("._- ") or self.after.removesuffix(self.ending).strip("._- ") or "images"

    def called(self, what: str) -> Path:
        """The same pattern with `_what` added to its name."""
        rest = self.before[len(self.before.rstrip("._- ")) :]
        name = self.before.rstrip("._- ")
        marks = f"%0{self.digits}d" if self.digits > 1 else "%d"
        return self.folder / f"{name}{'_' if name else ''}{what}{rest or '.'}{marks}{self.after}"

    def beside(self, ending: str) -> Path:
        """A single file that belongs to all of them."""
        return self.folder / f"{self.stem}{ending}"


def check_numbered(path: Path) -> tuple[int, ...]:
    """The frame numbers that a pattern names. UserError where there is none, or one cannot be read."""
    pattern = Numbered.of(path)
    numbers = pattern.numbers()
    if not numbers:
        raise UserError("no image fits this pattern", path=path, remedy="check folder, name and number of digits")
    for number in numbers:
        if not os.access(pattern.path(number), os.R_OK):
            raise UserError("cannot be read", path=pattern.path(number), remedy="check its permissions")
    return numbers


def said(numbers: tuple[int, ...], most: int = 5) -> str:
    """Frame numbers in words: `1001-1004, 1007`; at most so many runs."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    parts = [str(a) if a == b else f"{a}-{b}" for a, b in runs[:most]]
    return ", ".join(parts) + (", …" if len(runs) > most else "")


def missing(numbers: tuple[int, ...]) -> tuple[int, ...]:
    """Frame numbers between the first and the last that are not there."""
    there = set(numbers)
    return tuple(number for number in range(numbers[0], numbers[-1] + 1) if number not in there)


def check_new_images(path: Path, source: Path, overwrite: bool = False) -> None:
    """Raise UserError where images of this pattern would take the places of `source`, exist without `overwrite`, or
    cannot be written."""
    pattern = Numbered.of(path)
    folder = pattern.folder
    if not folder.is_dir():
        raise UserError("its folder does not exist", path=path, remedy=f"make {folder} first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError("its folder cannot be written to", path=path, remedy="choose another --output")
    if is_numbered(source):
        own = Numbered.of(source)
        if (own.folder.resolve(), own.before, own.after) == (folder.resolve(), pattern.before, pattern.after):
            raise UserError("is input and output at once", path=path, remedy="choose another --output")
    there = pattern.numbers()
    if there and not overwrite:
        raise UserError(f"frames {said(there)} exist already", path=path,
                        remedy="pass --overwrite or choose another --output")  # fmt: skip
