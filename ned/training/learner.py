"""What the loop trains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from torch import nn
from torch.optim import Optimizer


@runtime_checkable
class Learner(Protocol):
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
