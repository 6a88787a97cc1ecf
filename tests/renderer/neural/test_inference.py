"""The neural renderer's graph against torch's module, which is its twin; what is taken where."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from ned.errors import UserError
from ned.files.checkpoint import Checkpoint, TrainingRecord, load_checkpoint, part_of, save_checkpoint
from ned.files.graphs import Graph
from ned.renderer.neural import inference
from ned.renderer.neural.inference import GraphNetwork, TorchNetwork, load_weights, make_network
from ned.renderer.neural.networks import CandidateNetwork, build_network
from ned.renderer.neural.weights import GRAPH, SHIPPED

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts" / "build"


def _module(tensors, settings):
    network = build_network(settings).eval()
    network.load_state_dict({n: torch.from_numpy(v) for n, v in part_of(tensors, "renderer.").items()})
    return network


def _seen(rng, height, width):
    """What a face might look like to the network: smooth images, small displacements."""
    import cv2

    def smooth(*channels):
        small = rng.random((*channels, 12, 12)).astype(np.float32).reshape(-1, 12, 12)
        big = [cv2.resize(part, (width, height), interpolation=cv2.INTER_CUBIC) for part in small]
        return np.clip(big, 0, 1).reshape(*channels, height, width).astype(np.float32)

    candidates = smooth(4, 5)
    candidates[:, 3:] = 0.05 * (candidates[:, 3:] - 0.5)
    return candidates, smooth(12)


def _psnr(a, b):
    return -10.0 * np.log10(max(float(((a - b) ** 2).mean()), 1e-20))


@pytest.mark.parametrize("size", [(192, 160), (64, 96), (256, 256)])
def test_images_are_those_of_torch(size):
    """Over frames that follow each other, each twin with the state that it made itself."""
    tensors, settings = load_weights(SHIPPED)
    graph, module = make_network(tensors, settings, SHIPPED), TorchNetwork(_module(tensors, settings))
    assert isinstance(graph, GraphNetwork)
    rng, states, images = np.random.default_rng(0), [None, None], []
    for _ in range(4):
        seen = _seen(rng, *size)
        images = []
        for k, network in enumerate((graph, module)):
            image, states[k] = network(*seen, states[k])
            images.append(image)
        assert images[0].shape == (*size, 3) and images[0].dtype == np.float32
        assert _psnr(*images) >= 55.0
    assert np.abs(images[1] - seen[0][0, :3].transpose(1, 2, 0)).max() > 0.02  # the network has its say


def test_an_actor_s_weights_run_on_the_shipped_graph():
    tensors, settings = load_weights(SHIPPED)
    rng = np.random.default_rng(1)
    actor = {n: (v + 0.01 * rng.standard_normal(v.shape)).astype(np.float32) for n, v in tensors.items()}
    seen = _seen(rng, 96, 96)
    made, _ = make_network(actor, settings, SHIPPED)(*seen, None)
    expected, _ = TorchNetwork(_module(actor, settings))(*seen, None)
    shipped, _ = make_network(tensors, settings, SHIPPED)(*seen, None)
    assert _psnr(made, expected) >= 55.0 > _psnr(shipped, expected)


def test_where_the_shape_is_another_torch_runs_it_or_is_asked_for(tmp_path, monkeypatch):
    config = load_weights(SHIPPED)[1]
    small = CandidateNetwork(4).state_dict()
    path = tmp_path / "small.safetensors"
    tensors = {f"renderer.{name}": tensor for name, tensor in small.items()}
    plain = config.plain() | {"base": 4}
    save_checkpoint(path, Checkpoint("face renderer", "arkit52", plain, TrainingRecord(), tensors))
    loaded = load_weights(path)
    assert isinstance(make_network(*loaded, path), TorchNetwork)
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr("ned.runtime.extras.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"small.safetensors.*needs torch.*pip install 'ned\[train\]'"):
        make_network(*loaded, path)
    assert isinstance(make_network(*load_weights(SHIPPED), SHIPPED), GraphNetwork)


def test_on_a_gpu_the_module_is_taken(monkeypatch):
    """There is none here: the module is sent to torch's device of no memory in its place."""
    tensors, settings = load_weights(SHIPPED)
    taken = make_network(tensors, settings, SHIPPED, "meta")
    assert isinstance(taken, TorchNetwork) and taken._device.type == "meta"


def test_shipping_writes_a_graph_that_paints_as_the_module_does(tmp_path, monkeypatch):
    sys.path.insert(0, str(SCRIPTS))
    try:
        spec = importlib.util.spec_from_file_location("ship_graphs", SCRIPTS / "ship_graphs.py")
        shipping = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(shipping)
    finally:
        sys.path.remove(str(SCRIPTS))
    torch.manual_seed(0)
    network = CandidateNetwork(4).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    config = load_weights(SHIPPED)[1].plain() | {"base": 4}
    weights = tmp_path / "w.safetensors"
    tensors = {f"renderer.{name}": tensor for name, tensor in network.state_dict().items()}
    save_checkpoint(weights, Checkpoint("face renderer", "arkit52", config, TrainingRecord(licence="MIT"), tensors))
    monkeypatch.setattr(shipping, "GRAPH", tmp_path / "w.onnx")
    shipping.ship_renderer(weights)
    monkeypatch.setattr(inference, "GRAPH", tmp_path / "w.onnx")
    seen = _seen(np.random.default_rng(2), 80, 64)
    made, state = make_network(*load_weights(weights), weights)(*seen, None)
    expected, expected_state = TorchNetwork(network)(*seen, None)
    assert np.abs(made - expected).max() < 1e-4 and np.abs(state - expected_state.numpy()).max() < 1e-4


def test_a_graph_that_was_changed_is_refused(tmp_path):
    tensors, _ = load_weights(SHIPPED)
    copy = tmp_path / GRAPH.name
    copy.write_bytes(GRAPH.read_bytes()[:-1] + b"\0")
    (tmp_path / "manifest.json").write_bytes((GRAPH.parent / "manifest.json").read_bytes())
    with pytest.raises(UserError, match="differs from its entry"):
        Graph(copy, tensors)


def test_the_shipped_record_is_in_the_graph():
    onnx = pytest.importorskip("onnx")
    import json
    from dataclasses import asdict

    said = {e.key: e.value for e in onnx.load(str(GRAPH), load_external_data=False).metadata_props}
    record = load_checkpoint(SHIPPED, "face renderer").record
    assert json.loads(said["record"]) == json.loads(json.dumps(asdict(record))) and said["weights"] == SHIPPED.name
