"""The small editor on a photograph: what it says at 96 pixels is applied at the photograph's own resolution."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float

from ned.composite.blend import soft_mask
from ned.files.checkpoint import load_checkpoint, load_strictly, part_of
from ned.geometry.landmarks import LANDMARKS
from ned.stills.faces import Face, square_around
from ned.stills.gan.blending import ramp
from ned.stills.gan.settings import SmallConfig
from ned.stills.gan.small import SIZE, SmallEditor, applied
from ned.video import Frame

KIND = "small-editor"
REACH = 1.35
"""How far around the face, as a share of its outline's distance from its middle, anything may change."""


def load_editor(path: Path) -> SmallEditor:
    """The networks of a checkpoint of `ned train small-editor`. Raises UserError where it does not fit."""
    kept = load_checkpoint(path, KIND)
    editor = SmallEditor(SmallConfig.build(kept.config, path).width)
    load_strictly(editor, part_of(kept.tensors, "editor."), path)
    return editor.eval().requires_grad_(False)


def edit_with(
    editor: SmallEditor, frame: Frame, faces: Sequence[Face], place: Float[np.ndarray, "2"], gain: float = 1.0
) -> Frame:
    """The frame with all faces moved to a place of the plane; `gain` scales the change."""
    for face in faces:
        frame = _edit_one(editor, frame, face, place, gain * float(face.strength[0]))
    return frame


def _edit_one(
    editor: SmallEditor, frame: Frame, face: Face, place: Float[np.ndarray, "2"], gain: float
) -> Frame:
    x0, y0, side = square_around(face)
    x0, y0, side = round(x0), round(y0), round(side)
    box = max(x0, 0), max(y0, 0), min(x0 + side, frame.width), min(y0 + side, frame.height)
    inside = slice(box[1] - y0, box[3] - y0), slice(box[0] - x0, box[2] - x0)
    part = frame.region_rgb(box)
    border = (inside[0].start, side - inside[0].stop, inside[1].start, side - inside[1].stop)
    square = cv2.copyMakeBorder(part, *border, cv2.BORDER_REPLICATE)
    how = cv2.INTER_AREA if side > SIZE else cv2.INTER_LINEAR
    seen = _tensor(cv2.resize(square, (SIZE, SIZE), interpolation=how))
    with torch.inference_mode():
        said = editor(seen, torch.from_numpy(np.asarray(place, np.float32))[None])
        whole = _tensor(square)
        difference = (applied(whole, *said, gain=gain) - whole)[0].movedim(0, 2).numpy() / 2.0
    outline = face.track.landmarks[0][list(LANDMARKS.oval), :2].astype(np.float32) - np.array([x0, y0], np.float32)
    middle = outline.mean(0)
    wide = middle + REACH * (outline - middle)
    difference = difference * (ramp((side, side)) * soft_mask(wide, wide, (side, side)))[..., None]
    return frame.add_region(box, np.ascontiguousarray(difference[inside]))


def _tensor(rgb: Float[np.ndarray, "h w 3"]) -> Float[torch.Tensor, "1 3 h w"]:
    """[0, 1] as [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(rgb, np.float32)).movedim(2, 0)[None] * 2.0 - 1.0
