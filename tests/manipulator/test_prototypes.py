"""The hand-made manipulator: what it promises for every emotion, on invented speech."""

import numpy as np
import pytest

from ned.errors import UserError
from ned.face_model import load_face_model
from ned.manipulator import Articulation, Manipulator, build_manipulator, effects_of
from ned.manipulator.prototypes import PROTOTYPES
from ned.pipeline.sample import sample_expression
from ned.types import EMOTIONS, Edit, Emotion, ExpressionTrack, Reference

RATE = 25.0
MODEL = load_face_model()


@pytest.fixture(scope="module")
def speech():
    """A speaker who smiles now and then, and the openings that go with it."""
    change, _ = sample_expression(MODEL.space, 250, RATE)
    for side in ("Left", "Right"):
        change[:, MODEL.space.index("mouthSmile" + side)] += 0.55
    track = ExpressionTrack.unpack(MODEL.space, np.clip(change, 0, 1))
    mouth, lids, *_ = effects_of(MODEL)
    opening = np.maximum(track.pack() @ mouth, 0.0)
    return track, Articulation(opening, np.maximum(1.0 + track.pack() @ lids, 0.0), 11.5)


@pytest.fixture(scope="module")
def manipulator():
    made = build_manipulator("prototypes", MODEL)
    assert isinstance(made, Manipulator)
    return made


def _edited(manipulator, speech, emotion, intensity=1.0, seed=0):
    return manipulator.translate(*speech, RATE, Edit(Emotion(emotion), intensity, seed))


def test_there_is_a_prototype_for_every_emotion():
    assert set(PROTOTYPES) == set(EMOTIONS)


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_intensity_zero_is_the_identity(manipulator, speech, emotion):
    assert np.array_equal(_edited(manipulator, speech, emotion, 0.0).pack(), speech[0].pack())


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_the_mouth_keeps_time_and_closures(manipulator, speech, emotion):
    track, articulation = speech
    mouth = effects_of(MODEL).opening
    difference = _edited(manipulator, speech, emotion).pack() - track.pack()
    opening = articulation.mouth_opening + difference @ mouth
    least = 0.9 if emotion == "surprised" else 0.97  # surprise opens a silent mouth
    assert np.corrcoef(opening, articulation.mouth_opening)[0, 1] > least
    closed = articulation.mouth_opening < 0.004 * articulation.face_height
    if emotion != "surprised":
        assert closed.sum() > 10 and opening[closed].max() < 0.012 * articulation.face_height


@pytest.mark.parametrize(
    ("emotion", "up", "down"),
    [
        ("happy", "mouthSmileLeft", "mouthFrownLeft"),
        ("sad", "mouthFrownRight", "mouthSmileRight"),
        ("angry", "browDownLeft", "browInnerUp"),
        ("surprised", "browOuterUpRight", "mouthSmileRight"),
        ("fear", "mouthStretchLeft", "mouthSmileLeft"),
        ("disgusted", "noseSneerRight", "mouthSmileRight"),
    ],
)
def test_each_emotion_has_its_action_units_and_loses_others(manipulator, speech, emotion, up, down):
    track, _ = speech
    edited = _edited(manipulator, speech, emotion)
    assert edited[up].mean() > track[up].mean() + 0.2
    assert edited[down].mean() <= track[down].mean() + 1e-6


def test_neutral_takes_the_smile_and_keeps_the_person(manipulator, speech):
    track, _ = speech
    edited = _edited(manipulator, speech, "neutral")
    assert edited["mouthSmileLeft"].mean() < 0.3 * track["mouthSmileLeft"].mean()
    assert edited["browInnerUp"].mean() < 0.3 * track["browInnerUp"].mean()


def test_more_intensity_is_more_of_it(manipulator, speech):
    smiles = [_edited(manipulator, speech, "happy", k)["mouthSmileLeft"].mean() for k in (0.0, 0.5, 1.0, 1.5)]
    assert (np.diff(smiles) > 0.05).all()


def test_seeds_repeat_and_differ(manipulator, speech):
    first, again, other = (_edited(manipulator, speech, "happy", seed=s).pack() for s in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_one_frame_is_enough(manipulator, speech):
    track, articulation = speech
    one = Articulation(articulation.mouth_opening[:1], articulation.lid_opening[:1], articulation.face_height)
    for emotion in EMOTIONS:
        edited = manipulator.translate(track[:1], one, RATE, Edit(Emotion(emotion)))
        assert np.isfinite(edited.pack()).all() and len(edited) == 1


def test_an_unknown_emotion_is_refused(manipulator, speech):
    with pytest.raises(ValueError, match="unknown emotion"):
        _edited(manipulator, speech, "bored")


def test_a_reference_is_refused_with_the_way_out(manipulator, speech):
    edit = Edit(Reference((speech[0],), (RATE,)))
    with pytest.raises(UserError, match="--manipulator learned"):
        manipulator.translate(*speech, RATE, edit)
