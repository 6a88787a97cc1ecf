"""Writes the graphs that run the shipped networks without torch: ONNX beside each safetensors file, with its record.

    python scripts/build/ship_graphs.py

A graph holds no weights: they are its external data, given from the checkpoint when a session begins, so that one graph
runs every checkpoint of its kind, an actor's too. `ship_manipulator.py` and `ship_renderer.py` call this.
"""

from __future__ import annotations

import hashlib
import io
import json
import warnings
from dataclasses import asdict
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from ned.face_model import load_face_model
from ned.files.atomic import atomic_path
from ned.files.checkpoint import Checkpoint, load_checkpoint, load_strictly, note_digest, part_of
from ned.manipulator.family import load_family
from ned.manipulator.graphs import PARTS, graph_of
from ned.manipulator.learned import KIND as MANIPULATOR
from ned.manipulator.learned import SHIPPED as MANIPULATOR_WEIGHTS
from ned.manipulator.settings import LATENT, ManipulatorConfig
from ned.renderer.neural.networks import (
    CANDIDATE_CHANNELS,
    CANDIDATES,
    CONDITION_CHANNELS,
    STATE_CHANNELS,
    build_network,
)
from ned.renderer.neural.settings import RendererConfig
from ned.renderer.neural.weights import GRAPH, KIND, SHIPPED

OPSET = 17
"""Pinned: the first with all that the networks need as one operator each, which all versions of ONNX Runtime run that
ned allows."""


def export(
    module: nn.Module, inputs: dict[str, Tensor], outputs: list[str], free: dict[str, dict[int, str]], path: Path,
    checkpoint: Checkpoint, weights: Path,
) -> None:  # fmt: skip
    """Write a module's graph. `inputs` are examples by name, `free` the axes of any length by input or output; tensors
    of the module have the names that they have in the checkpoint."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(), tuple(inputs.values()), buffer, dynamo=False, opset_version=OPSET, do_constant_folding=False,
            input_names=list(inputs), output_names=outputs, dynamic_axes=free,
        )  # fmt: skip
    model = onnx.load_from_string(buffer.getvalue())
    given = {}
    for tensor in model.graph.initializer:
        if tensor.name in checkpoint.tensors:
            given[tensor.name] = list(tensor.dims)
            for field in ("raw_data", "float_data"):
                tensor.ClearField(field)
            tensor.data_location = onnx.TensorProto.EXTERNAL
            place = tensor.external_data.add()
            place.key, place.value = "location", weights.name
    unknown = set(module.state_dict()) - set(checkpoint.tensors)
    assert given and not unknown, unknown
    onnx.helper.set_model_props(model, {
        "kind": checkpoint.kind, "space": checkpoint.space, "config": json.dumps(checkpoint.config, sort_keys=True),
        "record": json.dumps(asdict(checkpoint.record)), "weights": weights.name,
    })  # fmt: skip
    model.producer_name, model.producer_version = "ned", ""
    data = model.SerializeToString(deterministic=True)
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
    note_digest(path, hashlib.sha256(data).hexdigest(), given)
    print(f"{path}: {len(data) / 1e3:.0f} kB, {len(model.graph.node)} nodes, {len(given)} tensors of {weights.name}")


class _Factors(nn.Module):
    def __init__(self, translator: nn.Module) -> None:
        super().__init__()
        self.translator = translator

    def forward(self, sequence: Tensor, style: Tensor) -> Tensor:
        return self.translator.factors(sequence, style)


class _Styles(nn.Module):
    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, sequence: Tensor) -> Tensor:
        return self.encoder(sequence)


class _OfEmotions(nn.Module):
    """The styles of all emotions; which is wanted is chosen outside."""

    def __init__(self, mapping: nn.Module) -> None:
        super().__init__()
        self.mapping = mapping

    def forward(self, latent: Tensor) -> Tensor:
        hidden = self.mapping.shared(latent)
        return torch.stack([head(hidden) for head in self.mapping.heads], 1)


class _Painted(nn.Module):
    def __init__(self, renderer: nn.Module) -> None:
        super().__init__()
        self.renderer = renderer

    def forward(self, candidates: Tensor, condition: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        return self.renderer(candidates, condition, state)


def ship_manipulator(path: Path = MANIPULATOR_WEIGHTS) -> None:
    """The three graphs of the manipulator's shipped networks."""
    space = load_face_model().space
    checkpoint = load_checkpoint(path, MANIPULATOR, space.name)
    config = ManipulatorConfig.build(checkpoint.config, path)
    if config.networks != "temporal":
        raise SystemExit(f"{path}: only networks of the kind `temporal` are shipped")
    family = load_family(space, config, checkpoint.tensors, path)
    frames, width = 2 * family.halo + 8, space.width
    parts = {
        "translator": (
            _Factors(family.translator),
            {"sequence": torch.zeros(1, frames, width), "style": torch.zeros(1, frames, config.style)},
            {"sequence": {0: "batch", 1: "frames"}, "style": {0: "batch", 1: "frames"}},
        ),
        "encoder": (
            _Styles(family.encoder), {"sequence": torch.zeros(2, 64, width)}, {"sequence": {0: "batch", 1: "frames"}},
        ),
        "mapping": (_OfEmotions(family.mapping), {"latent": torch.zeros(2, LATENT)}, {"latent": {0: "batch"}}),
    }  # fmt: skip
    assert tuple(parts) == PARTS
    for part, (module, inputs, free) in parts.items():
        export(module, inputs, ["out"], free | {"out": {0: "batch"}}, graph_of(path, part), checkpoint, path)


def ship_renderer(path: Path = SHIPPED) -> None:
    """The graph of the renderer's shipped network; crops of any size that is a multiple of 16."""
    checkpoint = load_checkpoint(path, KIND)
    network = build_network(RendererConfig.build(checkpoint.config, path)).to(memory_format=torch.contiguous_format)
    load_strictly(network, part_of(checkpoint.tensors, "renderer."), path)
    side = 64
    inputs = {
        "candidates": torch.rand(1, CANDIDATES, CANDIDATE_CHANNELS, side, side),
        "condition": torch.rand(1, CONDITION_CHANNELS, side, side),
        "state": torch.zeros(1, STATE_CHANNELS, side // 2, side // 2),
    }
    halved = {0: "batch", 2: "half_height", 3: "half_width"}
    free = {
        "candidates": {0: "batch", 3: "height", 4: "width"}, "condition": {0: "batch", 2: "height", 3: "width"},
        "state": halved, "image": {0: "batch", 2: "height", 3: "width"}, "next_state": halved,
    }  # fmt: skip
    export(_Painted(network), inputs, ["image", "next_state"], free, GRAPH, checkpoint, path)


if __name__ == "__main__":
    ship_manipulator()
    ship_renderer()
