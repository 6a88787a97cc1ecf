"""The options of `ned process`: built from anything, checked at once."""

from pathlib import Path

import pytest

from ned.config import ProcessConfig, load_overrides
from ned.errors import UserError


def build(**options):
    return ProcessConfig.build(input="talk.mp4", **options)


def test_defaults_and_conversion():
    made = build(intensity="0.5", person="2", start_s="1:02.5", end_s=70, output="~/x.mkv", compare=True)
    assert (made.emotion, made.intensity, made.person, made.start_s, made.end_s) == ("happy", 0.5, 2, 62.5, 70.0)
    assert made.input == Path("talk.mp4") and made.output == Path.home() / "x.mkv"
    assert made.compare_path == Path.home() / "x_compare.mkv" and made.report_path is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"emotion": "hapy"}, "did you mean happy"),
        ({"emotion": "xyzzy"}, "choose one of: neutral"),
        ({"intensity": 1.6}, "intensity is 1.6"),
        ({"intensity": "nan"}, "intensity is 'nan'"),
        ({"intensity": "much"}, "give a number"),
        ({"start_s": 5, "end_s": 5}, "not after the start"),
        ({"start_s": "-1"}, "hh:]mm:ss"),
        ({"person": "1.5"}, "whole number"),
        ({"compare": "yes"}, "true or false"),
        ({"quality": "nice"}, "draft, good"),
        ({"renderer": "gan"}, "auto, warp, neural"),
        ({"finetune_minutes": "5", "start_s": "3"}, "does not go with a start"),
        ({"emotoin": "sad"}, "did you mean emotion?"),
        ({"person": True}, "give a whole number"),
    ],
)
def test_wrong_options(options, said):
    with pytest.raises(UserError) as caught:
        build(**options)
    assert said in str(caught.value)
    assert caught.value.exit_code == 2


def test_yaml(tmp_path):
    file = tmp_path / "options.yaml"
    file.write_text("emotion: sad\nstart_s: 0:01\nexpression: track.csv\nintensity: 1\n")
    made = ProcessConfig.build(load_overrides(file), input="talk.mp4", emotion="fear")
    assert (made.emotion, made.intensity, made.expression) == ("fear", 1.0, tmp_path / "track.csv")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("emotio: sad", "did you mean emotion?"),
        ("- 1", "does not hold options"),
        ("a: [", "line 1"),
        ("a: b: c", "YAML"),
    ],
)
def test_wrong_yaml(tmp_path, text, said):
    file = tmp_path / "options.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match="options.yaml") as caught:
        load_overrides(file)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("source", "encoder", "name"),
    [
        ("a.b.mp4", "libx264", "a.b_happy.mp4"),
        ("a.MOV", "libx264", "a_happy.mov"),
        ("a.webm", "libx264", "a_happy.mkv"),
        ("a.m4v", "libx264", "a_happy.mp4"),
        ("a.mp4", "prores_ks", "a_happy.mov"),
        ("a.mkv", "prores_ks", "a_happy.mkv"),
    ],
)
def test_output_names(source, encoder, name):
    assert ProcessConfig.build(input=f"/clips/{source}", encoder=encoder).output_path == Path("/clips") / name


def test_files(tmp_path):
    clip = tmp_path / "talk.mp4"
    with pytest.raises(UserError, match="no such video"):
        ProcessConfig.build(input=clip).check_files()
    clip.write_bytes(b"video")
    ProcessConfig.build(input=clip).check_files()
    link = tmp_path / "same.mp4"
    link.symlink_to(clip)
    (tmp_path / "talk_happy.mp4").touch()
    for options, said in [
        ({}, "exists already"),
        ({"output": link, "overwrite": True}, "input and output at once"),
        ({"output": tmp_path / "no" / "x.mp4"}, "folder does not exist"),
        ({"output": tmp_path / "x.gif"}, "unknown kind"),
        ({"output": tmp_path}, "unknown kind"),
        ({"overwrite": True, "encoder": "libx263"}, "encoder libx263"),
        ({"overwrite": True, "quality": "99"}, "quality"),
        ({"overwrite": True, "expression": tmp_path / "no.csv"}, "no such CSV file"),
    ]:
        with pytest.raises(UserError, match=said):
            ProcessConfig.build(input=clip, **options).check_files()
    ProcessConfig.build(input=clip, overwrite=True).check_files()
    assert clip.read_bytes() == b"video"
