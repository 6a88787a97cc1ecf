"""Several processes train one network: each has its own examples, the gradients are averaged.

    torchrun --nproc-per-node 4 -m ned.cli train meta-renderer …

The first process alone measures and writes. Everything is driven from outside the learner: gradients are averaged
just before an optimiser steps.
"""

from __future__ import annotations

import gc
import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import torch
from torch import distributed

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from ned.training.learner import Learner

PATIENCE = timedelta(hours=2)
"""How long the others wait while the first prepares data or measures."""
SEED_STEP = 1_000_003


@dataclass(frozen=True)
class Ranks:
    """Who this process is among those that train together."""

    rank: int = 0
    count: int = 1

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def seed(self, seed: int) -> int:
        """A seed of this process's own; the first keeps the one given."""
        return seed + SEED_STEP * self.rank

    def sync(self, learner: Learner) -> None:
        """Weights, averages and states of the optimisers become those of the first process; from now on every step of
        an optimiser takes the mean gradient."""
        if self.count == 1:
            return
        for modules in (learner.modules, learner.averages):
            for name in sorted(modules):
                for value in modules[name].state_dict().values():
                    distributed.broadcast(value, 0)
        for name in sorted(learner.optimizers):
            optimizer = learner.optimizers[name]
            states = [optimizer.state_dict()]
            distributed.broadcast_object_list(states, 0)
            if not self.is_main:
                optimizer.load_state_dict(states[0])
            optimizer.register_step_pre_hook(lambda it, *_: self._average(it))

    def _average(self, optimizer: Optimizer) -> None:
        weights = [p for group in optimizer.param_groups for p in group["params"] if p.requires_grad]
        for p in weights:  # what one process did not use, another may have
            if p.grad is None:
                p.grad = torch.zeros_like(p)
        together = torch.cat([p.grad.detach().flatten() for p in weights])
        distributed.all_reduce(together)
        together /= self.count
        for p, mean in zip(weights, together.split([p.numel() for p in weights]), strict=True):
            p.grad.copy_(mean.view_as(p))

    def broadcast(self, said: bool) -> bool:
        """What the first process says."""
        if self.count == 1:
            return said
        answer = torch.tensor([said], dtype=torch.int32, device=_device())
        distributed.broadcast(answer, 0)
        return bool(answer.item())

    def barrier(self) -> None:
        """Until all are here."""
        if self.count > 1:
            self.broadcast(True)


@contextmanager
def joined_ranks() -> Iterator[Ranks]:
    """As torchrun says in the environment; a process by itself elsewhere."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count < 2:
        yield Ranks()
        return
    # The first optimiser would import it, and a default argument in it would hold the group that is there by then past
    # its end: the group's threads would outlive the interpreter, which aborts.
    importlib.import_module("torch.distributed.nn.functional")
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo", timeout=PATIENCE)
    try:
        yield Ranks(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()
        gc.collect()  # what still refers to the group goes now, and its threads with it


def _device() -> torch.device:
    """Where collectives of this group can reach a tensor."""
    return torch.device("cuda" if distributed.get_backend() == "nccl" else "cpu")
