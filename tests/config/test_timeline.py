"""Timelines as users write them, and what is wrong with them."""

from pathlib import Path

import pytest

from ned.config import ProcessConfig
from ned.config.timeline import ALL, Keyframe, PersonEdit, parse_edit, parse_keyframes, parse_timeline
from ned.errors import UserError


def test_text():
    assert parse_keyframes("0:neutral 3.5:happy, 1:07:surprised@0.6") == (
        Keyframe(0.0, "neutral"), Keyframe(3.5, "happy"), Keyframe(67.0, "surprised", 0.6),
    )  # fmt: skip
    assert parse_edit("2:sad@0.5") == PersonEdit((Keyframe(0.0, "sad", 0.5),), 2)
    assert parse_edit("all:0:original 4:angry").person == ALL
    assert parse_edit("1:0:neutral 1:30:happy").keyframes[1] == Keyframe(90.0, "happy")


def test_places():
    first, second = parse_keyframes("0:neutral, 3.5:va(.7, .3)@.8")
    assert (first.place, second) == (None, Keyframe(3.5, "va", 0.8, place=(0.7, 0.3)))
    assert second.describe() == "va(0.7,0.3)@0.8"
    assert parse_edit("2:va(-.4,0)").keyframes == (Keyframe(0.0, "va", place=(-0.4, 0.0)),)
    assert parse_edit("1:0:va(0,1) 2:sad").keyframes[0].place == (0.0, 1.0)
    assert ProcessConfig.build(input="a.mp4", timeline="1:va(.7,.3)").chosen_manipulator == "vitl"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0:va(.9,.9)", "outside the circle"),
        ("0:va(nan,0)", "outside the circle"),
        ("0:va(a,0)", "is no place"),
        ("0:va", "unknown emotion"),
        ("0:va(.1)", "unknown emotion"),
        ("", "timeline is empty"),
        ("happy", "TIME:EMOTION"),
        ("0:hapy", "did you mean happy"),
        ("0:happy 0:sad", "ascending"),
        ("3:happy 1:sad", "1 s (sad) comes after 3 s (happy)"),
        ("x:happy", "'x' is no time"),
        ("-1:happy", "is no time"),
        ("0:happy@2", "from 0 to 1.5"),
        ("0:happy@nan", "from 0 to 1.5"),
        ("0:happy@", "from 0 to 1.5"),
        ("0:reference", "pass --reference"),
        ("no/such.yaml", "no such configuration file"),
    ],
)
def test_wrong_text(text, said):
    with pytest.raises(UserError) as caught:
        ProcessConfig.build(input="talk.mp4", timeline=text)
    assert said in str(caught.value) and caught.value.exit_code == 2


@pytest.mark.parametrize("text", ["happy", "1:", "x:happy", "-1:happy", "1.5:happy", "1:hapy", "1:0:happy 0:sad"])
def test_wrong_edits(text):
    with pytest.raises(UserError):
        ProcessConfig.build(input="talk.mp4", edit=[text])


def test_yaml(tmp_path):
    file = tmp_path / "line.yaml"
    file.write_text(
        "- {time: 0, emotion: neutral}\n- {time: '0:03.5', emotion: happy, intensity: 0.8, transition: 2}\n"
        "- {emotion: sad, person: 2}\n- {time: 4, emotion: original, person: 2}\n"
    )
    first, second = parse_timeline(str(file))
    assert first == PersonEdit((Keyframe(0.0, "neutral"), Keyframe(3.5, "happy", 0.8, 2.0)))
    assert second == PersonEdit((Keyframe(0.0, "sad"), Keyframe(4.0, "original")), 2)
    file.write_text("- {time: 1, reference: [a.mp4, b.mp4]}\n- {time: 2, reference: c.mp4}")
    ((one, two),) = (edit.keyframes for edit in parse_timeline(str(file)))
    assert one.references == (tmp_path / "a.mp4", tmp_path / "b.mp4") and two.references == (tmp_path / "c.mp4",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("emotion: happy", "does not hold a timeline"),
        ("[]", "is empty"),
        ("- 3", "timeline entry 1 is '3'"),
        ("- {time: 1}", "either an emotion or a reference"),
        ("- {emotion: sad, reference: a.mp4}", "either an emotion or a reference"),
        ("- {tme: 1, emotion: sad}", "did you mean time?"),
        ("- {emotion: sad, transition: -1}", "transition is '-1'"),
        ("- {emotion: sad, intensity: [1]}", "intensity is '[1]'"),
        ("- {emotion: sad, person: bob}", "person is 'bob'"),
        ("- {reference: [3]}", "its reference is no path"),
        ("- {time: true, emotion: sad}", "'True' is no time"),
        ("- {time: 2, emotion: sad}\n- {time: 1, emotion: happy}", "comes after"),
        ("- [", "not valid YAML in line"),
        ("[" * 5000, "nested too deeply"),
    ],
)
def test_wrong_yaml(tmp_path, text, said):
    file = tmp_path / "line.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match="line.yaml") as caught:
        parse_timeline(str(file))
    assert said in str(caught.value)


def test_a_configuration_file_holds_all_of_it(tmp_path):
    from ned.config import load_overrides

    file = tmp_path / "options.yaml"
    file.write_text("timeline:\n- {time: 1, emotion: sad}\ntransition_s: 0.5\nintensity: 0.7\n")
    config = ProcessConfig.build(load_overrides(file), input="talk.mp4")
    assert config.person_edits() == (PersonEdit((Keyframe(1.0, "sad", 0.7, 0.5),)),)
    assert config.output_path == Path("talk_edited.mp4") and config.describe() == "sad@0.7"
    file.write_text("edit: ['1:happy', '2:sad@0.5']\n")
    config = ProcessConfig.build(load_overrides(file), input="talk.mp4")
    assert config.describe() == "person 1: happy@1; person 2: sad@0.5"


@pytest.mark.parametrize(
    "options",
    [
        {"person": 1, "person_like": "face.jpg"},
        {"person": 1, "edit": ["2:sad"]},
        {"edit": ["1:happy", "1:sad"]},
        {"timeline": "0:sad", "edit": ["1:happy"]},
        {"timeline": "0:sad", "expression": "a.csv"},
        {"person": "all", "expression": "a.csv"},
        {"reference": ["a.mp4"], "manipulator": "prototypes"},
        {"transition_s": 100},
        {"person": -1},
    ],
)
def test_options_that_do_not_go_together(options):
    with pytest.raises(UserError):
        ProcessConfig.build(input="talk.mp4", **options)


def test_a_person_may_go_with_a_timeline_of_one():
    config = ProcessConfig.build(input="talk.mp4", timeline="0:sad 2:happy", person="all")
    assert config.person == ALL and config.person_edits()[0].person is None
