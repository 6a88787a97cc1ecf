"""A talking clip without any download: a public-domain portrait, moved by our own face model.

The portrait is scikit-image's `astronaut` (NASA, public domain). Jaw, lips, brows, lids and head move by
known coefficients, in time with a simple synthetic voice. The clip is what `make demo` edits where no
video is named, and ground truth for tests.
"""

from __future__ import annotations

import tempfile
import wave
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

from ned.types import ExpressionSpace, ExpressionTrack

FRAME_RATE = Fraction(25)
SAMPLE_RATE = 48000
_CROP = (70, 0, 390, 320)  # head and shoulders in the portrait, x0 y0 x1 y1
_SCALE = 2


@dataclass(frozen=True)
class SampleTruth:
    """What was put into the sample clip."""

    path: Path
    expression: ExpressionTrack
    voice: Float[np.ndarray, "samples"]


def speech_openness(frames: int, frame_rate: float, rng: np.random.Generator) -> Float[np.ndarray, "frames"]:
    """Mouth opening in [0, 1] of invented speech: syllables of 0.15–0.3 s, lip closures, pauses."""
    time, out = 0.0, np.zeros(frames)
    centres = np.arange(frames) / frame_rate
    while time < frames / frame_rate:
        if rng.random() < 0.12:
            time += rng.uniform(0.3, 0.6)
            continue
        length, height = rng.uniform(0.15, 0.30), rng.uniform(0.45, 1.0)
        inside = np.clip((centres - time) / length, 0.0, 1.0)
        out = np.maximum(out, height * np.sin(np.pi * inside))
        time += length * rng.choice([0.75, 1.0], p=[0.6, 0.4])
    return gaussian_filter1d(out, 0.6)


def sample_expression(space: ExpressionSpace, frames: int, frame_rate: float, seed: int = 7):
    """The change of every coefficient over time, "frames width", and the mouth's openness in [0, 1]."""
    rng = np.random.default_rng(seed)
    openness = speech_openness(frames, frame_rate, rng)
    change = np.zeros((frames, space.width))

    def slow(sigma_s: float) -> np.ndarray:
        noise = gaussian_filter1d(rng.standard_normal(frames + 400), sigma_s * frame_rate)[200:-200]
        return np.clip(0.5 + noise / (4 * noise.std()), 0.0, 1.0)

    change[:, space.index("jawOpen")] = 0.30 * openness
    smile, brow = slow(0.7), slow(0.45) ** 2
    blink = np.zeros(frames)
    at = 0.8
    while at < frames / frame_rate:
        blink = np.maximum(blink, np.exp(-0.5 * ((np.arange(frames) / frame_rate - at) / 0.055) ** 2))
        at += rng.uniform(1.2, 2.4)
    for side in ("Left", "Right"):
        change[:, space.index("mouthSmile" + side)] = -0.45 + 0.5 * smile
        change[:, space.index("eyeBlink" + side)] = 0.95 * blink
        change[:, space.index("browOuterUp" + side)] = 0.25 * brow
    change[:, space.index("browInnerUp")] = 0.6 * brow
    return change, openness


def synthetic_voice(
    openness: Float[np.ndarray, "frames"], frame_rate: float, rng: np.random.Generator
) -> Float[np.ndarray, "samples"]:
    """A glottal pulse train through two formants that follow the mouth, in [−1, 1], 48 kHz mono."""
    count = int(len(openness) / frame_rate * SAMPLE_RATE)
    at = np.arange(count) / SAMPLE_RATE
    level = np.interp(at, np.arange(len(openness)) / frame_rate, openness)
    pitch = 190.0 * (1 + 0.05 * np.sin(2 * np.pi * 0.9 * at) + 0.01 * np.sin(2 * np.pi * 5.3 * at))
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    first, second = 320 + 480 * level, 1900 - 700 * level
    out = np.zeros(count)
    for harmonic in range(1, 21):
        frequency = harmonic * pitch
        weight = np.exp(-0.5 * ((frequency - first) / 130) ** 2) + 0.4 * np.exp(-0.5 * ((frequency - second) / 200) ** 2)
        out += (weight + 0.02) / harmonic**0.3 * np.sin(harmonic * phase)
    out = out * level + 0.01 * level * rng.standard_normal(count)
    return 0.5 * out / max(np.abs(out).max(), 1e-9)


def _write_wave(path: Path, voice: Float[np.ndarray, "samples"]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(voice, -1, 1) * 32767).astype("<i2").tobytes())
