"""Two processes that train together do what one would with both their examples."""

import copy

import torch

from ned.files.checkpoint import TrainingRecord, load_checkpoint
from ned.training.distributed import Ranks, joined_ranks
from ned.training.loop import LAST, Schedule, train

PLAN = Schedule(steps=2, checkpoint_every=10, measure_every=10)


class Cloud:
    """Fits a point to random ones; `seeds`: one batch of examples from each."""

    kind, space, config = "cloud", "arkit52", {}

    def __init__(self, seeds, first=0.0):
        self.layer = torch.nn.Linear(2, 3)
        self.unused = torch.nn.Linear(2, 2)
        for weight in (*self.layer.parameters(), *self.unused.parameters()):
            torch.nn.init.constant_(weight, first)
        both = torch.nn.ModuleList([self.layer, self.unused])
        self.modules, self.averages = {"cloud": both}, {"cloud": copy.deepcopy(both)}
        self.optimizers = {"adam": torch.optim.Adam(both.parameters(), lr=0.1)}
        self.seeds = seeds

    def step(self, number):
        losses = []
        for seed in self.seeds:
            x = torch.randn(8, 2, generator=torch.Generator().manual_seed(100 * seed + number))
            losses.append((self.layer(x) - x.sum(1, keepdim=True) - seed).square().mean())
        loss = torch.stack(losses).mean()
        self.optimizers["adam"].zero_grad(set_to_none=True)
        loss.backward()
        self.optimizers["adam"].step()
        return {"loss": float(loss.detach())}

    def measure(self):
        return {"score": 0.0}


def test_a_process_by_itself_is_the_first_of_one(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined_ranks() as ranks:
        assert ranks == Ranks() and ranks.is_main and ranks.seed(3) == 3
        assert ranks.broadcast(True) and not ranks.broadcast(False)
    assert Ranks(1, 2).seed(3) != 3


def test_two_processes_take_the_mean_gradient(tmp_path, two_processes):
    done = two_processes(f"""
        from pathlib import Path
        from tests.training.test_distributed import PLAN, Cloud, TrainingRecord, joined_ranks, train
        with joined_ranks() as ranks:
            cloud = Cloud([ranks.rank], first=0.5 * ranks.rank)  # other weights than the first's
            train(cloud, Path({str(tmp_path)!r}) / str(ranks.rank), PLAN, TrainingRecord(), ranks=ranks)
            print(cloud.layer.bias.tolist())
    """)
    train(Cloud([0, 1]), tmp_path / "alone", PLAN, TrainingRecord())
    alone, together = (load_checkpoint(tmp_path / name / LAST, "cloud in training").tensors for name in ("alone", "0"))
    for name in ("now.cloud.0.weight", "now.cloud.0.bias", "average.cloud.0.weight"):
        assert torch.allclose(alone[name], together[name], atol=1e-6), name
    assert together["now.cloud.1.weight"].abs().max() == 0  # of the first process, and without a gradient
    assert not (tmp_path / "1" / LAST).exists()
    assert done[0] == done[1]
