"""The amount of sharpening: closed form on an image whose fine part is known, followed slowly."""

import numpy as np
import pytest

from ned.renderer.warp.sharpness import SharpnessControl, luminance, rounded, sharpness, smoothed

NOISE = np.random.default_rng(0).normal(0.5, 0.1, (80, 80)).astype(np.float32)
FINE = NOISE - smoothed(NOISE)


@pytest.mark.parametrize("missing", [0.3, -0.25])
def test_what_is_missing_is_found(missing):
    control = SharpnessControl()
    control.measure(rounded(sharpness(NOISE + missing * FINE)), NOISE, FINE)
    assert control.next() == pytest.approx(missing, abs=0.02)
    control = SharpnessControl()
    gain = np.full_like(NOISE, 0.5)  # half as bright is half as sharp
    control.measure(rounded(0.5 * sharpness(NOISE + missing * FINE)), NOISE, FINE, gain)
    assert control.next() == pytest.approx(missing, abs=0.02)


def test_it_is_followed_slowly_and_has_limits():
    control = SharpnessControl()
    assert control.next() == 0 and control.due  # nothing was measured yet
    control.measure(sharpness(NOISE), NOISE, FINE)
    first = float(control.next())
    control.measure(sharpness(NOISE + FINE), NOISE, FINE)
    assert first < 0.1 < float(control.next()) < 0.5
    blunt = SharpnessControl()
    blunt.measure(100.0, NOISE, FINE)
    assert blunt.next() == pytest.approx(1.2)
    blunt = SharpnessControl()
    blunt.measure(0.0, NOISE, FINE)
    assert blunt.next() == pytest.approx(-0.6)


def test_every_fourth_frame_is_measured():
    control, measured = SharpnessControl(), []
    for frame in range(9):
        if control.due:
            control.measure(sharpness(NOISE), NOISE, FINE)
            measured.append(frame)
        control.next()
    assert measured == [0, 4, 8]


def test_sharpness_of_rounding_and_of_known_images():
    checks = (np.indices((32, 32)).sum(0) % 2 * 0.2).astype(np.float32)
    assert sharpness(checks) == pytest.approx(4 * 0.2, rel=0.02)  # the Laplacian is four steps up or four down
    assert sharpness(np.full((32, 32), 0.4, np.float32)) == 0
    smooth = np.random.default_rng(1).normal(0.5, 0.004, (400, 400)).astype(np.float32)
    eight_bit = np.round(smooth * 255).astype(np.float32) / 255
    assert sharpness(eight_bit) == pytest.approx(rounded(sharpness(smooth)), rel=0.02)
    assert luminance(np.ones((2, 2, 3), np.float32)) == pytest.approx(np.ones((2, 2)))
