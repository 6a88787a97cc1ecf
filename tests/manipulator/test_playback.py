"""An expression from elsewhere: taken as it is, in part, or refused."""

import numpy as np
import pytest

from ned.errors import UserError
from ned.face_model.spaces import ARKIT52, FLAME50
from ned.manipulator import Articulation, Manipulator
from ned.manipulator.playback import Playback
from ned.types import Edit, Emotion, ExpressionTrack, Track

RNG = np.random.default_rng(0)
STILL = Articulation(np.zeros(7), np.ones((7, 2)), 11.5)


def _track(space=ARKIT52, frames=7):
    return ExpressionTrack.unpack(space, RNG.random((frames, space.width), np.float32))


def test_it_gives_what_it_is_given():
    own, given = _track(), _track()
    playback = Playback(ARKIT52)
    assert isinstance(playback, Manipulator)
    assert np.array_equal(playback.translate(own, STILL, 25.0, Edit(Track(given))).pack(), given.pack())


@pytest.mark.parametrize("intensity", [0.0, 0.25, 1.2])
def test_intensity_goes_from_the_own_expression_to_the_given_one(intensity):
    own, given = _track(), _track()
    made = Playback(ARKIT52).translate(own, STILL, 25.0, Edit(Track(given), intensity)).pack()
    assert np.allclose(made, (1 - intensity) * own.pack() + intensity * given.pack(), atol=1e-6)


def test_what_does_not_fit_is_refused():
    playback = Playback(ARKIT52)
    with pytest.raises(ValueError, match="6 frames of arkit52 for 7 of arkit52"):
        playback.translate(_track(), STILL, 25.0, Edit(Track(_track(frames=6))))
    with pytest.raises(ValueError, match="7 frames of flame50"):
        playback.translate(_track(), STILL, 25.0, Edit(Track(_track(FLAME50))))
    with pytest.raises(UserError, match="cannot imitate Emotion"):
        playback.translate(_track(), STILL, 25.0, Edit(Emotion("sad")))
