"""The command line as a whole: fast answers, one-line errors, exit codes, signals."""

import os
import resource
import signal
import subprocess
import sys

import pytest

from ned import __version__
from ned.cli import main
from ned.cli.commands import COMMANDS, every
from ned.errors import ProcessingError, UserError
from tests.cli.results import result_of

NED = [sys.executable, "-m", "ned.cli"]
HEAVY = ("numpy", "torch", "mediapipe", "cv2", "av", "rich", "matplotlib", "numba", "jaxtyping")


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


def test_the_list_of_commands_says_what_they_say_of_themselves():
    for name, command in zip(COMMANDS, every(), strict=True):
        assert command.name == name and (command.__doc__ or "").strip().split("\n")[0] == COMMANDS[name].summary


def test_help_imports_no_command():
    code = "import sys, ned.cli; ned.cli.main(['--help']); print(*[m for m in sys.modules if m.startswith('ned.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {m for m in done.stdout.splitlines()[-1].split() if m.startswith("ned.cli.")} == {
        "ned.cli.commands", "ned.cli.parser",
    }  # fmt: skip
    assert "ned.config" not in done.stdout


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
        return result_of(config)

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
        "import signal, sys, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background jobs ignore it
        "import ned.pipeline\nfrom ned import workspace\nfrom ned.cli import main\n"
        "def process(config, progress):\n"
        "    with workspace.atomic_path(config.output_path) as temporary:\n"
        "        temporary.write_text('half'); print('ready', flush=True); time.sleep(30)\n"
        "ned.pipeline.process = process\n"
        "sys.exit(main(['process', sys.argv[1]]))\n"
    )
    running = []
    for number, expected in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
        folder = tmp_path / str(expected)
        folder.mkdir()
        (folder / "a.mp4").touch()
        command = [sys.executable, "-c", code, str(folder / "a.mp4")]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        running.append((child, number, expected, folder))
    for child, number, expected, folder in running:
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(number)
        assert child.wait(60) == expected
        child.communicate()
        assert os.listdir(folder) == ["a.mp4"]
