"""Editors side by side: the faces of an image as the warp and as networks edit them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from ned.edit.track_edit import TrackEdit
from ned.files.checkpoint import read_head
from ned.report.sheet import crop, grid
from ned.stills.edit import Wish, edit_faces
from ned.stills.faces import Portrait
from ned.stills.gan.apply import KIND as SMALL
from ned.stills.gan.editors import load_network
from ned.stills.upright import eight_bits

TILE_PX, MARGIN, MOST_FACES = 256, 1.5, 12


def editors_sheet(portrait: Portrait, wish: Wish) -> tuple[UInt8[np.ndarray, "h w 3"], tuple[TrackEdit, ...]]:
    """A row a face, at most `MOST_FACES`, a column an editor, the untouched faces first; and what the warp did.

    Files of `wish.editor_weights` that are of one editor and scope make one column. Raises UserError for a file that
    is no editor's.
    """
    shown = {"untouched": portrait.image}
    warped = edit_faces(portrait, replace(wish, editor="warp", editor_weights=()))
    shown["warp"] = warped.image
    for (editor, scope), paths in sorted_by_editor(wish.editor_weights).items():
        name = editor if editor in ("small", "caae") else f"{editor}, {scope}"
        one = replace(wish, editor=editor, editor_weights=tuple(paths), scope=scope or None)
        shown[name] = edit_faces(portrait, one).image
    columns = [eight_bits(image.pixels) for image in shown.values()]
    faces = portrait.faces[:MOST_FACES]
    rows = [[crop(rgb, f.track.boxes[0], MARGIN, (TILE_PX, TILE_PX)) for rgb in columns] for f in faces]
    labels = [f"person {face.number}" for face in faces] if len(faces) > 1 else []
    return grid(rows, labels, list(shown)), warped.edits


def sorted_by_editor(paths: Sequence[Path]) -> dict[tuple[str, str], list[Path]]:
    """Files by (editor, scope), in the order in which they were given. Raises UserError for what is no editor's."""
    found: dict[tuple[str, str], list[Path]] = {}
    for path in paths:
        if read_head(path).get("kind") == SMALL:
            found.setdefault(("small", ""), []).append(path)
            continue
        network = load_network(path)
        found.setdefault((network.kind, network.scope), []).append(path)
    return found
