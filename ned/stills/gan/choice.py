"""Which editor: from its name and the files of its weights to what edits faces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from ned.errors import UserError
from ned.stills.faces import Face
from ned.stills.gan.apply import edit_with, load_editor
from ned.stills.gan.editors import edit_with_networks, load_networks, place_of_style
from ned.types import Style
from ned.video import Frame


@runtime_checkable
class PaintWith(Protocol):
    """The frame with all faces edited towards a style; `intensity` scales the change."""

    def __call__(self, frame: Frame, faces: Sequence[Face], style: Style, intensity: float = 1.0) -> Frame: ...


def load_painter(
    editor: str, paths: Sequence[Path], scope: str | None = None, parts: Sequence[str] = ()
) -> PaintWith:
    """One of `ned.config.still.EDITORS` but the warp, ready to paint; for `scope` and `parts` see `load_networks`.

    Raises UserError where the files are not of this editor.
    """
    if not paths:
        raise UserError(f"the editor {editor} needs its weights", remedy="give --editor-weights FILE")
    if editor == "small":
        if len(paths) > 1:
            raise UserError("the small editor takes one file", path=paths[1], remedy="give one --editor-weights of it")
        network = load_editor(paths[0])

        def by_small(frame: Frame, faces: Sequence[Face], style: Style, intensity: float = 1.0) -> Frame:
            return edit_with(network, frame, faces, place_of_style(style), intensity)

        return by_small
    networks = load_networks(paths, editor, scope, parts)

    def by_networks(frame: Frame, faces: Sequence[Face], style: Style, intensity: float = 1.0) -> Frame:
        return edit_with_networks(networks, frame, faces, style, intensity)

    return by_networks
