"""What keeps an edited expression from being held still: it drifts, and brows go with the stressed syllables.

A face that holds one expression through speech looks imposed.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

from ned.types import ExpressionSpace

VARIATION, VARIATION_S = 0.22, 0.6
"""How much the strength of an edit drifts over time, as a share of it, and the time scale of that in seconds."""

STRESS, STRESS_S = 0.5, 0.15
"""How much stronger brows, nose, cheeks and opened eyes show it in loud syllables than in the mean, as a share, and the
time scale of these."""

_NOISE_RATE = 25.0

STRESSED = ("brow", "nose", "cheek", "eyeWide")


def loudness(opening: Float[np.ndarray, "frames"], frame_rate: float) -> Float[np.ndarray, "frames"]:
    """How open the mouth is around each frame against its mean, in [−1, 1]; 0 for one that does not speak."""
    loud = gaussian_filter1d(opening, STRESS_S * frame_rate, mode="nearest")
    return np.clip((loud - loud.mean()) / max(2.0 * float(loud.std()), 0.1), -1.0, 1.0)


def slow_noise(
    rng: np.random.Generator, frames: int, frame_rate: float, sigma_s: float = VARIATION_S
) -> Float[np.ndarray, "frames"]:
    """Smooth noise of about unit size, at most 1.5; the same over time whatever the frame rate."""
    sigma = sigma_s * _NOISE_RATE
    pad, count = int(4 * sigma) + 1, int(np.ceil(frames * _NOISE_RATE / frame_rate)) + 1
    noise = gaussian_filter1d(rng.standard_normal(count + 2 * pad), sigma)[pad : pad + count]
    noise = np.clip(noise * np.sqrt(2 * sigma * np.sqrt(np.pi)), -1.5, 1.5)
    return np.interp(np.arange(frames) * (_NOISE_RATE / frame_rate), np.arange(count), noise)


def enliven(
    space: ExpressionSpace,
    difference: Float[np.ndarray, "frames width"],
    opening: Float[np.ndarray, "frames"],
    frame_rate: float,
    rng: np.random.Generator,
    share: float = 1.0,
) -> Float[np.ndarray, "frames width"]:
    """`difference` with a `share` of all that; `opening` is the mouth's."""
    drift = 1.0 + share * VARIATION * slow_noise(rng, len(difference), frame_rate)
    stressed = np.array([name.startswith(STRESSED) for name in space.names], np.float64)
    stress = 1.0 + share * STRESS * loudness(opening, frame_rate)[:, None] * stressed
    return (difference * drift[:, None] * stress).astype(difference.dtype)
