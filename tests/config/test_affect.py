"""Places of valence and arousal as options."""

import pytest

from ned.config import ProcessConfig
from ned.config.affect import name_of, parse_place, place_asked
from ned.config.affect_path import Stop, parse_path, said_path
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


def test_a_path_as_text_and_as_yaml_s_list():
    stops = (Stop(0.0, -0.4, -0.2), Stop(65.5, 0.6, 0.4))
    assert parse_path("0:-.4,-.2 1:05.5:.6,.4") == stops == parse_path(stops)
    assert parse_path("0:-.4,-.2, 1:05.5:.6,.4") == stops
    entries = [{"time": 0, "valence": -0.4, "arousal": -0.2}, {"time": "1:05.5", "valence": 0.6, "arousal": 0.4}]
    assert parse_path(entries) == stops
    many = parse_path(" ".join(f"{k}:0,0" for k in range(20)))
    assert said_path(many) == "va(0,0) at 0 s, 18 more, va(0,0) at 19 s"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", "no stop"), ("0:1", "'0:1' is no stop"), ("x:.1,.2", "no stop"), (".1,.2", "no stop"),
        ("0:nan,0", "no stop"), ("-1:.1,.2", "no stop"), ("0:.1,.2,.3", "no stop"),
        ("0:2,0", "outside the circle"), ("0:.1,.2 0:.2,.1", "from 0 s to 0 s"), ("5:.1,.2 0:.2,.1", "ascending"),
        (" ".join(f"{k}:0,0" for k in range(1001)), "1001 stops"), ([], "no stop"), ([{"time": 0}], "entry 1"),
        ([[0, 0.1, 0.2]], "entry 1"), ([{"time": True, "valence": 0, "arousal": 0}], "entry 1"), (3, "no stop"),
        ([{"time": 0, "valence": None, "arousal": 0}], "entry 1"),
    ],
)  # fmt: skip
def test_a_wrong_path_is_answered_in_one_line(path, said):
    with pytest.raises(UserError) as caught:
        _config(va_path=path)
    assert said in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 200


def test_a_run_along_a_path():
    config = _config(va_path="0:-.4,-.2 5:.6,.4", intensity="0.8", person="2")
    ((edit,),) = (edit.keyframes for edit in config.person_edits())
    assert edit.path == config.va_path and (edit.style, edit.intensity) == ("va-path", 0.8)
    assert config.chosen_manipulator == "vitl" and config.output_path.name == "talk_edited.mp4"
    assert config.edit_said() == "along va(-0.4,-0.2) at 0 s, va(0.6,0.4) at 5 s, intensity 0.8"
    assert config.identity() != _config(va_path="0:-.4,-.2 5:.6,.5", intensity="0.8", person="2").identity()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"va_path": "0:0,0", "valence": 0.1}, "does not go with --valence"),
        ({"va_path": "0:0,0", "timeline": "0:happy"}, "does not go with --timeline"),
        ({"va_path": "0:0,0", "expression": "a.csv"}, "does not go with --expression"),
        ({"va_path": "0:0,0", "reference": ["a.mp4"]}, "does not go with --reference"),
        ({"va_path": "0:0,0", "manipulator": "learned"}, "does not know valence and arousal"),
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
