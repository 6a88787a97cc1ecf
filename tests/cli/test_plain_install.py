"""The commands as an installation without extras runs them: torch, and all that comes with it, cannot be imported."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ned.files.assets import ASSETS

MISSING = (
    "torch", "torchvision", "jax", "jaxlib", "matplotlib", "sounddevice", "sentencepiece", "absl", "attr",
    "flatbuffers", "skimage", "sklearn", "onnx", "sympy", "networkx", "tensorboard", "pillow_heif", "lpips", "beartype",
    "pytest", "OpenEXR", "opentimelineio",
)  # fmt: skip
RUN = f"""
import contextlib, io, json, sys, traceback
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {MISSING!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
from ned.cli import main
for line in sys.stdin:
    said, wrong = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(wrong):
        code = main(json.loads(line))
    print(json.dumps([code, said.getvalue(), wrong.getvalue()]), flush=True)
"""


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Runs commands one after another in one such process: exit code, standard output, standard error."""
    folder = tmp_path_factory.mktemp("plain")
    root = str(Path(__file__).resolve().parents[2])
    places = {f"NED_{name.upper()}": str(folder / name) for name in ("cache", "data", "config")}
    environment = os.environ | {"PYTHONPATH": root} | places
    with subprocess.Popen(
        [sys.executable, "-c", RUN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        cwd=folder,
    ) as process:

        def run(*words):
            process.stdin.write(json.dumps([str(word) for word in words]) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        run.folder = folder
        yield run
        process.stdin.close()


@pytest.fixture(scope="module")
def clip(plain):
    code, said, wrong = plain("sample", "s.mp4", "--seconds", "1")
    assert code == 0, wrong
    return "s.mp4"


def _done(answer):
    code, said, wrong = answer
    assert code == 0, wrong
    return said


def test_doctor_finds_all_and_says_what_torch_is_for(plain):
    said = _done(plain("doctor"))
    assert "All that ned needs is there" in said and "pip install 'ned[train]'" in said and "PROBLEM" not in said


@pytest.mark.parametrize("options", [
    ("--emotion", "sad", "--report", "--compare"), ("--emotion", "happy", "--renderer", "neural"),
    ("--valence", ".5", "--arousal", ".2"), ("--reference", "s.mp4"),
])  # fmt: skip
def test_process(plain, clip, options):
    name = f"o{abs(hash(options))}.mp4"
    assert "in 25 of 25 frames" in _done(plain("process", clip, *options, "--output", name))
    assert (plain.folder / name).stat().st_size > 10_000


def test_analyse_and_still_and_verify(plain, clip):
    _done(plain("analyse", clip, "--export", "t.csv"))
    assert len((plain.folder / "t.csv").read_text().splitlines()) == 26
    said = _done(plain("still", ASSETS / "portrait.png", "--emotion", "sad", "--output", "p.png"))
    assert "1 face to sad" in said
    _done(plain("process", clip, "--expression", "t.csv", "--output", "again.mp4"))
    _done(plain("verify", "again.mp4", "--source", clip))
    _done(plain("evaluate", "video", clip, "--edited", "again.mp4"))


@pytest.mark.parametrize(("words", "extra"), [
    (("finetune", "s.mp4"), "train"), (("train", "manipulator", "--data", "s.mp4"), "train"),
    (("train", "meta-renderer", "--data", "s.mp4"), "train"), (("train", "caae", "--data", "."), "train"),
    (("process", "s.mp4", "--finetune-minutes", "1"), "train"),
    (("process", "s.mp4", "--renderer", "neural", "--device", "cuda"), "gpu"),
    (("evaluate", "renderer", ASSETS / "meta_renderer.safetensors", "--data", "s.mp4"), "train"),
    (("evaluate", "self", "s.mp4"), "train"),
    (("still", ASSETS / "portrait.png", "--editor", "small", "--editor-weights", "s.mp4", "--emotion", "sad"), "train"),
])  # fmt: skip
def test_what_needs_an_extra_says_which_in_one_line(plain, clip, words, extra):
    before = sorted(plain.folder.iterdir())
    code, said, wrong = plain(*words)
    assert code == 2 and said == "", wrong
    assert len(wrong.splitlines()) == 1 and f"pip install 'ned[{extra}]'" in wrong and "torch" in wrong
    assert sorted(plain.folder.iterdir()) == before
