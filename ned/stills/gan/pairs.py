"""Pairs for the small editor: portraits, and what the product's own renderer makes of them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8

from ned.errors import NedError, UserError
from ned.files.arrays import array_errors, save_arrays
from ned.files.atomic import atomic_path
from ned.stills.gan.small import SIZE
from ned.types import ValenceArousal

RENDERED_PX = 2 * SIZE
"""Side at which pairs are rendered before they are made smaller."""


@dataclass(frozen=True)
class Pairs:
    """`after[i]` is `before[source[i]]` at `places[i]`."""

    before: UInt8[np.ndarray, "people 96 96 3"]
    after: UInt8[np.ndarray, "pairs 96 96 3"]
    source: Int[np.ndarray, "pairs"]
    places: Float[np.ndarray, "pairs 2"]


def render_pairs(
    images: list[Path], each: int, rng: np.random.Generator
) -> Iterator[tuple[UInt8[np.ndarray, "96 96 3"], list[UInt8[np.ndarray, "96 96 3"]], Float[np.ndarray, "each 2"]]]:
    """Every portrait that shows a face, edited to `each` random places of the disc, more of them near its rim."""
    from ned.edit.track_edit import TrackEdit
    from ned.stills.edit import Wish, manipulate_with, paint, rgb_of
    from ned.stills.faces import find_faces
    from ned.stills.image import read_image
    from ned.stills.sheet import close_up

    small = lambda rgb: cv2.resize(rgb, (SIZE, SIZE), interpolation=cv2.INTER_AREA)  # noqa: E731
    for path in images:
        try:
            portrait = find_faces(read_image(path))
        except NedError:
            continue
        frame, face = close_up(portrait, portrait.faces[0], RENDERED_PX)
        angle, radius = rng.uniform(0, 2 * np.pi, each), np.sqrt(rng.uniform(0.02, 1.0, each))
        places = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
        after = []
        for place in places:
            change = manipulate_with(Wish(ValenceArousal(float(place[0]), float(place[1]))), portrait.model)
            edit = TrackEdit(face.track, face.fit, change(face), portrait.model, face.strength)
            after.append(small(rgb_of(paint(frame, [edit], portrait.model))))
        yield small(rgb_of(frame)), after, places


def save_pairs(path: Path, pairs: Pairs) -> None:
    """Write atomically."""
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        save_arrays(file, before=pairs.before, after=pairs.after, source=pairs.source, places=pairs.places)


def load_pairs(path: Path) -> Pairs:
    """Raises UserError where the file is none of `save_pairs`."""
    try:
        with array_errors(), np.load(path, allow_pickle=False) as data:
            pairs = Pairs(*(data[name] for name in ("before", "after", "source", "places")))
        shapes = pairs.before.shape[1:] == pairs.after.shape[1:] == (SIZE, SIZE, 3)
        if not shapes or pairs.places.shape != (len(pairs.after), 2) or len(pairs.source) != len(pairs.after):
            raise ValueError
        if len(pairs.source) == 0 or not 0 <= pairs.source.min() <= pairs.source.max() < len(pairs.before):
            raise ValueError
        return pairs
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        remedy = "make it with scripts/build/still_pairs.py"
        raise UserError("holds no pairs of images", path=path, remedy=remedy) from error
