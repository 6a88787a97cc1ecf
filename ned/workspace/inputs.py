"""Several inputs at once: what folders and patterns name, and where their outputs go."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ned.errors import UserError

VIDEOS = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".wmv",
          ".flv", ".3gp", ".ogv", ".mxf")  # fmt: skip
"""Endings of files in a folder that are taken for videos."""


def is_many(given: Sequence[str]) -> bool:
    """Whether inputs as the user wrote them are more than one file: several, a folder, or a pattern."""
    return len(given) != 1 or Path(given[0]).is_dir() or _is_pattern(given[0])


def expand(
    given: Iterable[str],
    made_of: Callable[[Path], Iterable[Path]],
    endings: tuple[str, ...] = VIDEOS,
    what: str = "video",
) -> list[Path]:
    """The videos, or what else has these `endings`, that these files, folders (not what is in folders inside) and
    patterns name, each once.

    What `made_of` says that is made of another of them is left out, so that a second run does not take the outputs of
    the first for inputs. UserError where a folder or a pattern names no video.
    """
    found: list[Path] = []
    for text in given:
        path = Path(text).expanduser()
        if path.is_dir():
            shown = (p for p in path.iterdir() if p.suffix.lower() in endings and p.name[0] != ".")
            inside = sorted(p for p in shown if p.is_file())
            if not inside:
                raise UserError(f"holds no {what}", path=path, remedy=f"known endings are {', '.join(endings)}")
            found += inside
        elif _is_pattern(text):
            inside = [Path(p) for p in sorted(glob.glob(str(path), recursive=True)) if Path(p).is_file()]
            if not inside:
                raise UserError("nothing fits this pattern", path=text, remedy="check the path")
            found += inside
        else:
            found.append(path)
    found = list(dict.fromkeys(found))
    made = {path.resolve() for source in found for path in made_of(source)}
    return [path for path in found if path.resolve() not in made]


def check_apart(pairs: Iterable[tuple[Path, Path]]) -> None:
    """Raise UserError where two inputs would have one output; pairs of input and output."""
    seen: dict[Path, Path] = {}
    for source, output in pairs:
        other = seen.setdefault(output.resolve(), source)
        if other != source:
            raise UserError(
                f"would be the output of both {other} and {source}", path=output, remedy="rename one, or run them apart"
            )


def _is_pattern(text: str) -> bool:
    return glob.has_magic(text) and not Path(text).expanduser().exists()
