"""Whose network paints whom: weights, actors, the memory of a video."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ned.edit.track_edit import TrackEdit
from ned.errors import UserError
from ned.face_model import load_face_model
from ned.files.checkpoint import Checkpoint, TrainingRecord, save_checkpoint
from ned.renderer import Casting, PersonWeights, Renderer, build_renderer
from ned.renderer.neural import prepare as preparing
from ned.renderer.neural import renderer as module
from ned.renderer.neural.inference import TorchNetwork, load_weights, make_network
from ned.renderer.neural.ned2022 import Generator
from ned.renderer.neural.networks import CandidateNetwork
from ned.renderer.neural.renderer2022 import Ned2022Renderer
from ned.renderer.neural.settings import RendererConfig
from ned.runtime.progress import Clock, Silent
from ned.types import ExpressionTrack, FaceFit, FaceTrack, HeadPose, Shot
from tests.renderer.neural.synthetic import footage

MODEL, SIZE = load_face_model(), 64


def _saved(path, network=None, **changes):
    config = replace(RendererConfig(size=SIZE, window=32, base=4), **changes)
    tensors = {f"renderer.{name}": t for name, t in (network or CandidateNetwork(4)).state_dict().items()}
    save_checkpoint(path, Checkpoint("face renderer", "arkit52", config.plain(), TrainingRecord(), tensors))
    return path


def test_a_checkpoint_is_loaded_strictly(tmp_path):
    path = _saved(tmp_path / "a.safetensors")
    tensors, settings = load_weights(path)
    network = make_network(tensors, settings, path)
    assert settings.size == SIZE and isinstance(network, TorchNetwork) and not network.module.training
    with pytest.raises(UserError):
        load_weights(_saved(tmp_path / "b.safetensors", networks="ned2022"))
    with pytest.raises(UserError):
        make_network(*load_weights(_saved(tmp_path / "c.safetensors", base=8)), path)


def _tracks(footages):
    """Edits as the second pass has them, as far as the choice looks at them."""
    edits = []
    for person, shown in footages.items():
        faces = (2.0 * shown.faces + (10.0, 20.0, 0.0)).astype(np.float32)
        frames, boxes = np.arange(len(shown)), np.zeros((len(shown), 4), np.float32)
        track = FaceTrack(person, Shot(0, len(shown)), frames, boxes, faces)
        count = len(shown)
        pose = HeadPose(np.tile(np.eye(3), (count, 1, 1)), np.ones(count), np.zeros((count, 2)))
        both = (shown.coefficients, shown.coefficients + np.float32(0.1))
        before, after = (ExpressionTrack.unpack(MODEL.space, values) for values in both)
        fit = FaceFit(MODEL.mean, pose, before, np.zeros(count))
        edits.append(TrackEdit(track, fit, after, MODEL, np.ones(count)))
    return edits


@pytest.fixture
def video():
    """Frames in which the footage stands at twice its size."""
    import cv2

    shown = footage(frames=20, size=SIZE)

    def frames_at(path, indices, rate):
        for index in indices:
            big = cv2.warpAffine(shown.frames[index], np.array([[2.0, 0, 10], [0, 2.0, 20]]), (160, 170))
            yield SimpleNamespace(index=index, rgb=lambda big=big: big)

    shown_by = SimpleNamespace(footage=shown, frames_of=lambda indices: frames_at(None, indices, None))
    return shown_by


def _casting(video, weights=None):
    return Casting(MODEL, _tracks({1: video.footage}), video.frames_of, weights or {})


def test_the_memory_is_of_the_edited_video(video, tmp_path, monkeypatch):
    monkeypatch.setattr(preparing, "SHIPPED", _saved(tmp_path / "meta.safetensors", memory=6))
    clock, casting = Clock(Silent()), _casting(video)
    made = preparing.prepare(casting, clock)(casting.edits[0])
    assert isinstance(made, module.NeuralRenderer) and "remembering" in clock.seconds
    memory = made._painting.memory
    assert len(memory.frames) == 6
    difference = [np.abs(memory.frames.astype(int) - frame).mean((1, 2, 3)).min() for frame in video.footage.frames]
    assert sum(d < 6 for d in difference) >= 6  # crops of the video's own frames


def _remembering(value, base=4):
    network = CandidateNetwork(base)
    torch.nn.init.constant_(network.remember.bias, value)
    return network


@pytest.mark.parametrize(("base", "bias", "strength"), [(4, 2.5, 1.0), (8, 1.0, 0.25)])
def test_the_network_of_an_actor_with_little_footage_leans_on_the_shipped_one(
    base, bias, strength, video, tmp_path, monkeypatch
):
    """Only where the two are of one kind; else its changes are taken in part."""
    shipped = _saved(tmp_path / "meta.safetensors", _remembering(3.0, base), base=base)
    monkeypatch.setattr(preparing, "SHIPPED", shipped)
    weights = _saved(tmp_path / "ann.safetensors", _remembering(1.0), memory=6)
    casting = _casting(video, {1: PersonWeights(weights, 0.25)})
    painting = preparing.prepare(casting, Silent())(casting.edits[0])._painting
    assert painting.strength == strength
    assert torch.allclose(painting.network.module.remember.bias.cpu(), torch.tensor(bias))


@pytest.fixture
def paper(tmp_path):
    """A tiny generator of the paper's kind, saved as training saves it."""
    config = replace(RendererConfig(size=SIZE, window=32, base=4), networks="ned2022")
    tensors = {f"generator.{name}": t for name, t in Generator(4).state_dict().items()}
    path = tmp_path / "paper.safetensors"
    save_checkpoint(path, Checkpoint("face renderer ned2022", "arkit52", config.plain(), TrainingRecord(), tensors))
    return path


def test_networks_of_the_paper_paint_an_actor(video, paper):
    """The same network with the frames' geometry: what is painted is the generator's, inside the face alone."""
    casting = _casting(video, {1: PersonWeights(paper)})
    edit = casting.edits[0]
    made = preparing.prepare(casting, Silent())(edit)
    assert isinstance(made, Ned2022Renderer) and isinstance(made, Renderer)
    face = edit.face_edit(0)
    image = next(video.frames_of([0])).rgb().astype(np.float32) / 255.0
    box = made.region(face, image.shape[:2])
    local, region = face.moved_to(box[:2]), image[box[1] : box[3], box[0] : box[2]]
    plain = build_renderer(MODEL).render(region, local)
    change = np.abs(made.render(region, local) - plain)
    assert change.max() > 0.1 and change[0].max() < 1e-3 and change[:, 0].max() < 1e-3
    again = preparing.prepare(casting, Silent())(edit)
    first = again.render(region, local)
    assert np.abs(first - plain - (made.render(region, local) - plain)).max() > 0  # the former frame has its say
    half = preparing.prepare(replace(casting, weights={1: PersonWeights(paper, 0.5)}), Silent())(edit)
    assert np.abs(half.render(region, local) - plain - 0.5 * (first - plain)).max() < 0.02
