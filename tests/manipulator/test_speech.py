"""Speech and blink guards on articulations whose right answer is known."""

from dataclasses import replace

import numpy as np

from ned.face_model.spaces import ARKIT52
from ned.manipulator.protocol import Articulation
from ned.manipulator.speech import (
    CHEEKS,
    SMILE_LIP,
    MouthTarget,
    keep_blinks,
    keep_speech,
    keep_upper_lip,
    keep_width,
    open_share,
    relax_smile,
    resting_opening,
    silence,
    smile_taken_back,
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


def test_the_width_of_the_mouth_changes_by_what_is_constant():
    rng = np.random.default_rng(3)
    t = np.arange(300) / RATE
    width = 5.0 + 0.3 * np.sin(2 * np.pi * 1.7 * t)  # rounded and spread vowels
    per_unit = rng.normal(0, 0.1, ARKIT52.width)
    for side in ("Left", "Right"):
        per_unit[ARKIT52.index("mouthStretch" + side)] = 0.7
    edit = 0.2 * rng.standard_normal((300, ARKIT52.width)) + rng.uniform(-0.3, 0.5, ARKIT52.width)
    before = edit @ per_unit
    after = keep_width(ARKIT52, edit, per_unit, RATE) @ per_unit
    assert np.corrcoef(width + before, width)[0, 1] < 0.9 and np.corrcoef(width + after, width)[0, 1] > 0.98
    assert abs(np.median(after) - np.median(before)) < 0.1  # the smile is as wide as it was


def test_a_share_of_what_moves_the_upper_lip_is_left():
    rng = np.random.default_rng(4)
    per_unit = rng.normal(0, 0.1, ARKIT52.width)
    for side in ("Left", "Right"):
        per_unit[ARKIT52.index("mouthUpperUp" + side)] = -0.3
    edit = rng.normal(0, 0.3, (50, ARKIT52.width))
    for share in (0.0, 0.3, 1.0):
        left = keep_upper_lip(ARKIT52, edit, per_unit, share) @ per_unit
        assert np.allclose(left, share * (edit @ per_unit), atol=1e-9)


def test_a_mouth_is_mostly_open_where_it_speaks_and_mostly_shut_where_it_does_not():
    opening = np.concatenate([np.zeros(100), 0.6 + 0.25 * np.sin(np.arange(150))])
    share = open_share(Articulation(opening, np.ones((250, 2)), HEIGHT), RATE)
    assert share[:60].max() < 0.05 and share[160:].min() > 0.9 and (np.diff(share[60:140]) >= -1e-9).all()


def test_cheeks_and_lip_go_down_with_a_smile_that_is_taken_back_and_not_with_one_that_comes():
    edit = np.zeros((100, ARKIT52.width))
    smile, cheek, lip = (ARKIT52.index(f"{name}Left") for name in ("mouthSmile", "cheekSquint", "mouthUpperUp"))
    edit[:, smile], edit[:, ARKIT52.index("mouthSmileRight")], edit[:, cheek] = -0.5, 0.5, 0.1
    taken = smile_taken_back(ARKIT52, edit, RATE)
    assert np.allclose(taken, [[0.5, 0.0]])
    guarded = relax_smile(ARKIT52, edit, taken)
    assert np.allclose(guarded[:, cheek], 0.1 - 0.5 * CHEEKS) and np.allclose(guarded[:, lip], -0.5 * SMILE_LIP)
    guarded[:, [cheek, lip]] = edit[:, [cheek, lip]]
    assert np.array_equal(guarded, edit)  # nothing else, the other side's cheek neither


def test_a_smile_that_goes_for_a_while_takes_its_width_with_it_and_speech_keeps_its_own():
    rng = np.random.default_rng(5)
    t = np.arange(500) / RATE
    per_unit = np.zeros(ARKIT52.width)
    for name in ("mouthStretch", "mouthSmile"):
        for side in ("Left", "Right"):
            per_unit[ARKIT52.index(name + side)] = 0.5
    edit, smiling = np.zeros((500, ARKIT52.width)), np.exp(-(((t - 14) / 2) ** 2))
    for side in ("Left", "Right"):
        edit[:, ARKIT52.index("mouthSmile" + side)] = -smiling
        edit[:, ARKIT52.index("mouthStretch" + side)] = 0.2 * rng.standard_normal(500)  # what would disturb vowels
    mood = -smile_taken_back(ARKIT52, edit, RATE).sum(1) * 0.5
    kept, freed = (keep_width(ARKIT52, edit, per_unit, RATE, mood=how) @ per_unit for how in (0.0, mood))
    peak = smiling > 0.95
    assert kept[peak].mean() > -0.5 and np.allclose(freed[peak], -1.0, atol=0.1)  # of 1 cm that it was wider
    assert np.std(np.diff(freed)) < 0.05 * np.std(np.diff(edit @ per_unit))
