"""Pairs for the small editor: portraits, and what the product's own renderer makes of them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8

from ned.errors import NedError, UserError
from ned.files.arrays import array_errors, save_arrays
from ned.files.atomic import atomic_path
from ned.stills.gan.small import SIZE

RENDERED_PX = 2 * SIZE
"""Side at which pairs are rendered before they are made smaller."""


@dataclass(frozen=True)
class Pairs:
    """`after[i]` is `before[source[i]]` at `places[i]`."""

    before: UInt8[np.ndarray, "people 96 96 3"]
    after: UInt8[np.ndarray, "pairs 96 96 3"]
    source: Int[np.ndarray, "pairs"]
    places: Float[np.ndarray, "pairs 2"]
    files: tuple[str, ...] = ()
    """Names of the portraits, where they are known."""


@dataclass(frozen=True)
class PairsOfOne:
    """One portrait and what was made of it."""

    file: str
    before: UInt8[np.ndarray, "96 96 3"]
    after: list[UInt8[np.ndarray, "96 96 3"]]
    places: Float[np.ndarray, "each 2"]


def joined(made: Sequence[PairsOfOne]) -> Pairs:
    """Those of several portraits. ValueError for none."""
    source = np.repeat(np.arange(len(made)), [len(one.after) for one in made])
    after, places = [image for one in made for image in one.after], np.concatenate([one.places for one in made])
    return Pairs(
        np.stack([one.before for one in made]), np.stack(after), source, places, tuple(one.file for one in made)
    )


def apart(pairs: Pairs) -> list[PairsOfOne]:
    """The inverse of `joined`."""
    rows = [np.flatnonzero(pairs.source == k) for k in range(len(pairs.before))]
    names = pairs.files or ("",) * len(rows)
    return [
        PairsOfOne(name, before, list(pairs.after[at]), pairs.places[at])
        for name, before, at in zip(names, pairs.before, rows, strict=True)
    ]


def render_pairs(images: list[Path], each: int, rng: np.random.Generator) -> Iterator[PairsOfOne]:
    """Every portrait that shows a face, edited to `each` random places of the disc, more of them near its rim."""
    from ned.stills.edit import rgb_of
    from ned.stills.faces import find_faces
    from ned.stills.image import read_image
    from ned.stills.sheet import at_place, close_up

    small = lambda rgb: cv2.resize(rgb, (SIZE, SIZE), interpolation=cv2.INTER_AREA)  # noqa: E731
    for path in images:
        try:
            portrait = find_faces(read_image(path))
        except NedError:
            continue
        frame, face = close_up(portrait, portrait.faces[0], RENDERED_PX)
        angle, radius = rng.uniform(0, 2 * np.pi, each), np.sqrt(rng.uniform(0.02, 1.0, each))
        places = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
        after = [small(at_place(frame, face, place, portrait.model)) for place in places]
        yield PairsOfOne(path.name, small(rgb_of(frame)), after, places)


def save_pairs(path: Path, pairs: Pairs) -> None:
    """Write atomically."""
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        save_arrays(
            file, before=pairs.before, after=pairs.after, source=pairs.source, places=pairs.places,
            files=np.array(pairs.files, str),
        )  # fmt: skip


def load_pairs(path: Path) -> Pairs:
    """Raises UserError where the file is none of `save_pairs`."""
    try:
        with array_errors(), np.load(path, allow_pickle=False) as data:
            files = tuple(data["files"].tolist()) if "files" in data else ()
            pairs = Pairs(data["before"], data["after"], data["source"], data["places"], files)
        count, shapes = len(pairs.after), pairs.before.shape[1:] == pairs.after.shape[1:] == (SIZE, SIZE, 3)
        if not shapes or pairs.places.shape != (count, 2) or len(pairs.source) != count:
            raise ValueError
        if len(files) not in (0, len(pairs.before)):
            raise ValueError
        if len(pairs.source) == 0 or not 0 <= pairs.source.min() <= pairs.source.max() < len(pairs.before):
            raise ValueError
        return pairs
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        remedy = "make it with scripts/build/still_pairs.py"
        raise UserError("holds no pairs of images", path=path, remedy=remedy) from error
