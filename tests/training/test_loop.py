"""The loop: it learns, stops, goes on, and a resumed run is the one that was never interrupted."""

import copy
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

from ned.errors import ProcessingError, UserError
from ned.files.checkpoint import TrainingRecord, load_checkpoint
from ned.training import loop
from ned.training.loop import BEST, LAST, Schedule, train


class Line:
    """Fits y = 2x + 1; chance comes from the step's number alone."""

    kind, space = "line", "arkit52"

    def __init__(self, rate=0.05, config=None, bad_at=None):
        torch.manual_seed(0)
        self.layer = torch.nn.Linear(1, 1)
        self.modules, self.averages = {"line": self.layer}, {"line": copy.deepcopy(self.layer)}
        self.optimizers = {"adam": torch.optim.Adam(self.layer.parameters(), lr=rate)}
        self.config, self.bad_at = config or {"rate": rate}, bad_at

    def step(self, number):
        x = torch.rand(16, 1, generator=torch.Generator().manual_seed(number))
        loss = (self.layer(x) - 2 * x - 1).abs().mean() * (float("nan") if number == self.bad_at else 1.0)
        self.optimizers["adam"].zero_grad()
        loss.backward()
        self.optimizers["adam"].step()
        return {"loss": float(loss.detach())}

    def measure(self):
        x = torch.linspace(0, 1, 9)[:, None]
        return {"score": -float((self.averages["line"](x) - 2 * x - 1).abs().mean())}


PLAN = Schedule(steps=60, checkpoint_every=10, measure_every=20, ema=0.9)


def _weights(folder, name=LAST):
    return load_checkpoint(folder / name, "line in training" if name == LAST else "line").tensors


def test_it_learns_and_keeps_the_best(tmp_path):
    record = train(Line(), tmp_path, Schedule(400, measure_every=50, ema=0.9), TrainingRecord(("here",), seed=5))
    best = load_checkpoint(tmp_path / BEST, "line")
    assert record.steps == 400 and best.record.data == ("here",) and best.record.seed == 5
    assert dict(best.record.metrics)["score"] > -0.05
    assert set(best.tensors) == {"line.weight", "line.bias"}


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path):
    train(Line(), tmp_path / "whole", PLAN, TrainingRecord())
    train(Line(), tmp_path / "parts", Schedule(30, checkpoint_every=10, measure_every=20, ema=0.9), TrainingRecord())
    train(Line(), tmp_path / "parts", PLAN, TrainingRecord())
    whole, parts = _weights(tmp_path / "whole"), _weights(tmp_path / "parts")
    assert whole.keys() == parts.keys() and any(name.startswith("optimizer.") for name in whole)
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_a_killed_run_loses_at_most_one_interval(tmp_path):
    code = f"""
        import os, signal, sys
        sys.path.insert(0, {str(Path(__file__).parents[2])!r})
        from tests.training.test_loop import Line, PLAN, TrainingRecord, train
        from pathlib import Path
        class Killed(Line):
            def step(self, number):
                if number == 37:
                    os.kill(os.getpid(), signal.SIGKILL)
                return super().step(number)
        train(Killed(), Path({str(tmp_path / "killed")!r}), PLAN, TrainingRecord())
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env=os.environ, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert load_checkpoint(tmp_path / "killed" / LAST, "line in training").record.steps == 30
    train(Line(), tmp_path / "killed", PLAN, TrainingRecord())
    train(Line(), tmp_path / "whole", PLAN, TrainingRecord())
    whole, killed = _weights(tmp_path / "whole"), _weights(tmp_path / "killed")
    assert all(torch.equal(whole[name], killed[name]) for name in whole)


class Judged(Line):
    """Has these scores, one after another."""

    def __init__(self, *scores):
        super().__init__()
        self._scores = iter(scores)

    def measure(self):
        return {"score": next(self._scores)}


def _best(folder):
    return dict(load_checkpoint(folder / BEST, "line").record.metrics)["score"]


def test_what_was_best_when_a_run_was_killed_stays(tmp_path, monkeypatch):
    """Between the saving of the best and of the last."""
    write = loop.save_checkpoint

    def killed(path, checkpoint):
        if path.name == LAST and checkpoint.record.steps == 40:
            raise KeyboardInterrupt
        write(path, checkpoint)

    monkeypatch.setattr(loop, "save_checkpoint", killed)
    with pytest.raises(KeyboardInterrupt):
        train(Judged(0.1, 0.9), tmp_path, PLAN, TrainingRecord())
    monkeypatch.undo()
    train(Judged(0.5, 0.6), tmp_path, PLAN, TrainingRecord())
    last = load_checkpoint(tmp_path / LAST, "line in training").record
    assert _best(tmp_path) == 0.9 and dict(last.metrics)["best"] == 0.9 and last.steps == 60


def test_a_run_goes_on_without_its_best(tmp_path):
    train(Judged(0.9, 0.1), tmp_path, Schedule(40, measure_every=20), TrainingRecord())
    (tmp_path / BEST).unlink()
    train(Judged(0.95), tmp_path, PLAN, TrainingRecord())
    assert _best(tmp_path) == 0.95


def test_a_fresh_start_asks_nothing_of_what_was_best(tmp_path):
    (tmp_path / BEST).write_bytes(b"no checkpoint")
    train(Judged(0.2, 0.3, 0.1), tmp_path, PLAN, TrainingRecord())
    assert _best(tmp_path) == 0.3


def test_another_configuration_does_not_go_on(tmp_path):
    train(Line(), tmp_path, PLAN, TrainingRecord())
    with pytest.raises(UserError, match="another configuration"):
        train(Line(config={"rate": 1.0}), tmp_path, PLAN, TrainingRecord())


def test_a_loss_that_is_no_number_stops_and_spoils_no_checkpoint(tmp_path):
    with pytest.raises(ProcessingError, match="loss"):
        train(Line(bad_at=25), tmp_path, PLAN, TrainingRecord())
    assert all(torch.isfinite(t).all() for t in _weights(tmp_path).values())


def test_a_score_that_is_no_number_is_said_and_not_passed_over(tmp_path):
    """No score would ever be better, so nothing would be kept to use."""
    with pytest.raises(ProcessingError, match="score of held-out data is no number after 20 steps"):
        train(Judged(float("nan")), tmp_path, PLAN, TrainingRecord())


def test_it_stops_when_the_time_is_up(tmp_path):
    assert train(Line(), tmp_path, Schedule(10**9, seconds=0.2), TrainingRecord()).steps < 10**6
    assert (tmp_path / LAST).exists() and (tmp_path / BEST).exists()


def test_checkpoints_and_looks_come_by_time_too(tmp_path, monkeypatch):
    """Every step takes 10 s of an invented clock."""
    now = [0.0]
    monkeypatch.setattr(loop.time, "monotonic", lambda: now[0])
    seen, saved = [], []
    write = loop.save_checkpoint
    monkeypatch.setattr(loop, "save_checkpoint", lambda path, c: (saved.append((path.name, now[0])), write(path, c)))

    class Slow(Line):
        def step(self, number):
            now[0] += 10
            return super().step(number)

    plan = Schedule(10**6, 190.0, 10**6, 10**6, checkpoint_seconds=50.0, look_seconds=60.0)
    record = train(Slow(), tmp_path, plan, TrainingRecord(), preview=lambda step, f: seen.append((step, f["score"])))
    assert record.steps == 19 and [step for step, _ in seen] == [6, 12, 18, 19]
    assert [t for name, t in saved if name == LAST] == [50, 100, 150, 190]
    assert seen[-1][1] == dict(record.metrics)["score"]
    again = train(Slow(), tmp_path, plan, TrainingRecord())  # its time is up
    assert again.steps == 19 and len(seen) == 4
    more = Schedule(10**6, 240.0, 10**6, 10**6, checkpoint_seconds=50.0)
    assert train(Slow(), tmp_path, more, TrainingRecord()).steps == 24


def test_the_rest_is_told_from_the_time_where_that_ends_it():
    plan = Schedule(1000, seconds=60.0)
    assert loop._expected(plan, 0, 0.0, 0, 0.0) == 1000
    assert loop._expected(plan, 10, 2.0, 0, 0.0) == 300
    assert loop._expected(plan, 10, 2.0, 500, 40.0) == 100
    assert loop._expected(plan, 400, 2.0, 500, 0.0) == 500


def test_only_named_settings_may_differ_from_the_former_run(tmp_path):
    train(Line(config={"rate": 1.0, "batch": 4}), tmp_path, PLAN, TrainingRecord())
    more = Schedule(70, may_differ=("batch",))
    assert train(Line(config={"rate": 1.0, "batch": 2}), tmp_path, more, TrainingRecord()).steps == 70
    with pytest.raises(UserError, match="another configuration"):
        train(Line(config={"rate": 2.0, "batch": 2}), tmp_path, more, TrainingRecord())


def test_minutes_are_of_wall_time_with_preparation_and_the_last_look(tmp_path, monkeypatch):
    """10 s of preparation, steps of 10 s, measurements of 25 s, expected to take 25: all within 100 s."""
    now = [1000.0]
    monkeypatch.setattr(loop.time, "monotonic", lambda: now[0])

    class Slow(Line):
        def step(self, number):
            now[0] += 10
            return super().step(number)

        def measure(self):
            now[0] += 25
            return super().measure()

    plan = Schedule(10**6, 100.0, 10**6, 10**6, began=990.0, measuring_s=25.0)
    record = train(Slow(), tmp_path, plan, TrainingRecord())
    assert record.steps == 6 and record.seconds == 95.0  # a seventh step would end with the measurement at 105 s
    again = Schedule(10**6, 100.0, 10**6, 10**6, began=now[0], measuring_s=25.0)
    assert train(Slow(), tmp_path, again, TrainingRecord()).steps == 6  # nothing is left of the time
