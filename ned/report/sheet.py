"""Contact sheets: crops of faces side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw, ImageFont

from ned import workspace

_PAPER, _INK = (24, 24, 27), (235, 235, 235)
_GAP = 4


def contact_sheet(
    frames_before: Sequence[UInt8[np.ndarray, "h w 3"]],
    frames_after: Sequence[UInt8[np.ndarray, "h w 3"]],
    boxes: Float[np.ndarray, "n 4"],
    mouths: Float[np.ndarray, "n 4"] | None = None,
    captions: Sequence[str] = (),
    size: int = 240,
) -> UInt8[np.ndarray, "sheet_h sheet_w 3"]:
    """A column a frame: original face, edited face, original mouth, edited mouth.

    `boxes` and `mouths` are xyxy in pixels (mouths are estimated from the boxes where None), `captions` stand over
    the columns, `size` is the width of a column in pixels. ValueError where the numbers differ or there is no frame.
    """
    count = len(frames_before)
    if not count or not count == len(frames_after) == len(boxes) or (mouths is not None and len(mouths) != count):
        raise ValueError(f"{count} originals, {len(frames_after)} edited frames, {len(boxes)} boxes")
    if mouths is None:
        mouths = np.stack([mouth_of(box) for box in boxes])
    wide = (size * 5 // 8, size)
    pairs = (frames_before, frames_after)
    rows = [[crop(f, b, 1.2, (size, size)) for f, b in zip(frames, boxes, strict=True)] for frames in pairs]
    rows += [[crop(f, m, 1.3, wide) for f, m in zip(frames, mouths, strict=True)] for frames in pairs]
    return grid(rows, ("original", "edited", "original", "edited"), captions, text_px=size // 11)


def grid(
    rows: Sequence[Sequence[UInt8[np.ndarray, "_ _ 3"]]],
    labels: Sequence[str] = (),
    captions: Sequence[str] = (),
    text_px: int = 14,
) -> UInt8[np.ndarray, "sheet_h sheet_w 3"]:
    """Images in rows, a label in the corner of each row's first one, captions over the columns.

    Images of one row have the same height; rows may differ in length and height. ValueError where there is none.
    """
    rows = [row for row in rows if len(row)]
    if not rows:
        raise ValueError("no images")
    line = text_px + text_px // 3
    top = line + 2 if captions else 0
    width = max(sum(p.shape[1] + _GAP for p in row) for row in rows) - _GAP
    height = top + sum(row[0].shape[0] + _GAP for row in rows) - _GAP
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw, font, y = ImageDraw.Draw(sheet), ImageFont.load_default(text_px), top
    for k, row in enumerate(rows):
        x = 0
        for column, image in enumerate(row):
            if k == 0 and column < len(captions):
                draw.text((x + 4, 2), captions[column], _INK, font)
            sheet.paste(Image.fromarray(image), (x, y))
            x += image.shape[1] + _GAP
        if k < len(labels):
            left, _, right, _ = draw.textbbox((0, 0), labels[k], font)
            draw.rectangle((0, y, right - left + 10, y + line), _PAPER)
            draw.text((5, y + 1), labels[k], _INK, font)
        y += row[0].shape[0] + _GAP
    return np.asarray(sheet).copy()


def crop(
    frame: UInt8[np.ndarray, "h w 3"],
    box: Float[np.ndarray, "4"],
    margin: float = 1.5,
    shape: tuple[int, int] = (160, 160),
) -> UInt8[np.ndarray, "crop_h crop_w 3"]:
    """The box enlarged by `margin` to the proportions of `shape` (height, width) and scaled to it; black outside."""
    x0, y0, x1, y1 = (float(v) for v in box)
    height, width = shape
    scale = margin * max((x1 - x0) / width, (y1 - y0) / height, 1e-3)
    half_w, half_h, x, y = scale * width / 2, scale * height / 2, (x0 + x1) / 2, (y0 + y1) / 2
    left, top, right, bottom = (int(round(v)) for v in (x - half_w, y - half_h, x + half_w, y + half_h))
    inside = (max(left, 0), max(top, 0), min(right, frame.shape[1]), min(bottom, frame.shape[0]))
    if inside[0] >= inside[2] or inside[1] >= inside[3]:
        return np.zeros((height, width, 3), np.uint8)
    image = Image.new("RGB", (right - left, bottom - top))
    part = np.ascontiguousarray(frame[inside[1] : inside[3], inside[0] : inside[2]])
    image.paste(Image.fromarray(part), (inside[0] - left, inside[1] - top))
    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS)).copy()


def mouth_of(box: Float[np.ndarray, "4"]) -> Float[np.ndarray, "4"]:
    """Where in the box of a face (forehead to chin) the mouth is, about; xyxy."""
    x0, y0, x1, y1 = (float(v) for v in box)
    width, height = x1 - x0, y1 - y0
    return np.array([x0 + 0.26 * width, y0 + 0.64 * height, x1 - 0.26 * width, y0 + 0.93 * height])


def save_image(path: Path, image: UInt8[np.ndarray, "h w 3"]) -> None:
    """Write a .png or .jpg atomically. Raises UserError, ProcessingError as `ned.workspace.atomic_path`."""
    with workspace.atomic_path(path) as temporary:
        Image.fromarray(image).save(temporary, quality=92)
