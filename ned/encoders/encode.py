"""An encoder over the frames of a track: crops, batches, and what was encoded before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, UInt8

from ned.encoders.crop import Crop, deca_crop, smirk_crop
from ned.encoders.parameters import EncodedFaces
from ned.face_model.flame.points import IBUG68
from ned.files.arrays import DAMAGED, array_errors
from ned.geometry.landmarks import NUM_SURFACE

if TYPE_CHECKING:
    from torch import nn

BATCH, CPU_BATCH = 16, 4
"""Images at once, on a graphics card and on the processor, whose caches hold no more."""
CONTEXT = {"spectre": 2}
"""Frames on either side that an encoder looks at."""


def crop_of(kind: str, landmarks: Float[np.ndarray, "frames 478 3"]) -> Crop:
    """The squares that an encoder wants of tracked faces (px)."""
    points = np.asarray(landmarks, np.float64)
    return smirk_crop(points[:, :NUM_SURFACE, :2]) if kind == "smirk" else deca_crop(points[:, list(IBUG68), :2])


def encode_frames(
    network: nn.Module, kind: str, frames: Iterable[UInt8[np.ndarray, "_ _ 3"]], crop: Crop
) -> Iterator[EncodedFaces]:
    """What `network` says of consecutive frames of a track, a batch at a time, in order.

    Every frame is cropped as it comes and let go. Where the encoder looks at neighbours, batches overlap.
    """
    import torch

    context, device = CONTEXT.get(kind, 0), next(network.parameters()).device
    batch = CPU_BATCH if device.type == "cpu" else BATCH
    waiting: list[np.ndarray] = []
    begun = 0

    def said(count: int, ends: bool) -> EncodedFaces:
        images = torch.from_numpy(np.stack(waiting[: begun + count + (0 if ends else context)])).to(device)
        images = images.contiguous(memory_format=torch.channels_last)
        return _part(network.encode(images), slice(begun, begun + count))  # type: ignore[operator]

    for index, image in enumerate(frames):
        waiting.append(crop.cut(index, image))
        if len(waiting) == begun + batch + context:
            yield said(batch, False)
            kept = min(context, begun + batch)
            del waiting[: begun + batch - kept]
            begun = kept
    if len(waiting) > begun:
        yield said(len(waiting) - begun, True)


def _part(faces: EncodedFaces, where: slice) -> EncodedFaces:
    held = {f.name: getattr(faces, f.name) for f in fields(faces)}
    return EncodedFaces(**{name: None if array is None else array[where] for name, array in held.items()})


def joined(parts: list[EncodedFaces]) -> EncodedFaces:
    """Batches or tracks one after another."""
    held: dict[str, Any] = {}
    for f in fields(EncodedFaces):
        arrays = [getattr(part, f.name) for part in parts]
        held[f.name] = None if any(array is None for array in arrays) else np.concatenate(arrays)
    return EncodedFaces(**held)


def save_faces(path: Path, faces: EncodedFaces) -> None:
    """Write what was encoded, for `load_faces`."""
    held = {f.name: getattr(faces, f.name) for f in fields(faces)}
    np.savez(path, **{name: array for name, array in held.items() if array is not None})


def load_faces(path: Path, frames: int) -> EncodedFaces | None:
    """What was encoded before; None where it is not there, damaged, or of another number of frames."""
    try:
        with array_errors(), np.load(path, allow_pickle=False) as data:
            held = {f.name: data.get(f.name, None) for f in fields(EncodedFaces)}
        arrays = [array for array in held.values() if array is not None]
        if len(arrays) < 5 or any(len(a) != frames or not np.isfinite(a).all() for a in arrays):
            return None
        return EncodedFaces(**held)
    except DAMAGED:
        return None
