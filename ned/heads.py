"""FLAME's whole head through a track: what renderers that draw the full mesh are told beside the landmarks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True)
class Heads:
    """Coefficients and pose of FLAME in each frame; angles and axes as `ned`'s (x to the actor's left, y down).

    The pose is that of `ned.types.HeadPose`: pixel = scale · (R · X)[:2] + translation, X in cm.
    """

    identity: Float[np.ndarray, "frames identities"]
    """Standard deviations."""
    expression: Float[np.ndarray, "frames 50"]
    """Standard deviations."""
    jaw_rad: Float[np.ndarray, "frames 3"]
    """Axis-angle of the jaw."""
    rotation: Float[np.ndarray, "frames 3 3"]
    scale: Float[np.ndarray, "frames"]
    translation: Float[np.ndarray, "frames 2"]
    detail: Float[np.ndarray, "frames 128"] | None = None
    """DECA's code of what the mesh is too coarse for; None where the fit has none."""

    def __len__(self) -> int:
        return len(self.expression)

    def part(self, where: slice | Int[np.ndarray, "k"]) -> Heads:
        """Some of the frames."""
        return Heads(**{name: None if array is None else array[where] for name, array in self.arrays().items()})

    def arrays(self) -> dict[str, np.ndarray | None]:
        """By name, in the order of the fields."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def moved(self, change: Float[np.ndarray, "frames 51"]) -> Heads:
        """With another jaw opening (rad) and expression: what `flame50` names, and nothing else (section 3.2 of Neural
        Emotion Director: pose, identity and detail stay)."""
        jaw = self.jaw_rad.copy()
        jaw[:, 0] += change[:, 0]
        return replace(self, jaw_rad=jaw, expression=(self.expression + change[:, 1:]).astype(self.expression.dtype))

    def placed(self, other_from_here: Float[np.ndarray, "2 3"]) -> Heads:
        """In the pixels of another picture, by a similarity."""
        a, b = float(other_from_here[0, 0]), float(other_from_here[1, 0])
        factor = float(np.hypot(a, b))
        roll = np.array([[a, -b, 0.0], [b, a, 0.0], [0.0, 0.0, factor]]) / factor
        shifted = self.translation @ other_from_here[:, :2].T + other_from_here[:, 2]
        return replace(
            self, rotation=(roll @ self.rotation).astype(np.float32), scale=(factor * self.scale).astype(np.float32),
            translation=shifted.astype(np.float32),
        )  # fmt: skip


def joined_heads(parts: list[Heads]) -> Heads:
    """Tracks one after another; the code of details where all have one."""
    detail = all(part.detail is not None for part in parts)
    arrays = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in Heads.__dataclass_fields__
        if name != "detail" or detail
    }
    return Heads(**arrays)
