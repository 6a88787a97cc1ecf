"""The network of candidates in use: as a graph on the processor; as torch's module on a GPU, or where it is of another
size than the shipped one. The module is the readable twin, and what trains."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from ned.errors import UserError
from ned.files.checkpoint import check_digest, load_arrays, load_strictly, part_of
from ned.files.graphs import Graph, fits
from ned.renderer.neural.settings import RendererConfig
from ned.renderer.neural.weights import GRAPH, KIND
from ned.runtime.cores import PAINTING
from ned.runtime.extras import need

STATE = "renderer.remember.bias"
"""Of the state's channels there is one of these each."""


@runtime_checkable
class FaceNetwork(Protocol):
    """What the renderer asks of a network; keeps nothing between calls."""

    def __call__(
        self, candidates: Float[np.ndarray, "4 5 h w"], condition: Float[np.ndarray, "12 h w"], state: Any
    ) -> tuple[Float[np.ndarray, "h w 3"], Any]:
        """The image (RGB, [0, 1]) and the state for the next frame; `state` None begins anew."""
        ...


class GraphNetwork:
    """See `FaceNetwork`: the shipped graph with a checkpoint's tensors."""

    def __init__(self, tensors: Mapping[str, np.ndarray], threads: int = PAINTING) -> None:
        self._graph, self._channels = Graph(GRAPH, tensors, threads), len(tensors[STATE])

    def __call__(
        self, candidates: Float[np.ndarray, "4 5 h w"], condition: Float[np.ndarray, "12 h w"], state: Any
    ) -> tuple[Float[np.ndarray, "h w 3"], Any]:
        if state is None:
            state = np.zeros((1, self._channels, *(side // 2 for side in condition.shape[1:])), np.float32)
        image, state = self._graph(candidates=candidates[None], condition=condition[None], state=state)
        return np.ascontiguousarray(image[0].clip(0.0, 1.0).transpose(1, 2, 0)), state


class TorchNetwork:
    """See `FaceNetwork`: a module, where it is."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self._device = next(module.parameters()).device

    def __call__(
        self, candidates: Float[np.ndarray, "4 5 h w"], condition: Float[np.ndarray, "12 h w"], state: Any
    ) -> tuple[Float[np.ndarray, "h w 3"], Any]:
        import torch

        from ned.runtime.precision import mixed_precision

        with torch.inference_mode(), mixed_precision(self._device):
            seen = (torch.from_numpy(part)[None].to(self._device) for part in (candidates, condition))
            image, state = self.module(*seen, state)
        return image[0].float().clamp(0, 1).permute(1, 2, 0).cpu().numpy(), state


def load_weights(path: Path) -> tuple[dict[str, np.ndarray], RendererConfig]:
    """A network's tensors and what it is; UserError where the file holds no network of candidates."""
    checkpoint = load_arrays(path, KIND, "arkit52")
    check_digest(path)
    settings = RendererConfig.build(checkpoint.config, path)
    if settings.networks != "candidates":
        raise UserError(f"holds networks {settings.networks!r}", path=path, remedy="use one that `ned finetune` made")
    return dict(checkpoint.tensors), settings


def interpolate_weights(
    own: Mapping[str, np.ndarray], known: Mapping[str, np.ndarray], strength: float
) -> dict[str, np.ndarray] | None:
    """Mix the weights of a network that was fitted to little footage with those of one that knows many people:
    `strength` of its own, the rest of the other's. What was learnt is kept in part without losing what was known before
    (Wortsman et al., 2022, "Robust fine-tuning of zero-shot models"). None where the two are not of one kind."""
    if {name: value.shape for name, value in own.items()} != {name: value.shape for name, value in known.items()}:
        return None
    return {name: known[name] + np.float32(strength) * (value - known[name]) for name, value in own.items()}


def make_network(
    tensors: Mapping[str, np.ndarray], settings: RendererConfig, path: Path, device: str = "cpu"
) -> FaceNetwork:
    """Ready to paint, on a device of `ned.runtime.devices`; `path` is named in errors. UserError where tensors are
    not those of the network, or torch is wanted and not installed."""
    if device == "cpu" and fits(GRAPH, tensors):
        return GraphNetwork(tensors)
    need("torch", f"{path.name}, whose network is not of the shipped one's size," if device == "cpu" else "a GPU")
    import torch

    from ned.renderer.neural.networks import build_network

    torch.set_num_threads(PAINTING)
    module = build_network(settings)
    of_torch = {name: torch.from_numpy(value) for name, value in part_of(tensors, "renderer.").items()}
    load_strictly(module, of_torch, path)
    return TorchNetwork(module.eval().requires_grad_(False).to(device))
