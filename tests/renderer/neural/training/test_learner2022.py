"""Two steps of the paper's renderer on an invented person."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ned.face_model import load_face_model
from ned.files.checkpoint import TrainingRecord, load_checkpoint
from ned.renderer.neural.crops import align, to_crop
from ned.renderer.neural.settings import RendererConfig
from ned.renderer.neural.training import learner2022
from ned.renderer.neural.training.crop_sequences import CropSequence
from ned.renderer.neural.training.learner2022 import Ned2022Learner, SequenceSource, drawn_run
from ned.renderer.neural.training.losses import laplacian_pyramid_l1
from ned.training.learner import Learner
from ned.training.loop import BEST, Schedule, train

MODEL = load_face_model()
PAPER = Path(__file__).parents[4] / "configs" / "ned2022_renderer.yaml"
SIZE = 32
SMALL = replace(RendererConfig.load(PAPER), size=SIZE, base=4, batch=2, sequence=3)


@pytest.fixture(autouse=True)
def without_vgg(monkeypatch):
    monkeypatch.setattr(learner2022, "has_vgg19", lambda: False)


def _footage(seed=0, frames=12, size=SIZE):
    rng = np.random.default_rng(seed)
    coefficients = np.zeros((frames, MODEL.space.width), np.float32)
    coefficients[:, 0] = np.linspace(0, 0.6, frames)
    pixels = ((MODEL.mean + MODEL.displacements(coefficients)) * 20 + (300, 300, 0)).astype(np.float32)
    faces = np.stack([to_crop(face, align(face, size)) for face in pixels])
    images = np.repeat(rng.integers(60, 250, (1, 1, 1, 3)), size, 1).repeat(size, 2).repeat(frames, 0)
    images += rng.integers(-5, 5, (1, size, size, 3))
    runs = np.repeat([0, 1], [frames - 4, 4])
    return CropSequence(f"p{seed}", "made.mp4", images.astype(np.uint8), faces, coefficients, runs, 25.0)


def _learner(config=SMALL, people=1):
    return Ned2022Learner(config, [_footage(seed) for seed in range(people)], MODEL)


def test_the_settings_are_the_paper_s():
    config = RendererConfig.load(PAPER)
    assert (config.networks, config.size, config.base, config.batch) == ("ned2022", 256, 64, 2)
    assert (config.learning_rate, config.beta1, config.ema, config.sequence) == (2e-4, 0.5, 0.0, 12)
    assert (config.adversarial, config.mouth_adversarial, config.pixel) == (1.0, 1.0, 0.0)
    assert (config.feature_matching, config.pyramid, config.mouth_feature_matching) == (10.0, 10.0, 10.0)


def test_two_steps_move_every_network_and_are_repeatable():
    first, second = _learner(people=2), _learner(people=2)
    assert isinstance(first, Learner)
    before = {name: [p.clone() for p in m.parameters()] for name, m in first.modules.items()}
    said = [first.step(k) for k in range(2)]
    assert {"pyramid", "discriminator", "discriminator adversarial", "discriminator features", "mouth",
            "mouth adversarial", "mouth features", "total"} == set(said[0])  # fmt: skip
    assert np.isfinite([list(step.values()) for step in said]).all()
    for name, module in first.modules.items():
        assert all(not torch.equal(a, b) for a, b in zip(before[name], module.parameters(), strict=True)
                   if b.grad is not None and b.grad.abs().sum() > 0), name  # fmt: skip
        assert all(p.requires_grad for p in module.parameters())
    assert said == [second.step(k) for k in range(2)]


def test_the_total_is_the_weighted_sum_of_the_generator_s_losses():
    said = _learner().step(0)
    wanted = sum(
        weight * said[name] for name, weight in (("pyramid", 10), ("discriminator adversarial", 1),
        ("discriminator features", 10), ("mouth adversarial", 1), ("mouth features", 10))
    )  # fmt: skip
    assert said["total"] == pytest.approx(wanted, rel=1e-5)


def test_judges_are_left_out_where_they_weigh_nothing():
    config = replace(SMALL, mouth_adversarial=0.0, mouth_feature_matching=0.0, pixel=1.0)
    learner = _learner(config)
    assert set(learner.modules) == {"generator", "discriminator"} == set(learner.optimizers)
    assert "pixel" in learner.step(0)


def test_past_outputs_are_those_painted_before_and_detached():
    learner, seen = _learner(), []
    generator = learner.modules["generator"]
    generator.register_forward_hook(lambda _, inputs, out: seen.append((*inputs, out)))
    learner.step(0)
    assert len(seen) == SMALL.sequence
    assert (seen[0][1] == -1).all()
    assert torch.equal(seen[1][1][:, :3], seen[0][2]) and (seen[1][1][:, 3:] == -1).all()
    assert torch.equal(seen[2][1], torch.cat([seen[1][2], seen[0][2]], 1))
    assert not any(former.requires_grad for _, former, _ in seen)
    conditions = [inputs[:, :9] for inputs, _, _ in seen]
    assert torch.equal(seen[0][0], torch.cat([conditions[0]] * 3, 1))
    assert torch.equal(seen[2][0], torch.cat([conditions[2], conditions[1], conditions[0]], 1))


def test_wanted_images_are_the_face_alone_and_mouths_lie_in_their_crops():
    footage = _footage(size=64)
    source = SequenceSource([footage], MODEL, 64)
    drawn = source.draw(3, 4, np.random.default_rng(0))
    assert drawn.wanted.shape == (4, 3, 3, 64, 64) and drawn.condition.shape == (4, 3, 9, 64, 64)
    assert (drawn.wanted[..., 0, 0] == -1).all()
    inside = drawn.wanted[..., 32, 32].numpy()
    assert np.abs((inside + 1) * 127.5 - footage.frames[0, 32, 32]).max() < 1e-3
    assert source.mouth_side == 18
    lips = footage.faces[:, [61, 291, 0, 17], :2]
    corner = drawn.mouth.reshape(-1, 2).numpy()
    assert (corner <= lips.min((0, 1))).all() and (corner + 18 >= lips[0].max(0)).all()


def test_sequences_stay_within_a_run():
    runs, rng = np.repeat([3, 4], [8, 2]), np.random.default_rng(0)
    drawn = [drawn_run(runs, 4, rng) for _ in range(60)]
    assert {tuple(np.unique(runs[rows])) for rows in drawn} == {(3,), (4,)}
    for rows in drawn:
        assert rows.tolist() == [8, 9, 9, 9] or (np.diff(rows) == 1).all()
    assert {int(rows[0]) for rows in drawn} == {0, 1, 2, 3, 4, 8}


def test_painting_follows_the_geometry_alone_and_begins_anew_with_a_run():
    learner = _learner()
    learner.step(0)
    footage = _footage()
    out = learner.generate(footage, footage)
    assert out.shape == (12, SIZE, SIZE, 3) and out.dtype == np.float32 and out.min() >= 0 and out.max() <= 1
    blank = replace(footage, frames=np.zeros_like(footage.frames))
    assert np.array_equal(learner.generate(blank, footage), out)  # nothing of the answer leaks
    alone = learner.generate(footage.part(slice(8, None)), footage)
    assert np.abs(alone - out[8:]).max() < 1e-5
    assert np.abs(out[1] - learner.generate(footage.part(slice(1, 2)), footage)[0]).max() > 1e-6  # the past matters


def test_a_run_writes_a_checkpoint_from_which_it_goes_on(tmp_path):
    record = train(_learner(), tmp_path, Schedule(2, ema=0.0), TrainingRecord())
    kept = load_checkpoint(tmp_path / BEST, learner2022.KIND, "arkit52")
    assert record.steps == 2 and RendererConfig.build(kept.config) == SMALL
    assert {name.split(".")[0] for name in kept.tensors} == {"generator", "discriminator", "mouth"}
    again, whole = _learner(), _learner()
    assert train(again, tmp_path, Schedule(3, ema=0.0), TrainingRecord()).steps == 3
    for k in range(3):
        whole.step(k)
    for name, value in again.modules["generator"].state_dict().items():
        assert torch.allclose(value, whole.modules["generator"].state_dict()[name], atol=1e-5), name


def test_vgg_takes_the_place_of_the_pyramid_where_it_is_to_be_had(monkeypatch):
    class Distance(torch.nn.Module):
        def forward(self, found, wanted):
            return laplacian_pyramid_l1(found, wanted)

    monkeypatch.setattr(learner2022, "has_vgg19", lambda: True)
    monkeypatch.setattr(learner2022, "Vgg19Perceptual", Distance)
    said = _learner().step(0)
    assert "vgg19" in said and "pyramid" not in said


def test_without_weights_for_judges_it_is_plain_regression():
    learner = _learner(RendererConfig(networks="ned2022", size=SIZE, base=6, batch=1, sequence=1))
    assert set(learner.modules) == {"generator"}
    assert set(learner.step(0)) == {"pixel", "pyramid", "total"}
