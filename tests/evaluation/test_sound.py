"""Cepstral coefficients against their definition, and sound at the images' time."""

import math

import numpy as np
import pytest

from ned.evaluation.sound import RATE, mel_bands, mfcc, read_sound
from tests.video.tiny_clips import make_clip


def _noise(seconds=0.5, seed=0):
    return np.random.default_rng(seed).integers(-8000, 8000, round(seconds * RATE)).astype(np.int16)


def _twin(samples):
    """By the definition, one number after another."""
    x = [float(samples[0])] + [float(b) - 0.97 * float(a) for a, b in zip(samples, samples[1:], strict=False)]
    rows = []
    for begin in range(0, max(1, len(x) - 240), 160):
        frame = (x[begin : begin + 400] + [0.0] * 400)[:400]
        power = np.abs(np.fft.fft(frame, 512)[:257]) ** 2 / 512
        edges = [math.floor(513 * 700 * (10 ** (m / 2595) - 1) / 16000)
                 for m in np.linspace(0, 2595 * math.log10(1 + 8000 / 700), 28)]  # fmt: skip
        bands = []
        for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False):
            up = sum(power[k] * (k - low) / (middle - low) for k in range(low, middle))
            bands.append(math.log(up + sum(power[k] * (high - k) / (high - middle) for k in range(middle, high))))
        row = []
        for c in range(13):
            whole = sum(b * math.cos(math.pi * c * (j + 0.5) / 26) for j, b in enumerate(bands))
            row.append(whole * math.sqrt((1 if c == 0 else 2) / 26) * (1 + 11 * math.sin(math.pi * c / 22)))
        rows.append([math.log(power.sum()), *row[1:]])
    return np.array(rows)


def test_coefficients_are_those_of_the_definition():
    samples = _noise(0.1)
    assert np.allclose(mfcc(samples), _twin(samples), atol=1e-8)


def test_pieces_give_the_same_as_the_whole():
    samples = _noise()
    whole = mfcc(samples)
    assert whole.shape == (49, 13)
    part = mfcc(samples[20 * 160 - 1 :], follows=True)
    assert np.allclose(part, whole[20:], atol=1e-9)
    assert mfcc(samples[:0]).shape == (0, 13) and np.isfinite(mfcc(np.zeros(800, np.int16))).all()


def test_a_tone_lies_in_its_band_and_all_bands_overlap_by_half():
    bands = mel_bands()
    assert bands.shape == (26, 257) and bands.max() <= 1 and bands[:, :2].sum() < bands.sum() / 20
    tone = (8000 * np.sin(2 * np.pi * 1000 / RATE * np.arange(400))).astype(np.int16)
    power = np.abs(np.fft.rfft(tone, 512)) ** 2
    assert bands[(bands @ power).argmax(), round(1000 * 512 / RATE)] > 0.4


def test_sound_begins_with_the_images(tmp_path):
    clip = make_clip(tmp_path / "a.mp4", audio="aac", count=25)
    whole = read_sound(clip, 0.0)
    assert abs(len(whole) / RATE - 1.0) < 0.1 and whole.dtype == np.int16
    assert np.array_equal(read_sound(clip, 0.25), whole[4000:])
    late = read_sound(clip, -0.5)
    assert len(late) == len(whole) + 8000 and not late[:8000].any()
    assert len(read_sound(make_clip(tmp_path / "silent.mp4"), 0.0)) == 0


def test_sound_lies_in_a_file_and_not_in_memory(tmp_path):
    samples = read_sound(make_clip(tmp_path / "a.mp4", audio="aac", count=50), 0.0)
    assert isinstance(samples, np.memmap)
    assert len(mfcc(samples[: 2 * RATE])) > 150, "its file stays open as long as it"


def test_a_tone_of_one_channel_stays_a_tone(original):
    """The talk's sound is a sine of sin(k / 6)."""
    samples = read_sound(original, 0.0)[4000:12000].astype(float)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert spectrum.argmax() / len(samples) == pytest.approx(1 / (12 * math.pi), abs=2e-4)
