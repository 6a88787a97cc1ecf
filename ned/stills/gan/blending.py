"""A generated part goes back into its image: brightness first, then edges.

As the smile paper has it, the part's mean brightness is shifted to that of what it replaces and its edges fade in over
a linear ramp. Beside it the multi-band blending that `ned` has for all else.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ned.composite.blend import blend_difference

RAMP = 0.15
"""Width of the ramp as a share of the part's side."""


def match_brightness(
    part: Float[np.ndarray, "h w 3"], original: Float[np.ndarray, "h w 3"]
) -> Float[np.ndarray, "h w 3"]:
    """`part` in [0, 1] with the mean of `original`, clipped."""
    return np.clip(part + (original.mean() - part.mean()), 0.0, 1.0).astype(part.dtype)


def ramp(size: tuple[int, int], width: float = RAMP) -> Float[np.ndarray, "h w"]:
    """0 at each edge, 1 from `width` of the side on, linear between."""

    def rise(n: int) -> np.ndarray:
        at = (np.arange(n) + 0.5) / n
        return np.clip(np.minimum(at, 1.0 - at) / max(width, 1e-6), 0.0, 1.0)

    return np.minimum(rise(size[0])[:, None], rise(size[1])[None]).astype(np.float32)


def blend_linear(
    part: Float[np.ndarray, "h w 3"], original: Float[np.ndarray, "h w 3"]
) -> Float[np.ndarray, "h w 3"]:
    """The paper's: what the image shows with the part in it, in the part's box."""
    alpha = ramp(original.shape[:2])[..., None]
    return alpha * match_brightness(part, original) + (1.0 - alpha) * original


def blend_bands(part: Float[np.ndarray, "h w 3"], original: Float[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w 3"]:
    """The same by a Laplacian pyramid: fine bands are cut sharply, coarse ones softly."""
    difference = (match_brightness(part, original) - original).astype(np.float32)
    edge = ramp(original.shape[:2])
    return np.clip(original + edge[..., None] * blend_difference(difference, edge), 0.0, 1.0)
