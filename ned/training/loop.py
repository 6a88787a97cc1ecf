"""The loop: steps, averages, curves, checkpoints, and going on after an interruption.

A step draws all its chance from (seed, number of the step), so a run that was killed and resumed at a
checkpoint does the same steps as one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ned.errors import ProcessingError, UserError
from ned.progress import Progress, Silent
from ned.training.checkpoint import (
    Checkpoint,
    TrainingRecord,
    load_checkpoint,
    load_strictly,
    part_of,
    save_checkpoint,
)

LAST, BEST = "last.safetensors", "best.safetensors"


@runtime_checkable
class Trainee(Protocol):
    """What the loop trains."""

    kind: str
    space: str
    config: Mapping[str, Any]
    modules: Mapping[str, nn.Module]
    averages: Mapping[str, nn.Module]
    """Modules that follow those of the same name as exponential moving averages; they are what is shipped."""
    optimizers: Mapping[str, Optimizer]

    def step(self, number: int) -> dict[str, float]:
        """One step; the losses by name."""
        ...

    def measure(self) -> dict[str, float]:
        """Figures of the averages on held-out data; the one named `score` is to be as high as it can."""
        ...


@dataclass(frozen=True)
class Schedule:
    """How long to train and how often to look."""

    steps: int = 2000
    seconds: float = math.inf
    """Stops after this much training time, also when steps are left."""
    checkpoint_every: int = 200
    measure_every: int = 500
    ema: float = 0.995
    threads: int = 1


def train(
    trainee: Trainee, folder: Path, schedule: Schedule, record: TrainingRecord, progress: Progress | None = None
) -> TrainingRecord:
    """Trains into `folder`: `last.safetensors` to go on from, `best.safetensors` to use. Goes on where a former
    run stopped. Raises ProcessingError where a loss is no number, UserError for a checkpoint of another run."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(schedule.threads)
    started, spent, best = _resume(trainee, folder / LAST)
    curves = _curves(folder)
    began = time.monotonic()
    elapsed = lambda: spent + time.monotonic() - began  # noqa: E731
    with (progress or Silent()).stage("training", schedule.steps - started) as stage:
        number, metrics = started, {}
        while number < schedule.steps and elapsed() < schedule.seconds:
            losses = trainee.step(number)
            number += 1
            follow(trainee, min(schedule.ema, (1 + number) / (10 + number)))
            stage.advance()
            bad = [name for name, value in losses.items() if not math.isfinite(value)]
            if bad:
                raise ProcessingError(f"the loss {bad[0]} is no number after {number} steps", path=folder,
                                      remedy="lower the learning rate")  # fmt: skip
            if curves and number % 10 == 0:
                for name, value in losses.items():
                    curves.add_scalar(f"loss/{name}", value, number)
            ending = number == schedule.steps or elapsed() >= schedule.seconds
            if number % schedule.measure_every == 0 or ending:
                metrics = trainee.measure()
                for name, value in metrics.items() if curves else ():
                    curves.add_scalar(f"held-out/{name}", value, number)
                if metrics["score"] >= best:
                    best = metrics["score"]
                    now = replace(record, steps=number, seconds=round(elapsed(), 1), metrics=tuple(metrics.items()))
                    save_checkpoint(folder / BEST, _to_use(trainee, now))
            if number % schedule.checkpoint_every == 0 or ending:
                now = replace(record, steps=number, seconds=elapsed(), metrics=(("best", best),))
                save_checkpoint(folder / LAST, _to_resume(trainee, now))
    if curves:
        curves.close()
    return replace(record, steps=number, seconds=elapsed(), metrics=tuple(metrics.items()))


def follow(trainee: Trainee, decay: float) -> None:
    """Moves the averages towards the modules."""
    with torch.no_grad():
        for name, average in trainee.averages.items():
            now = trainee.modules[name].state_dict()
            for key, value in average.state_dict().items():
                value.lerp_(now[key], 1.0 - decay)


def _to_use(trainee: Trainee, record: TrainingRecord) -> Checkpoint:
    tensors = {f"{name}.{key}": t for name, m in trainee.averages.items() for key, t in m.state_dict().items()}
    return Checkpoint(trainee.kind, trainee.space, trainee.config, record, tensors)


def _to_resume(trainee: Trainee, record: TrainingRecord) -> Checkpoint:
    tensors = {f"now.{name}.{key}": t for name, m in trainee.modules.items() for key, t in m.state_dict().items()}
    tensors |= {f"average.{name}.{key}": t for name, m in trainee.averages.items() for key, t in m.state_dict().items()}
    for name, optimizer in trainee.optimizers.items():
        for i, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{name}.{i}.{key}": torch.as_tensor(value) for key, value in state.items()}
    return Checkpoint(f"{trainee.kind} in training", trainee.space, trainee.config, record, tensors)


def _resume(trainee: Trainee, path: Path) -> tuple[int, float, float]:
    """Steps and seconds done, best score so far."""
    if not path.exists():
        return 0, 0.0, -math.inf
    known = load_checkpoint(path, f"{trainee.kind} in training", trainee.space)
    if dict(known.config) != dict(trainee.config):
        raise UserError("was made with another configuration", path=path, remedy="choose another --out folder")
    for prefix, modules in (("now.", trainee.modules), ("average.", trainee.averages)):
        for name, module in modules.items():
            load_strictly(module, part_of(known.tensors, f"{prefix}{name}."), path)
    for name, optimizer in trainee.optimizers.items():
        state: dict[int, dict[str, Tensor]] = {}
        for key, tensor in part_of(known.tensors, f"optimizer.{name}.").items():
            i, field = key.split(".")
            state.setdefault(int(i), {})[field] = tensor
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return known.record.steps, known.record.seconds, dict(known.record.metrics).get("best", -math.inf)


def _curves(folder: Path):
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:  # an extra
        return None
    return SummaryWriter(str(folder / "curves"))
