"""Two steps and a bit of both configurations, on a corpus made in memory; what it takes to learn at all."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ned.errors import UserError
from ned.face_model.spaces import ARKIT52, FLAME50
from ned.files.checkpoint import load_checkpoint
from ned.manipulator.corpus.visemes import speak
from ned.manipulator.settings import NOMINAL_RATE, ManipulatorConfig
from ned.manipulator.training.batches import LabelledBatches, SyntheticBatches
from ned.manipulator.training.learner import ManipulatorLearner
from ned.manipulator.training.run import train_manipulator
from ned.training.loop import BEST, Schedule

SMALL = ManipulatorConfig(channels=16, trunk_channels=8, window=16, batch=6, levels=3)


@pytest.fixture(scope="module")
def people():
    clean = [speak(ARKIT52, 120, NOMINAL_RATE, np.random.default_rng(s)) for s in range(4)]
    return SyntheticBatches(ARKIT52, np.stack(clean))


def _labelled(space):
    rng = np.random.default_rng(0)
    return LabelledBatches(space, [rng.random((40, space.width)).astype(np.float32) for _ in range(6)], [0, 1, 2] * 2)


def _ned2022():
    from pathlib import Path

    return ManipulatorConfig.load(Path(__file__).parents[3] / "configs" / "ned2022.yaml")


def test_our_losses_are_there_and_everything_moves(people):
    learner = ManipulatorLearner(replace(SMALL, adversarial=0.1), people)
    before = {n: [p.clone() for p in m.parameters()] for n, m in learner.modules.items()}
    losses = [learner.step(k) for k in range(2)]
    assert {"adversarial", "style", "cycle", "speech", "closure", "spread", "answer", "penalty"} <= losses[0].keys()
    assert all(np.isfinite(list(step.values())).all() for step in losses)
    for name, module in learner.modules.items():
        assert any(not torch.equal(a, b) for a, b in zip(before[name], module.parameters(), strict=True)), name


@pytest.mark.parametrize("space", [ARKIT52, FLAME50])
def test_the_paper_s_configuration_trains_in_any_space(space):
    config = _ned2022()
    assert (config.window, config.batch, config.learning_rate, config.beta1) == (10, 64, 1e-4, 0.0)
    small = ManipulatorConfig.build({**config.plain(), "batch": 4})
    losses = ManipulatorLearner(small, _labelled(space)).step(0)
    assert set(losses) == {"discriminator", "adversarial", "style", "cycle", "speech", "total"}
    assert np.isfinite(list(losses.values())).all()


def test_steps_are_repeatable(people):
    first, second = (ManipulatorLearner(SMALL, people) for _ in range(2))
    assert [first.step(k) for k in range(2)] == [second.step(k) for k in range(2)]


def test_it_learns_the_true_answers(people):
    config = ManipulatorConfig(channels=16, trunk_channels=8, window=12, batch=12, levels=2, adversarial=0.0,
                               style_weight=0.0, cycle=0.0, learning_rate=1e-2)  # fmt: skip
    learner = ManipulatorLearner(config, people)
    answers = [learner.step(k)["answer"] for k in range(160)]
    assert np.mean(answers[-30:]) < 0.85 * np.mean(answers[:15])


def test_unknown_settings_and_sizes_out_of_bounds_are_refused(tmp_path):
    bad = {"chanels: 3": "unknown setting 'chanels'", "channels: 10000000": "channels is", "- 3": "does not hold",
           "networks: cnn": "unknown networks", "a: [": "not valid YAML"}  # fmt: skip
    for text, said in bad.items():
        (tmp_path / "c.yaml").write_text(text)
        with pytest.raises(UserError, match=said):
            ManipulatorConfig.load(tmp_path / "c.yaml")


def test_training_on_labelled_tracks_holds_out_people_and_writes_a_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr("ned.manipulator.evaluation.JUDGE_STEPS", 3)
    rng = np.random.default_rng(0)
    rows = ["file,emotion,person"]
    for k in range(10):
        np.savez(tmp_path / f"{k}.npz", packed=rng.random((60, 51), np.float32), frame_rate=25.0)
        rows.append(f"{k}.npz,{('happy', 'sad')[k % 2]},p{k // 2}")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    config = ManipulatorConfig.build({**SMALL.plain(), "supervised": 0})
    record = train_manipulator(config, (tmp_path,), tmp_path / "out", Schedule(2), space="flame50", licence="own")
    kept = load_checkpoint(tmp_path / "out" / BEST, "manipulator", "flame50")
    assert record.steps == 2 and kept.record.licence == "own" and "accuracy" in dict(kept.record.metrics)


def test_training_without_data_says_so(tmp_path):
    with pytest.raises(UserError, match="no data"):
        train_manipulator(SMALL, (), tmp_path, Schedule(1))
