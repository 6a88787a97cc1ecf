"""The command line: fast answers, one-line errors, exit codes."""

import os
import re
import resource
import signal
import subprocess
import sys
import types
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from ned import __version__
from ned.cli import main
from ned.config import ProcessConfig
from ned.errors import ProcessingError, UserError

NED = [sys.executable, "-m", "ned.cli"]
HEAVY = ("numpy", "torch", "mediapipe", "cv2", "av", "rich", "matplotlib", "numba", "jaxtyping")


def make_result(config, edited=40):
    return types.SimpleNamespace(
        output=config.output_path, compare=config.compare_path, report=config.report_path, frames=50,
        edited_frames=edited, person=1, emotion=config.emotion, intensity=config.intensity, seconds={}, people=(),
    )  # fmt: skip


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"video")
    return path


@pytest.fixture
def pipeline(monkeypatch):
    """A pipeline that remembers what it was asked for; `.act` may be replaced."""
    module = types.ModuleType("ned.pipeline")
    module.asked, module.act = [], make_result

    def process(config, progress):
        module.asked.append(config)
        with progress.stage("rendering", 1) as stage:
            stage.advance()
        return module.act(config)

    module.process = process
    monkeypatch.setitem(sys.modules, "ned.pipeline", module)
    monkeypatch.setattr("ned.cli.printer._length_s", lambda result: 2.0)
    return module


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--help"], 0), (["process", "--help"], 0), (["--version"], 0), (["process", "x.mp4", "--emotion", "hapy"], 2)],
)
def test_answers_at_once(arguments, code):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*NED, *arguments], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # time on the processor: that by the clock is another machine's load too
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert done.returncode == code and seconds < 0.5
    assert "Traceback" not in done.stderr


def test_nothing_heavy_is_imported():
    code = f"import sys, ned.cli; ned.cli.main(['process', '--help']); print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_version_and_help(capsys):
    assert main(["--version"]) == 0 and capsys.readouterr().out == f"ned {__version__}\n"
    assert main([]) == 0 and "process" in capsys.readouterr().out
    for command in ("process", "analyse", "convert", "finetune", "train", "evaluate", "doctor"):
        assert main([command, "--help"]) == 0
        assert "--debug" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["proces", "x.mp4"], "invalid choice: 'proces'"),
        (["process"], "missing: IN"),
        (["process", "x.mp4", "--emotoin", "sad"], "did you mean --emotion?"),
        (["process", "x*.mp4"], "x*.mp4: nothing fits this pattern"),
        (["process", "x.mp4", "--intensity"], "expected one argument"),
        (["process", "x.mp4", "--intensity", "2"], "intensity is 2"),
        (["process", "x.mp4", "--start", "9", "--end", "1:60"], "end is '1:60'"),
        (["process", "no.mp4"], "no.mp4: no such video; check the path"),
        (["process", "no\x00.mp4"], "no?.mp4: no such video"),
        (["process", "x.mp4", "--config", "no.yaml"], "no.yaml: no such configuration file"),
        (["analyse", "no.mp4"], "no.mp4: no such video"),
        (["analyse", "x.mp4", "--end", "0"], "not after the start"),
    ],
)
def test_errors_are_one_line(arguments, said, capsys):
    assert main(arguments) == 2
    out, error = capsys.readouterr()
    assert not out and error.startswith("ned: error: ") and error.count("\n") == 1 and said in error


def test_process(clip, pipeline, capsys):
    options = clip.parent / "o.yaml"
    options.write_text("emotion: sad\nintensity: 0.5\ncompare: true\n")
    assert main(["process", str(clip), "-c", str(options), "--emotion", "fear", "--report"]) == 0
    config = pipeline.asked[0]
    assert config == ProcessConfig.build(input=clip, emotion="fear", intensity=0.5, compare=True, report=True)
    lines = capsys.readouterr().out.splitlines()
    assert [Path(line).name for line in lines[:2]] == ["talk_fear_compare.mp4", "talk_fear_report.html"]
    last = f"{clip.with_name('talk_fear.mp4')}: person 1 in 40 of 50 frames (fear, intensity 0.5), "
    assert lines[2].startswith(last) and lines[2].endswith("× real time")


def test_many_videos(clip, pipeline, capsys):
    folder, out = clip.parent, clip.parent / "out"
    for name in ("b.mov", "bad.mkv", "talk_happy.mp4", "notes.txt"):  # the third is the output of the clip
        (folder / name).write_bytes(b"x")

    def act(config):
        if config.input.stem == "bad":
            raise UserError("no face was found", path=config.input)
        return make_result(config)

    pipeline.act = act
    assert main(["process", str(folder), "-o", str(out), "--quiet", "--emotion", "happy"]) == 1
    said, errors = capsys.readouterr()
    assert [config.input.name for config in pipeline.asked] == ["b.mov", "bad.mkv", "talk.mp4", "talk_happy.mp4"]
    assert pipeline.asked[0].output == out / "b_happy.mov"
    assert "3 done, 0 done before, 1 failed" in said and errors.count("no face was found") == 1
    pipeline.asked.clear()
    assert main(["process", str(folder), "--quiet"]) in (0, 1)
    assert "talk_happy.mp4" not in [config.input.name for config in pipeline.asked]
    (folder / "b.mp4").write_bytes(b"x")
    assert main(["process", str(folder / "b*.m*"), str(folder / "b.mp4"), "-o", str(out), "--encoder", "ffv1"]) == 2
    assert "would be the output of both" in capsys.readouterr().err


def test_process_without_a_change(clip, pipeline, capsys):
    pipeline.act = lambda config: make_result(config, 0)
    assert main(["process", str(clip), "--quiet", "--no-cache"]) == 0
    out, error = capsys.readouterr()
    assert "none of 50 frames changed" in out and not error and pipeline.asked[0].cache is False


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UserError("no face", path="x", remedy="record one"), 2, "error: x: no face; record one"),
        (ProcessingError("the disk is full"), 1, "error: the disk is full"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 1, "out of memory"),
        (KeyError("odd"), 1, "unexpected KeyError: 'odd'; run again with --debug"),
        (ImportError("No module named 'lpips'"), 1, "ned doctor"),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_exit_codes(clip, pipeline, capsys, monkeypatch, error, code, said):
    def act(config):
        raise error

    pipeline.act = act
    if isinstance(error, BrokenPipeError):
        monkeypatch.setattr(os, "dup2", lambda *_: None)
        monkeypatch.setattr(sys.stdout, "fileno", lambda: 1, raising=False)
    assert main(["process", str(clip), "--quiet"]) == code
    shown = capsys.readouterr().err
    assert said in shown and shown.count("\n") == (1 if said else 0)


def test_names_that_are_no_text(clip, pipeline, capfdbinary):
    odd = clip.rename(clip.with_name("caf\udce9.mp4"))
    assert main(["process", str(odd), "--quiet"]) == 0
    assert main(["process", str(odd.with_name("th\udce9.mp4")), "--quiet"]) == 2
    out, error = capfdbinary.readouterr()
    assert b"happy.mp4" in out and b"no such video" in error


def test_debug_shows_the_traceback(clip, pipeline):
    def act(config):
        raise KeyError("odd")

    pipeline.act = act
    for arguments in (["--debug", "process", str(clip)], ["process", str(clip), "--debug"]):
        with pytest.raises(KeyError):
            main(arguments)


def test_own_warnings_are_one_line(clip, pipeline, capsys):
    import warnings

    def act(config):
        warnings.warn("theirs", UserWarning, stacklevel=1)
        kind = type("MediaWarning", (UserWarning,), {"__module__": "ned.video.read"})
        warnings.warn("the file is cut off", kind, stacklevel=1)
        return make_result(config)

    pipeline.act = act
    shown = warnings.showwarning
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            assert main(["process", str(clip), "--quiet"]) == 0
    finally:
        warnings.showwarning = shown
    assert capsys.readouterr().err == "ned: warning: the file is cut off\n"


def test_closed_pipe():
    code = (
        "import sys, ned.cli.doctor as d; from ned.cli import main\n"
        "d.CHECKS = (lambda: (d.Finding('x', 'y' * 1000) for _ in range(1000)),)\n"
        "sys.exit(main(['doctor']))"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child.stdout.readline()
    child.stdout.close()
    assert child.wait(10) == 141 and child.stderr.read() == b""
    child.stderr.close()


def test_termination_cleans_up(tmp_path):
    code = (
        "import signal, sys, time, types\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background jobs ignore it
        "from ned import workspace\nfrom ned.cli import main\nfrom pathlib import Path\n"
        "def process(config, progress):\n"
        "    with workspace.atomic_path(config.output_path) as temporary:\n"
        "        temporary.write_text('half'); print('ready', flush=True); time.sleep(30)\n"
        "sys.modules['ned.pipeline'] = types.SimpleNamespace(process=process)\n"
        f"sys.exit(main(['process', {str(tmp_path / 'a.mp4')!r}]))\n"
    )
    (tmp_path / "a.mp4").touch()
    for number, expected in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(number)
        assert child.wait(60) == expected
        child.communicate()
        assert os.listdir(tmp_path) == ["a.mp4"]


def make_analysis(path):
    from ned.types import Analysis, Colour, FaceTrack, Shot, VideoInfo

    info = VideoInfo(
        path,
        "mp4",
        "h264",
        "yuv420p",
        8,
        240,
        320,
        Fraction(25),
        Fraction(1, 25),
        6,
        0.24,
        0,
        Fraction(1),
        Colour(),
        (),
    )
    from ned.face_model import load_face_model

    mean = load_face_model().mean
    points = np.zeros((3, 478, 3), np.float32)
    points[:, : len(mean)] = (mean[:478] - mean.mean(0)) * 8 + [160, 120, 0]
    box = np.array([[100.0, 60.0, 220.0, 180.0]] * 3, np.float32)
    tracks = (
        FaceTrack(1, Shot(0, 3), np.arange(3), box, points),
        FaceTrack(1, Shot(3, 6), np.arange(3, 6), box, points),
        FaceTrack(2, Shot(3, 6), np.arange(3, 6), box, points),
    )
    return Analysis(info, 6, (Shot(0, 3), Shot(3, 6)), tracks)


def test_analyse(clip, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("NED_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("ned.analysis.analyse", lambda path, **_: make_analysis(path))
    images = [
        types.SimpleNamespace(index=k, rgb=lambda k=k: np.full((240, 320, 3), 40 * k, np.uint8)) for k in range(6)
    ]
    monkeypatch.setattr("ned.video.read_frames", lambda *_: iter(images))
    track, sheet = tmp_path / "t.csv", tmp_path / "s.png"
    command = ["analyse", str(clip), "--export", str(track), "--sheet", str(sheet), "--quiet"]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "valence, arousal" in out and re.search(r"[+-]0\.\d, [+-]0\.\d", out)
    assert "320x240, 25 fps, 6 frames, 2 shots" in out and f"{track}: person 1, 6 frames" in out
    assert len(track.read_text().splitlines()) == 7 and sheet.read_bytes().startswith(b"\x89PNG")
    assert main(command) == 2 and "exists already" in capsys.readouterr().err
    assert main([*command, "-y", "--person", "2"]) == 0
    assert track.read_text().splitlines()[1].startswith("00:00:00:03.000,61,")
    assert main([*command, "-y", "--person", "7"]) == 2
    assert "there is no person 7; choose one of: 1, 2" in capsys.readouterr().err


def test_analyse_without_a_face(clip, monkeypatch, capsys):
    from dataclasses import replace

    monkeypatch.setattr("ned.analysis.analyse", lambda path, **_: replace(make_analysis(path), tracks=()))
    assert main(["analyse", str(clip), "--no-cache", "--quiet"]) == 2
    assert "no face was found" in capsys.readouterr().err


def test_doctor(monkeypatch, capsys):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    for word in ("python", "numpy", "mediapipe", "torch", "ffmpeg", "libx264", "canonical.npz", "SHA-256", "free disk"):
        assert word in out
    from ned.cli import doctor

    def broken():
        raise RuntimeError("two\nlines")
        yield

    monkeypatch.setattr(doctor, "CHECKS", (broken,))
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "PROBLEM broken" in out and "RuntimeError: two lines" in out and "→" in out


def test_readme_names_only_what_exists(capsys):
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    inner = ("evaluate video", "evaluate panel make", "evaluate manipulator", "evaluate renderer", "models list")
    for command in ("process", "still", "analyse", "convert", "verify", "sample", "finetune", "train", *inner):
        assert main([*command.split(), "--help"]) == 0
    known = capsys.readouterr().out
    flags = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    assert flags and all(flag in known for flag in flags)
