"""scripts/evaluate/realism.py: what is edited once, what its tables say, and who is among the edits of its panel."""

import csv
import importlib.util
import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import ned
from ned.errors import UserError
from ned.evaluation.face import MEASURES
from tests.evaluation.faces import portrait, talk, write_clip

__all__ = ["portrait", "talk"]


@pytest.fixture(scope="module")
def script():
    path = Path(__file__).parents[2] / "scripts" / "evaluate" / "realism.py"
    spec = importlib.util.spec_from_file_location("realism", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_emotions_are_words_of_names(script):
    names = ("M030_level_3_angry_016.mp4", "Talk-Happy.mov", "unhappy.mp4", "talk.mp4")
    assert [script.emotion_of(Path(name)) for name in names] == ["angry", "happy", "neutral", "neutral"]


def test_worst_is_the_lowest_or_the_farthest_from_equal(script):
    values = np.array([0.7, 1.1, 1.2])
    assert script._worst("jaw_pcc", values) == script._worst("flicker_ratio", values) == 0.7
    assert script._worst("sharpness_ratio", np.array([0.9, 1.3])) == 1.3
    assert script._worst("real_distance", values) == 1.2


def test_edits_are_measured_and_shown_among_untouched_clips(script, talk, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NED_MODELS", str(tmp_path / "models"))
    for folder, name in (("clips", "ann"), ("clips", "bob"), ("others", "carl_sad")):
        (tmp_path / folder).mkdir(exist_ok=True)
        write_clip(tmp_path / folder / f"{name}.mp4", talk)
    np.savez(tmp_path / "real.npz", **{e: np.random.default_rng(0).normal(0.3, 0.1, (40, len(MEASURES)))
                                       for e in ("neutral", "happy")})  # fmt: skip
    asked = []

    def process(clip, output, emotion, **options):
        asked.append((clip.name, emotion, options))
        if (clip.stem, emotion) == ("bob", "fear"):
            raise UserError("no face", path=clip)
        shutil.copyfile(clip, output)

    monkeypatch.setattr(ned, "process", process)
    out = tmp_path / "out"
    command = [str(tmp_path / "clips"), "--untouched", str(tmp_path / "others"), "--out", str(out), "--reference",
               str(tmp_path / "real.npz"), "--emotions", "happy", "sad", "fear", "--set", "renderer=warp",
               "--viewers", "2"]  # fmt: skip
    assert script.main(command) == 0
    said = capsys.readouterr()
    assert "left out: bob.mp4 to fear" in said.err and len(asked) == 6 and asked[0][2] == {"renderer": "warp"}
    rows = {line.split()[0]: line.split()[1:] for line in said.out.splitlines() if line.strip()}
    assert rows["jaw_pcc"][2:] == ["1.000", "(1.000)"] * 3 and rows["sharpness_ratio"][2] == "1.000"
    assert rows["median"][-4:] == ["transcode", "happy", "sad", "fear"]
    assert "distance to real happy faces, 2 clips pooled" in said.out

    key = json.loads((out / "panel" / "key.json").read_text())
    assert Counter(item["kind"] for item in key["items"]) == {"edit": 5, "same people": 1, "other clips": 1}
    assert {(i["person"], i["emotion"]) for i in key["items"] if i["kind"] == "other clips"} == {("carl_sad", "sad")}
    assert [item["untouched"] for item in key["items"]] == [False] * 5 + [True] * 2
    for v, share in enumerate(key["shares"], 1):
        with (out / "panel" / f"viewer{v}" / "answers.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["number", "realism", "emotion", "remark"])
            for number, item in enumerate(share, 1):
                writer.writerow([number, 5 if key["items"][item]["untouched"] else 2, "happy", ""])
    assert script.main(command) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(asked) == 7, "only what failed is tried again"
    shares = {line[:12].strip(): line.split("%")[0].split()[-1] for line in said if line[14:18] == "all "}
    assert shares == {"edit": "0", "same people": "100", "other clips": "100"}
    assert script.main([*command, "--set", "renderer=neural"]) == 2
    assert "name another --out" in capsys.readouterr().err
