"""`ned train`, `finetune` and `evaluate` as commands: what they hand on, say and refuse."""

import sys
import time
import types
from pathlib import Path

import pytest

from ned.cli import main, parse
from ned.files.checkpoint import TrainingRecord


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"video")
    return path


@pytest.fixture
def asked(monkeypatch):
    """Trainings that only remember what they were asked for."""
    calls = []

    def finetune(videos, name, *more):
        calls.append((videos, name, *more))
        record = types.SimpleNamespace(
            seconds=12.0, steps=40, minutes=9.9, fapd=5.0, warp_fapd=6.0, beats_warp=lambda: True
        )
        return types.SimpleNamespace(record=record, weights=Path("actor.safetensors"))

    def train_renderer(*given, **named):
        calls.append((*given, named))
        return TrainingRecord(steps=3, seconds=2.0, metrics=(("fapd", 4.5),))

    for module, function in (("finetuning", finetune), ("run", train_renderer)):
        fake = types.ModuleType(f"ned.renderer.neural.training.{module}")
        setattr(fake, function.__name__, function)
        monkeypatch.setitem(sys.modules, fake.__name__, fake)
    return calls


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["finetune"], "missing: VIDEO"),
        (["finetune", "no.mp4"], "no.mp4: no such video; check the path"),
        (["finetune", "talk.mp4", "--minutes", "0"], "minutes is 0; give more than 0"),
        (["finetune", "talk.mp4", "--minutes", "nan"], "minutes is 'nan'; give a number"),
        (["finetune", "talk.mp4", "--person", "0"], "person is 0"),
        (["finetune", "talk.mp4", "--person", "all"], "give a whole number"),
        (["finetune", "talk.mp4", "--name", "../x"], "'../x' cannot be an actor's name"),
        (["finetune", "talk.mp4", "--weights", "no.safetensors"], "no.safetensors: no such checkpoint"),
        (["finetune", "talk.mp4", "--minuts", "3"], "did you mean --minutes?"),
        (["train", "renderer", "--data", "x"], "unknown network 'renderer'; choose one of: manipulator, meta-renderer"),
        (["train", "meta-renderer", "--data", "no"], "no: no such data"),
        (["train", "meta-renderer", "--data", "talk.mp4", "--weights", "no.x"], "no.x: no such checkpoint"),
        (["train", "meta-renderer", "--data", "talk.mp4", "--out", "talk.mp4"], "talk.mp4: is a file"),
        (["train", "meta-renderer", "--data", "talk.mp4", "--config", "no.yaml"], "no.yaml: no such"),
        (["train", "manipulator", "--data", "talk.mp4", "--hold-out", "x"], "are for the meta-renderer"),
        (["train", "vitl", "--data", "talk.mp4", "--minutes", "3"], "--minutes is not for the network vitl"),
        (["train", "vitl", "--data", "talk.mp4", "--steps", "9"], "--steps is not for the network vitl"),
        (["train", "caae", "--data", "talk.mp4", "--space", "flame50"], "--space is not for the network caae"),
        (["evaluate", "vitl", ".", "--data", "talk.mp4"], "--data goes with a slider"),
        (["sample", "talk.mp4"], "talk.mp4: exists already"),
        (["sample", "new.mp4", "--seconds", "0"], "seconds is 0"),
        (["sample", "new.avi"], "unknown kind of video '.avi'"),
        (["analyse", "talk.mp4", "--face-model", "smplx", "--export", "a.csv"], "unknown face-model 'smplx'"),
        (["analyse", "talk.mp4", "--overlay-style", "wire"], "unknown overlay-style 'wire'"),
        (["analyse", "talk.mp4", "--fit", "deca"], "add --face-model flame"),
        (["convert", "talk.mp4", "--to", "flame"], "did you mean flame50?"),
        (["evaluate", "eyes", "talk.mp4"], "invalid choice: 'eyes'"),
        (["evaluate", "renderer", "talk.mp4"], "--data is missing"),
        (["evaluate", "video", "talk.mp4", "--edited", "x.mp4", "--tagret", "sad"], "did you mean --target?"),
        (["evaluate", "video", "talk.mp4"], "--edited is missing"),
        (["evaluate", "video", "talk.mp4", "--edited", "talk.mp4", "--target", "joy"], "unknown target 'joy'"),
        (["evaluate", "panel", "make", "talk.csv"], "missing: --out"),
        (["evaluate", "panel", "score", "no"], "no: no such folder"),
        (["evaluate", "self", "no.mp4"], "no.mp4: no such video"),
        (["evaluate", "renderer", "no.x", "--data", "talk.mp4"], "no.x: no such checkpoint"),
        (["evaluate", "renderer", "talk.mp4", "--data", "talk.mp4"], "talk.mp4: is no safetensors checkpoint"),
        (["evaluate", "manipulator", "talk.mp4", "--data", "talk.mp4", "talk.mp4"], "--data names several files"),
    ],
)
def test_errors_are_one_line(video, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(video.parent)
    assert main(arguments) == 2
    out, error = capsys.readouterr()
    assert not out and error.startswith("ned: error: ") and error.count("\n") == 1 and said in error


def test_finetune_names_the_actor_after_the_first_video(video, asked, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("NED_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(sys, "argv", ["/usr/bin/ned", "finetune", str(video), "-p", "2"])
    assert main(["finetune", str(video), "--minutes", "2.5", "-p", "2", "--quiet"]) == 0
    ((videos, name, minutes, _, weights, person, threads, seed, overwrite, command, began, *more),) = asked
    assert (videos, name, minutes, weights, person, threads, seed) == ((video,), "talk", 2.5, None, 2, 2, 0)
    assert not overwrite and command == "ned finetune talk.mp4 -p 2" and 0 <= time.monotonic() - began < 60
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == str(tmp_path / "data" / "actors" / "talk" / "previews")
    assert "held-out MAE 5.00, better than a bent frame (6.00)" in lines[1]
    (video.parent / "b.mov").write_bytes(b"x")
    assert main(["finetune", str(video.parent), "--name", "ann", "-y", "--quiet"]) == 0
    assert asked[1][0] == (video.parent / "b.mov", video) and asked[1][1] == "ann" and asked[1][8]


def test_finetune_says_that_it_can_go_on(video, monkeypatch, capsys):
    fake = types.ModuleType("ned.renderer.neural.training.finetuning")

    def finetune(*_):
        raise KeyboardInterrupt

    fake.finetune = finetune
    monkeypatch.setitem(sys.modules, fake.__name__, fake)
    assert main(["finetune", str(video), "--quiet"]) == 130
    assert "the same command goes on from the last checkpoint" in capsys.readouterr().err


def test_train_hands_on_settings_and_schedule(video, asked, capsys, tmp_path):
    yaml = tmp_path / "r.yaml"
    yaml.write_text("size: 64\nbatch: 2\n")
    out = tmp_path / "out"
    command = ["train", "meta-renderer", "--data", str(video), "-o", str(out), "-c", str(yaml), "--minutes", "2",
               "--hold-out", "M*", "--hold-out", "eve", "--seed", "4", "--licence", "MIT", "--quiet"]  # fmt: skip
    assert main(command) == 0
    ((settings, data, folder, schedule, _, named),) = asked
    assert (settings.size, settings.batch, settings.seed, data, folder) == (64, 2, 4, (video,), out)
    assert schedule.seconds == 120 and schedule.checkpoint_seconds <= 60
    assert named["hold_out"] == ("M*", "eve") and named["licence"] == "MIT" and named["start"] is None
    assert "fapd 4.500" in capsys.readouterr().out


def test_the_seed_of_the_settings_holds_unless_another_is_given(video, asked, tmp_path):
    yaml = tmp_path / "r.yaml"
    yaml.write_text("seed: 13\n")
    for more, expected in (((), 13), (("--seed", "0"), 0)):
        command = ["train", "meta-renderer", "--data", str(video), "-o", str(tmp_path / "out"), "-c", str(yaml)]
        assert main([*command, *more, "--quiet"]) == 0
        assert asked[-1][0].seed == expected


def test_data_of_an_evaluation_may_be_several(video):
    given = parse(["evaluate", "renderer", str(video), "--data", "a", "b"])
    assert given.data == (Path("a"), Path("b"))
