"""The evaluation: known rows have known figures, and the commands that train and measure do so end to end."""

import numpy as np
import pytest

from ned.cli import main
from ned.face_model import load_face_model
from ned.files.checkpoint import load_checkpoint
from ned.manipulator import effects_of, evaluation
from ned.manipulator.corpus.people import RealTrack
from ned.manipulator.corpus.store import build_corpus, save_corpus
from ned.manipulator.corpus.visemes import speak
from ned.manipulator.prototypes import PrototypeManipulator
from ned.manipulator.settings import NOMINAL_RATE

MODEL = load_face_model()
EFFECTS = effects_of(MODEL)


@pytest.fixture(scope="module")
def corpus():
    real = [RealTrack(f"p{k}", speak(MODEL.space, 150, NOMINAL_RATE, np.random.default_rng(k))) for k in range(4)]
    return build_corpus(MODEL.space, real, 24, 120, seed=0, sources=("a.mp4", "b.mp4"))


@pytest.fixture(scope="module")
def bench(corpus):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "JUDGE_STEPS", 120)
        return evaluation.make_bench(corpus, EFFECTS, 14)


def test_the_judge_knows_emotions_of_people_it_never_saw(bench):
    assert bench.judge_accuracy > 0.7  # 11 or 12 of 14, as threads add up; by chance 2


def test_copying_the_input_keeps_speech_and_hits_by_chance(bench):
    figures = evaluation.measure(evaluation.copy_input(bench), bench)
    assert figures.accuracy == pytest.approx(1 / 7)  # one of seven whatever the source shows
    assert figures.jaw_pcc == pytest.approx(1.0) and figures.closures == 1.0 and np.isnan(figures.style_ratio)


def test_the_prototypes_do_better_than_a_mean_offset_and_keep_closures(bench):
    prototypes = PrototypeManipulator(MODEL.space, EFFECTS)
    made = evaluation.measure(evaluation.editor_of(prototypes, bench), bench, monotone=False)
    offset = evaluation.measure(evaluation.mean_offset(bench), bench, monotone=False)
    assert made.accuracy > max(offset.accuracy, 0.7) and made.jaw_pcc > 0.97
    assert made.closures > 0.95 > offset.closures


def test_a_fit_sees_less_than_was_driven_and_nothing_out_of_bounds():
    seen = evaluation.as_fit_sees(np.array([[0.2, 0.9]]), np.array([[0.5, 2.0]]))
    assert np.allclose(seen, [[0.4, 1.0]])


def test_train_and_evaluate_from_the_command_line(corpus, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(evaluation, "JUDGE_STEPS", 10)
    monkeypatch.setattr("ned.manipulator.training.run.MEASURED_SOURCES", 7)
    save_corpus(corpus, tmp_path / "corpus.npz")
    (tmp_path / "small.yaml").write_text("channels: 8\ntrunk_channels: 8\nlevels: 2\nwindow: 16\nbatch: 4\n")
    train = ["train", "manipulator", "--data", str(tmp_path / "corpus.npz"), "--out", str(tmp_path / "out"), "--quiet",
             "--config", str(tmp_path / "small.yaml"), "--steps", "3", "--licence", "MIT"]  # fmt: skip
    assert main(train) == 0
    assert "best.safetensors: 3 steps" in capsys.readouterr().out
    record = load_checkpoint(tmp_path / "out" / "best.safetensors", "manipulator").record
    assert record.licence == "MIT" and "a.mp4, b.mp4" in record.data[0] and "accuracy" in dict(record.metrics)
    made = str(tmp_path / "out" / "best.safetensors")
    assert main(["evaluate", "manipulator", made, "--data", str(tmp_path / "corpus.npz"), "--sources", "7", "-q"]) == 2
    capsys.readouterr()
    assert main(["evaluate", "manipulator", made, "--data", str(tmp_path / "corpus.npz"), "--sources", "7",
                 "--quiet"]) == 0  # fmt: skip
    said = capsys.readouterr().out
    assert all(row in said for row in ("learned", "prototypes", "mean offset", "copy input", "the judge itself"))


@pytest.mark.parametrize(("arguments", "said"), [
    (["train", "manipulator"], "missing: --data"),
    (["train", "renderer", "--data", "x"], "unknown network 'renderer'"),
    (["train", "manipulator", "--data", "none"], "none: no such data"),
    (["train", "manipulator", "--data", "x", "--steps", "0"], "steps is 0"),
    (["train", "manipulator", "--data", "x", "--config", "no.yaml"], "no.yaml: no such configuration file"),
    (["evaluate", "manipulator", "no.safetensors"], "no.safetensors: no such checkpoint"),
    (["process", "x.mp4", "--manipulator", "prototypes", "--manipulator-weights", "w"], "'prototypes' has no weights"),
])  # fmt: skip
def test_errors_are_one_line(arguments, said, capsys):
    assert main(arguments) == 2
    assert said in (error := capsys.readouterr().err) and error.count("\n") == 1
