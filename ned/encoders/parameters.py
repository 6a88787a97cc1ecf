"""What encoders say of images, each coefficient under its name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

DECA_WIDTHS = {"shape": 100, "texture": 50, "expression": 50, "pose": 6, "camera": 3, "light": 27}
"""Order and widths of E_flame's 236 numbers."""


@dataclass(frozen=True)
class EncodedFaces:
    """FLAME coefficients of images in the axes and units of the field: rad, standard deviations."""

    shape: Float[np.ndarray, "frames identities"]
    expression: Float[np.ndarray, "frames 50"]
    global_pose: Float[np.ndarray, "frames 3"]
    """Axis-angle of the root, about its joint."""
    jaw_pose: Float[np.ndarray, "frames 3"]
    camera: Float[np.ndarray, "frames 3"]
    """Scale, shift in x and y: the image is [−1, 1] wide, and x' = s(x + tx), y' = −s(y + ty)."""
    texture: Float[np.ndarray, "frames 50"] | None = None
    light: Float[np.ndarray, "frames 9 3"] | None = None
    """Spherical harmonics."""
    detail: Float[np.ndarray, "frames 128"] | None = None
    eyelids: Float[np.ndarray, "frames 2"] | None = None
    """SMIRK's lids, left and right, in [0, 1]."""

    def __len__(self) -> int:
        return len(self.shape)


def unpack_deca(numbers: Float[np.ndarray, "frames numbers"]) -> dict[str, np.ndarray]:
    """E_flame's 236 numbers by name, each (frames, width), see `DECA_WIDTHS`; ValueError where they are not 236."""
    if numbers.shape[1] != sum(DECA_WIDTHS.values()):
        raise ValueError(f"{numbers.shape[1]} numbers, wanted {sum(DECA_WIDTHS.values())}")
    ends = np.cumsum(list(DECA_WIDTHS.values()))
    return dict(zip(DECA_WIDTHS, np.split(numbers, ends[:-1], axis=1), strict=True))
