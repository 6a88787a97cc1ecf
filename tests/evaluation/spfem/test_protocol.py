"""The protocol on a folder in MEAD's layout, with features whose distances are known."""

import json
import shutil

import numpy as np
import pytest

from ned.cli import main
from ned.emotions import EMOTIONS
from ned.errors import ProcessingError, UserError
from ned.evaluation.spfem.layout import ACTORS, TARGETS, plan_tasks
from ned.evaluation.spfem.protocol import FeatureJudges, as_text, run_protocol
from ned.runtime.progress import Silent
from tests.evaluation.faces import write_clip


@pytest.fixture(scope="module")
def mead(talk, tmp_path_factory):
    """Two clips of each emotion of each actor; how light a clip is stands for its emotion."""
    folder = tmp_path_factory.mktemp("mead")
    clips = {}
    for e, emotion in enumerate(EMOTIONS):
        frames = [(f * (0.62 + 0.06 * e)).astype(np.uint8) for f in talk[:18]]
        clips[emotion] = write_clip(folder / f"{emotion}.mp4", frames, crf=12)
    for actor in ACTORS:
        for emotion, clip in clips.items():
            level = folder / actor / "video" / "front" / emotion / ("level_1" if emotion == "neutral" else "level_3")
            level.mkdir(parents=True)
            for number in ("001", "002"):
                shutil.copyfile(clip, level / f"{number}.mp4")
    return folder


class Light:
    """A feature judge: mean and spread of the image."""

    name = "light"

    def features(self, rgb, points):
        return np.array([rgb.mean(), rgb.std(), 100.0])


def test_tasks_are_those_of_the_protocol(mead):
    tasks = plan_tasks(mead, 1, 1)
    assert len(tasks) == 2 * len(ACTORS) * len(TARGETS) == 72
    for task in tasks:
        assert f"/{task.actor}/video/front/neutral/level_1/" in str(task.source)
        assert f"/{task.actor}/video/front/{task.emotion}/level_3/" in str(task.truth)
        whose = task.actor if task.setting == "same" else ACTORS[(ACTORS.index(task.actor) + 1) % 6]
        assert f"/{whose}/video/front/{task.emotion}/" in str(task.reference) and task.reference != task.truth
    assert plan_tasks(mead, 1, 1) == tasks and plan_tasks(mead, 1, 2) != tasks


def test_a_perfect_edit_beats_the_input_and_a_missing_judge_is_no_zero(mead, monkeypatch):
    monkeypatch.setattr("ned.evaluation.spfem.protocol.ACTORS", ACTORS[:2])
    tasks = [task for task in plan_tasks(mead, 1, 1) if task.actor in ACTORS[:2] and task.emotion in TARGETS[:3]]
    rows = run_protocol(tasks, lambda task: task.truth, FeatureJudges(Light(), None), 1, Silent(), frames=6)
    found = {(row.method, row.setting): row for row in rows}
    for setting in ("same", "cross"):
        assert found["ned", setting].fad < 0.02 * found["copy-input", setting].fad
        assert found["ned", setting].csim is None and found["ned", setting].lse_d is None
        assert found["ned", setting].frames == 2 * 6
    text = as_text(rows, {"CSIM": "needs the model efficientface"})
    assert text.count("not computed") == 2 * 4 + 1 and "2.108" in text and "copy-input (here)" in text


def test_features_that_are_no_numbers_are_no_figure(mead, monkeypatch):
    class Dark(Light):
        def features(self, rgb, points):
            return np.zeros(3)

    monkeypatch.setattr("ned.evaluation.spfem.protocol.ACTORS", ACTORS[:1])
    tasks = [task for task in plan_tasks(mead, 1, 1) if task.actor == ACTORS[0] and task.emotion == "happy"]
    with pytest.raises(ProcessingError, match="no CSIM of M003: features that are not finite, or zero"):
        run_protocol(tasks, lambda task: task.truth, FeatureJudges(None, Dark()), 1, Silent(), frames=3)


def test_a_folder_that_is_not_mead(mead, tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        plan_tasks(tmp_path / "no", 1, 1)
    (tmp_path / "M003/video/front").mkdir(parents=True)
    with pytest.raises(UserError, match="lacks M009/video/front, W029"):
        plan_tasks(tmp_path, 1, 1)
    for actor in ACTORS:
        (tmp_path / actor / "video/front").mkdir(parents=True, exist_ok=True)
    with pytest.raises(UserError, match="M003 has no clip of neutral"):
        plan_tasks(tmp_path, 1, 1)


def test_the_command_keeps_its_edits_and_leaves_out_what_fails(mead, tmp_path, monkeypatch, capsys):
    from ned import pipeline

    asked = []

    def process(config):
        asked.append((config.renderer, config.provenance))
        if "disgusted" in str(config.reference[0]):
            raise UserError("no face", path=config.input)
        shutil.copyfile(config.input, config.output)

    monkeypatch.setenv("NED_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(pipeline, "process", process)
    out = tmp_path / "rows.json"
    command = ["evaluate", "protocol", "spfem", "--mead", str(mead), "--work", str(tmp_path / "work"), "--quiet"]
    assert main([*command, "--json", str(out)]) == 0
    text = capsys.readouterr().out
    assert "FAD not computed: needs the model arcface-resnet18" in text and "LSE-D not computed" in text
    assert len(asked) == 72 and asked[0] == ("auto", False)
    assert [row["fad"] for row in json.loads(out.read_text())["rows"]] == [None] * 4
    assert main(command) == 0 and len(asked) == 72 + 12, "only those that failed are tried again"
    assert main(["evaluate", "protocol", "spfem"]) == 2 and "missing: --mead" in capsys.readouterr().err
