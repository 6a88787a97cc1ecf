"""What keeps an edited expression from being held still, on syllables whose places are known."""

import numpy as np

from ned.face_model.spaces import ARKIT52
from ned.manipulator.liveliness import STRESS, VARIATION, enliven, loudness, slow_noise

RATE = 25.0
SYLLABLES = 0.5 + 0.5 * np.sin(2 * np.pi * 1.0 * np.arange(400) / RATE)


def test_brows_are_stronger_in_loud_syllables_and_the_mouth_is_not():
    edit = np.ones((400, ARKIT52.width), np.float32)
    lively = enliven(ARKIT52, edit, SYLLABLES, RATE, np.random.default_rng(0))
    brow, smile = ARKIT52.index("browInnerUp"), ARKIT52.index("mouthSmileLeft")
    ratio = lively[:, brow] / lively[:, smile]  # the drift is common to both
    assert np.corrcoef(ratio, SYLLABLES)[0, 1] > 0.98
    assert np.abs(ratio - 1).max() <= STRESS + 1e-6 and abs(ratio.mean() - 1) < 0.02
    assert np.abs(lively[:, smile] - 1).max() <= 1.5 * VARIATION + 1e-6 and lively.dtype == edit.dtype


def test_nobody_is_loud_in_silence_and_nothing_is_added_to_no_edit():
    assert np.array_equal(loudness(np.zeros(50), RATE), np.zeros(50))
    edit, rng = np.zeros((50, ARKIT52.width)), np.random.default_rng(0)
    assert not enliven(ARKIT52, edit, SYLLABLES[:50], RATE, rng).any()
    still = np.ones((50, ARKIT52.width))
    assert np.array_equal(enliven(ARKIT52, still, SYLLABLES[:50], RATE, rng, share=0.0), still)


def test_the_drift_is_slow_and_of_unit_size():
    noise = slow_noise(np.random.default_rng(1), 20_000, RATE)
    assert abs(noise.std() - 1) < 0.15 and np.abs(noise).max() <= 1.5 and np.abs(np.diff(noise)).max() < 0.3
    fast = slow_noise(np.random.default_rng(1), 40_000, 2 * RATE)
    assert np.abs(fast[::2] - noise).max() < 1e-9  # of time, not of frames
