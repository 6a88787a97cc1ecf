"""The loop: steps, averages, curves, checkpoints, and going on after an interruption.

A step draws all its chance from (seed, number of the step), so a run that was killed and resumed at a
checkpoint does the same steps as one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from ned.errors import ProcessingError, UserError
from ned.files.checkpoint import (
    Checkpoint,
    TrainingRecord,
    load_checkpoint,
    load_strictly,
    part_of,
    save_checkpoint,
)
from ned.runtime.progress import Progress, Silent
from ned.training.distributed import Ranks
from ned.training.learner import Learner

LAST, BEST = "last.safetensors", "best.safetensors"
MAX_RESUME_BYTES = 16 * 1024**3
"""Weights, their averages, and the optimisers' two moments."""


@dataclass(frozen=True)
class Schedule:
    """How long to train and how often to look."""

    steps: int = 2000
    seconds: float = math.inf
    """Stops after this much time, the last measurement and checkpoint included, also when steps are left."""
    checkpoint_every: int = 200
    measure_every: int = 500
    ema: float = 0.995
    threads: int = 1
    checkpoint_seconds: float = math.inf
    """A checkpoint also after so much time."""
    look_seconds: float = math.inf
    """A measurement and a preview also after so much time."""
    may_differ: tuple[str, ...] = ()
    """Settings in which a run that goes on may differ from the former one."""
    began: float | None = None
    """Moment of `time.monotonic` from which `seconds` count; None: from the first step."""
    measuring_s: float = 0.0
    """What the first measurement is expected to take."""


def train(
    learner: Learner,
    folder: Path,
    schedule: Schedule,
    record: TrainingRecord,
    progress: Progress | None = None,
    preview: Callable[[int, Mapping[str, float]], None] | None = None,
    ranks: Ranks | None = None,
) -> TrainingRecord:
    """Trains into `folder`: `last.safetensors` to go on from, `best.safetensors` to use. Goes on where a former
    run stopped. `preview` is told step and figures after every measurement; of several `ranks` the first measures and
    writes. Raises ProcessingError where a loss or a score is no number, UserError for a checkpoint of another run."""
    ranks = ranks or Ranks()
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(schedule.threads)
    started, spent, best = _resume(learner, folder, schedule.may_differ if ranks.is_main else None)
    ranks.sync(learner)
    curves = _curves(folder) if ranks.is_main else None
    began = time.monotonic() if schedule.began is None else schedule.began
    elapsed = lambda: spent + time.monotonic() - began  # noqa: E731
    saved = looked = elapsed()
    first_s = elapsed()
    ending = Ending(first_s, schedule.measuring_s)
    with (progress or Silent()).stage("training", _expected(schedule, 0, 0.0, started, first_s)) as stage:
        number, metrics = started, {}
        late = started > 0 and first_s + schedule.measuring_s >= schedule.seconds
        ended = ranks.broadcast(started >= schedule.steps or late)
        while not ended:
            losses = learner.step(number)
            number += 1
            follow(learner, min(schedule.ema, (1 + number) / (10 + number)))
            stage.update(number - started, _expected(schedule, number - started, elapsed() - first_s, started, first_s))
            bad = [name for name, value in losses.items() if not math.isfinite(value)]
            if bad:
                raise ProcessingError(f"the loss {bad[0]} is no number after {number} steps", path=folder,
                                      remedy="lower the learning rate")  # fmt: skip
            ending.step(elapsed())
            ended = ranks.broadcast(number >= schedule.steps or elapsed() + ending.needs_s > schedule.seconds)
            if not ranks.is_main:
                continue
            if curves and number % 10 == 0:
                for name, value in losses.items():
                    curves.add_scalar(f"loss/{name}", value, number)
            if number % schedule.measure_every == 0 or ended or elapsed() - looked >= schedule.look_seconds:
                now_s = elapsed()
                metrics = learner.measure()
                for name, value in metrics.items() if curves else ():
                    curves.add_scalar(f"held-out/{name}", value, number)
                if math.isnan(metrics["score"]):
                    raise ProcessingError(f"the score of held-out data is no number after {number} steps", path=folder,
                                          remedy="look whether the held-out data show anything")  # fmt: skip
                if metrics["score"] >= best:
                    best = metrics["score"]
                    now = replace(record, steps=number, seconds=round(elapsed(), 1), metrics=tuple(metrics.items()))
                    save_checkpoint(folder / BEST, _to_use(learner, now))
                if preview is not None:
                    preview(number, metrics)
                ending.looked(elapsed() - now_s)
                looked = elapsed()
            if number % schedule.checkpoint_every == 0 or ended or elapsed() - saved >= schedule.checkpoint_seconds:
                now = replace(record, steps=number, seconds=elapsed(), metrics=(("best", best),))
                save_checkpoint(folder / LAST, _to_resume(learner, now))
                saved = elapsed()
    if curves:
        curves.close()
    return replace(record, steps=number, seconds=elapsed(), metrics=tuple(metrics.items()))


class Ending:
    """What has to fit before the end of the time: a step, and the last measurement with its checkpoint."""

    def __init__(self, began_s: float, measuring_s: float) -> None:
        """`measuring_s`: what a measurement is expected to take, before one was made."""
        self._last_s, self._step_s, self._look_s = began_s, 0.0, measuring_s

    @property
    def needs_s(self) -> float:
        """Seconds to keep."""
        return self._step_s + self._look_s

    def step(self, now_s: float) -> None:
        """A step ended now."""
        self._step_s, self._last_s = now_s - self._last_s, now_s

    def looked(self, took_s: float) -> None:
        """A measurement took so long; it is no part of the next step."""
        self._look_s = max(self._look_s, took_s)
        self._last_s += took_s


def _expected(schedule: Schedule, done: int, seconds: float, started: int, spent: float) -> int:
    """Steps of this run altogether, as far as can be told after `done` of them."""
    left = schedule.steps - started
    if not math.isfinite(schedule.seconds) or not done:
        return left
    return min(left, max(done, round(done * (schedule.seconds - spent) / max(seconds, 1e-6))))


def follow(learner: Learner, decay: float) -> None:
    """Moves the averages towards the modules."""
    with torch.no_grad():
        for name, average in learner.averages.items():
            now = learner.modules[name].state_dict()
            for key, value in average.state_dict().items():
                value.lerp_(now[key], 1.0 - decay)


def _to_use(learner: Learner, record: TrainingRecord) -> Checkpoint:
    tensors = {f"{name}.{key}": t for name, m in learner.averages.items() for key, t in m.state_dict().items()}
    return Checkpoint(learner.kind, learner.space, learner.config, record, tensors)


def _to_resume(learner: Learner, record: TrainingRecord) -> Checkpoint:
    tensors = {f"now.{name}.{key}": t for name, m in learner.modules.items() for key, t in m.state_dict().items()}
    tensors |= {f"average.{name}.{key}": t for name, m in learner.averages.items() for key, t in m.state_dict().items()}
    for name, optimizer in learner.optimizers.items():
        for i, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{name}.{i}.{key}": torch.as_tensor(value) for key, value in state.items()}
    return Checkpoint(f"{learner.kind} in training", learner.space, learner.config, record, tensors)


def _resume(learner: Learner, folder: Path, may_differ: tuple[str, ...] | None = ()) -> tuple[int, float, float]:
    """Steps and seconds done, best score so far. `may_differ` None: in any setting."""
    path = folder / LAST
    if not path.exists():
        return 0, 0.0, -math.inf
    known = load_checkpoint(path, f"{learner.kind} in training", learner.space, MAX_RESUME_BYTES)
    fixed = lambda config: {key: config[key] for key in config if key not in (may_differ or ())}  # noqa: E731
    if may_differ is not None and fixed(known.config) != fixed(learner.config):
        raise UserError("was made with another configuration", path=path, remedy="choose another --out folder")
    for prefix, modules in (("now.", learner.modules), ("average.", learner.averages)):
        for name, module in modules.items():
            load_strictly(module, part_of(known.tensors, f"{prefix}{name}."), path)
    for name, optimizer in learner.optimizers.items():
        state: dict[int, dict[str, Tensor]] = {}
        for key, tensor in part_of(known.tensors, f"optimizer.{name}.").items():
            i, field = key.split(".")
            state.setdefault(int(i), {})[field] = tensor
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    # a run that was killed between the two files has kept a better one than it says
    best = max(dict(known.record.metrics).get("best", -math.inf), _score(learner, folder / BEST))
    return known.record.steps, known.record.seconds, best


def _score(learner: Learner, path: Path) -> float:
    """Of weights to use; less than any where there are none."""
    if not path.exists():
        return -math.inf
    return dict(load_checkpoint(path, learner.kind, learner.space).record.metrics).get("score", -math.inf)


def _curves(folder: Path):
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:  # an extra
        return None
    return SummaryWriter(str(folder / "curves"))
