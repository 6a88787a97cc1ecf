"""Speech and blink guards on articulations whose right answer is known."""

from dataclasses import replace

import numpy as np

from ned.face_model.spaces import ARKIT52
from ned.manipulator.protocol import Articulation
from ned.manipulator.speech import (
    MouthTarget,
    keep_blinks,
    keep_speech,
    resting_opening,
    silence,
    wanted_opening,
)

RATE = 25.0
HEIGHT = 12.0


def _articulation(frames=200):
    t = np.arange(frames) / RATE
    opening = np.maximum(0.9 * np.sin(2 * np.pi * 2.1 * t), 0.0)
    lids = np.repeat(np.clip(1.0 - np.exp(-(((t - 3.0) / 0.06) ** 2)), 0, 1)[:, None], 2, 1)
    return Articulation(opening, lids, HEIGHT)


def _opening_per_unit(seed=0):
    rng = np.random.default_rng(seed)
    out = rng.normal(0, 0.05, ARKIT52.width)
    out[0] = 3.0
    for name in ("mouthLowerDown", "mouthUpperUp"):
        for side in ("Left", "Right"):
            out[ARKIT52.index(name + side)] = 0.5
    return out


def test_the_mouth_opens_exactly_as_wanted_whatever_the_edit():
    articulation, per_unit = _articulation(), _opening_per_unit()
    edit = np.random.default_rng(1).normal(0, 0.5, (200, ARKIT52.width))
    for target in (MouthTarget(), MouthTarget(gain=1.3, offset=0.02), MouthTarget(gain=0.8)):
        guarded = keep_speech(ARKIT52, edit, articulation, per_unit, target, RATE, 1.0)
        result = articulation.mouth_opening + guarded @ per_unit
        assert np.abs(result - wanted_opening(articulation, target, RATE, 1.0)).max() < 1e-9


def test_closures_stay_closed_and_timing_is_kept():
    articulation = _articulation()
    wanted = wanted_opening(articulation, MouthTarget(gain=1.3, offset=0.02), RATE, 1.0)
    closed = articulation.mouth_opening < 0.005 * HEIGHT
    assert closed.sum() > 20
    assert wanted[closed].max() < 0.012 * HEIGHT
    assert np.corrcoef(wanted, articulation.mouth_opening)[0, 1] > 0.98


def test_only_silence_opens():
    closed = np.ones(100, bool)
    closed[40:60] = False
    closed[45:50] = True  # a consonant
    inside = silence(closed, RATE)
    assert inside[0] == 1 and inside[-1] == 1 and inside[20] == 1
    assert inside[45:50].max() == 0 and inside[40:60].max() == 0 and np.isfinite(inside).all()


def test_eyes_open_as_before_times_a_constant():
    articulation = _articulation()
    per_unit = np.random.default_rng(3).normal(0, 0.05, (ARKIT52.width, 2))
    for eye, side in enumerate(("Left", "Right")):
        per_unit[ARKIT52.index("eyeBlink" + side)] = [-1.0, 0.0] if eye == 0 else [0.0, -1.0]
    edit = np.random.default_rng(4).normal(0.2, 0.3, (200, ARKIT52.width))
    guarded = keep_blinks(ARKIT52, edit, articulation, per_unit)
    result = articulation.lid_opening + guarded @ per_unit
    open_eyes = articulation.lid_opening[:, 0] > 0.2
    ratio = result[open_eyes] / articulation.lid_opening[open_eyes]
    assert np.ptp(ratio, axis=0).max() < 1e-6
    assert np.abs(result[articulation.lid_opening < 1e-3]).max() < 1e-3
    others = [i for i, name in enumerate(ARKIT52.names) if not name.startswith("eyeBlink")]
    assert np.array_equal(guarded[:, others], edit[:, others])


def test_lips_that_never_meet_come_together_and_speech_stays():
    articulation = _articulation()
    apart = replace(articulation, mouth_opening=articulation.mouth_opening + 0.6)
    rest = resting_opening(apart.mouth_opening, RATE)
    assert np.abs(rest - 0.6).max() < 0.05
    wanted = wanted_opening(apart, MouthTarget(rest=1.0), RATE, 1.0)
    assert wanted.min() < 0.05 and np.corrcoef(wanted, articulation.mouth_opening)[0, 1] > 0.99


def test_intensity_scales_what_is_wanted():
    articulation = _articulation()
    target = MouthTarget(gain=1.5)
    peaks = [wanted_opening(articulation, target, RATE, k).max() for k in (0.0, 0.5, 1.0)]
    assert np.allclose(np.diff(peaks), peaks[1] - peaks[0]) and peaks[2] > 1.4 * peaks[0]
    assert np.allclose(wanted_opening(articulation, target, RATE, 0.0), articulation.mouth_opening)
