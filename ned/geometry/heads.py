"""FLAME's head through some frames: parts of it, with another expression, in another image's pixels."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from jaxtyping import Float, Int

from ned.types import Heads


def arrays(heads: Heads) -> dict[str, np.ndarray | None]:
    """By name, in the order of the fields."""
    return {field.name: getattr(heads, field.name) for field in fields(Heads)}


def part(heads: Heads, where: slice | Int[np.ndarray, "k"]) -> Heads:
    """Some of the frames."""
    return Heads(**{name: None if array is None else array[where] for name, array in arrays(heads).items()})


def joined(parts: list[Heads]) -> Heads:
    """Tracks one after another; with the code of details where all have one."""
    held: dict[str, np.ndarray] = {}
    for field in fields(Heads):
        found = [getattr(heads, field.name) for heads in parts]
        if all(array is not None for array in found):
            held[field.name] = np.concatenate(found)
    return Heads(**held)


def moved(heads: Heads, change: Float[np.ndarray, "frames 51"]) -> Heads:
    """With another jaw opening (rad) and expression: what `flame50` names and nothing else, as in section 3.2 of Neural
    Emotion Director, where pose, identity and detail stay."""
    jaw = heads.jaw_rad.copy()
    jaw[:, 0] += change[:, 0]
    return replace(heads, jaw_rad=jaw, expression=(heads.expression + change[:, 1:]).astype(heads.expression.dtype))


def placed(heads: Heads, other_from_here: Float[np.ndarray, "2 3"]) -> Heads:
    """In the pixels of another image, by a similarity."""
    a, b = float(other_from_here[0, 0]), float(other_from_here[1, 0])
    factor = float(np.hypot(a, b))
    roll = np.array([[a, -b, 0.0], [b, a, 0.0], [0.0, 0.0, factor]]) / factor
    shifted = heads.translation @ other_from_here[:, :2].T + other_from_here[:, 2]
    return replace(
        heads, rotation=(roll @ heads.rotation).astype(np.float32), scale=(factor * heads.scale).astype(np.float32),
        translation=shifted.astype(np.float32),
    )  # fmt: skip
