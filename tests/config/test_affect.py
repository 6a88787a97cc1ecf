"""Places of valence and arousal as options."""

import pytest

from ned.config import ProcessConfig
from ned.config.affect import name_of, parse_place, place_asked
from ned.errors import UserError


def _config(**options):
    return ProcessConfig.build(input="talk.mp4", **options)


def test_what_is_not_given_is_the_middle():
    assert place_asked(None, None) is None
    assert place_asked(0.7, None) == (0.7, 0.0) and place_asked(None, -0.3) == (0.0, -0.3)
    assert parse_place("va(.7, -.3)") == (0.7, -0.3) and parse_place("happy") is None
    assert name_of((0.7, 0.0)) == "valence+0.7_arousal+0"


def test_a_run_to_a_place():
    config = _config(valence="0.7", arousal="0.3", intensity="0.8")
    ((edit,),) = (edit.keyframes for edit in config.person_edits())
    assert (edit.place, edit.intensity) == ((0.7, 0.3), 0.8)
    assert config.chosen_manipulator == "vitl" and config.output_path.name == "talk_valence+0.7_arousal+0.3.mp4"
    assert config.edit_said() == "to valence 0.7, arousal 0.3, intensity 0.8"
    assert config.identity() != _config(valence=0.7, arousal=0.2, intensity=0.8).identity()
    assert _config().chosen_manipulator == "learned" and _config(manipulator="vitl").chosen_manipulator == "vitl"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"valence": 0.9, "arousal": 0.9}, "outside the circle"),
        ({"arousal": "nan"}, "arousal"),
        ({"valence": 0.1, "manipulator": "learned"}, "does not know valence and arousal"),
        ({"timeline": "0:va(0,0)", "manipulator": "prototypes"}, "do not know valence and arousal"),
        ({"valence": 0.1, "timeline": "0:happy"}, "do not go with --timeline"),
        ({"arousal": 0.1, "reference": ["a.mp4"]}, "do not go with --reference"),
        ({"timeline": "0:va(0,0) 1:reference", "reference": ["a.mp4"]}, "the slider cannot imitate a reference"),
    ],
)
def test_what_does_not_fit(options, said):
    with pytest.raises(UserError) as caught:
        _config(**options)
    assert said in str(caught.value)
