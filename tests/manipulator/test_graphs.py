"""The manipulator's graphs against torch's modules, which are their twin."""

import json

import numpy as np
import pytest

from ned.errors import UserError
from ned.face_model import load_face_model
from ned.files.checkpoint import load_arrays, load_checkpoint
from ned.files.graphs import Graph, fits, wanted_shapes
from ned.manipulator import effects_of
from ned.manipulator.corpus.visemes import speak
from ned.manipulator.evaluation import articulate
from ned.manipulator.family import load_family
from ned.manipulator.graphs import PARTS, SHIPPED, GraphNetworks, TorchNetworks, graph_of
from ned.manipulator.learned import LearnedManipulator, load_networks
from ned.manipulator.settings import LATENT, ManipulatorConfig
from ned.types import EMOTIONS, Edit, Emotion, ExpressionTrack, Reference

MODEL = load_face_model()
EFFECTS = effects_of(MODEL)


@pytest.fixture(scope="module")
def twins():
    """As graphs and as modules."""
    checkpoint = load_checkpoint(SHIPPED, "manipulator", MODEL.space.name)
    config = ManipulatorConfig.build(checkpoint.config, SHIPPED)
    modules = TorchNetworks(load_family(MODEL.space, config, checkpoint.tensors, SHIPPED))
    return load_networks(SHIPPED, MODEL.space), modules


def _distance(a, b):
    assert a.shape == b.shape and a.dtype == b.dtype == np.float32
    return float(np.abs(a - b).max())


def test_the_shipped_networks_run_as_graphs(twins):
    graphs, modules = twins
    assert isinstance(graphs, GraphNetworks) and (graphs.halo, graphs.window) == (modules.halo, modules.window)


@pytest.mark.parametrize("frames", [1, 7, 300])
def test_answers_are_those_of_torch(twins, frames):
    graphs, modules = twins
    rng = np.random.default_rng(frames)
    length = frames + 2 * modules.halo
    sequence = rng.random((length, MODEL.space.width)).astype(np.float32)
    latent = rng.standard_normal((length, LATENT)).astype(np.float32)
    emotion = rng.integers(len(EMOTIONS), size=length)
    style = modules.styles(latent, emotion)
    assert _distance(graphs.styles(latent, emotion), style) <= 1e-5
    assert _distance(graphs.factors(sequence, style), modules.factors(sequence, style)) <= 1e-5
    windows = rng.random((3, 20 + frames, MODEL.space.width)).astype(np.float32)
    assert _distance(graphs.encode(windows), modules.encode(windows)) <= 1e-5


@pytest.mark.parametrize("style", ["happy", "sad", "surprised", "reference"])
def test_whole_edits_are_those_of_torch(twins, style):
    track, other = (
        ExpressionTrack.unpack(MODEL.space, speak(MODEL.space, 240, 30.0, np.random.default_rng(k))) for k in (0, 1)
    )
    said = articulate(track, EFFECTS)
    edit = Edit(Reference((other,), (30.0,)) if style == "reference" else Emotion(style), 1.0, 3)
    by_graph, by_module = (
        LearnedManipulator(MODEL.space, EFFECTS, networks=twin).translate(track, said, 30.0, edit).pack()
        for twin in twins
    )
    assert np.abs(by_module - track.pack()).max() > 0.05
    assert np.abs(by_graph - by_module).max() <= 1e-5


def test_graphs_take_other_weights_of_the_same_shape(twins):
    """What training makes with the shipped ones' settings runs without torch too."""
    tensors = load_arrays(SHIPPED, "manipulator").tensors
    rng = np.random.default_rng(0)
    other = {n: (v + 0.02 * rng.standard_normal(v.shape)).astype(np.float32) for n, v in tensors.items()}
    graphs = GraphNetworks(other, 96)
    import torch

    family = load_family(
        MODEL.space, ManipulatorConfig(), {name: torch.from_numpy(value) for name, value in other.items()}, SHIPPED
    )
    sequence = rng.random((200, MODEL.space.width)).astype(np.float32)
    style = rng.standard_normal((200, 16)).astype(np.float32)
    expected = TorchNetworks(family).factors(sequence, style)
    assert _distance(graphs.factors(sequence, style), expected) <= 1e-5 * max(1.0, float(np.abs(expected).max()))
    assert np.abs(twins[0].factors(sequence, style) - expected).max() > 0.01


def test_tensors_of_another_shape_do_not_fit():
    path = graph_of(SHIPPED, "encoder")
    tensors = dict(load_arrays(SHIPPED, "manipulator").tensors)
    assert fits(path, tensors)
    name = next(iter(wanted_shapes(path)))
    tensors[name] = np.zeros((*tensors[name].shape, 1), np.float32)
    assert not fits(path, tensors)
    with pytest.raises(UserError, match="graph of other weights"):
        Graph(path, tensors)
    del tensors[name]
    assert not fits(path, tensors)
    with pytest.raises(UserError, match="no such graph"):
        wanted_shapes(path.with_name("none.onnx"))


def test_graphs_carry_the_record_of_their_weights():
    onnx = pytest.importorskip("onnx")
    from dataclasses import asdict

    checkpoint = load_arrays(SHIPPED, "manipulator")
    for part in PARTS:
        model = onnx.load(str(graph_of(SHIPPED, part)), load_external_data=False)
        said = {entry.key: entry.value for entry in model.metadata_props}
        assert said["kind"] == "manipulator" and said["space"] == MODEL.space.name
        assert json.loads(said["record"]) == json.loads(json.dumps(asdict(checkpoint.record)))
        assert json.loads(said["config"]) == checkpoint.config
        assert [entry.version for entry in model.opset_import if not entry.domain] == [17]
        heaviest = max((len(tensor.raw_data) for tensor in model.graph.initializer), default=0)
        assert heaviest < 1024  # the weights themselves lie in the checkpoint alone
