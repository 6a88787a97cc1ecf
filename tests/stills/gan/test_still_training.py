"""Every network trains two steps on the CPU, goes on after an interruption, and learns what it is shown."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ned.errors import UserError
from ned.files.checkpoint import TrainingRecord, load_checkpoint
from ned.stills.gan.crops import Crops, save_crops
from ned.stills.gan.learner_small import SmallLearner, roughness
from ned.stills.gan.learners import CaaeLearner, CycleLearner, StarLearner, gradient_penalty
from ned.stills.gan.pairs import Pairs, load_pairs, save_pairs
from ned.stills.gan.settings import CaaeConfig, SmallConfig, SmileConfig
from ned.stills.gan.small import SIZE
from ned.stills.gan.training import CROPS, classes_of, crops_key, prepare, train_stills
from ned.training.loop import LAST, Schedule, train
from ned.types import EMOTIONS

CONFIGS = Path(__file__).resolve().parents[3] / "configs"
CAAE = CaaeConfig(code=4, width=8, batch=4)
STAR = SmileConfig(generator_width=4, blocks=1, critic_width=4, batch=4, critic_steps=2, epoch_steps=1)
CYCLE = replace(STAR, networks="cyclegan")
SMALL = SmallConfig(width=4, batch=4, adversarial_after=1)


def _crops(size, count=12):
    rng = np.random.default_rng(0)
    emotions = np.arange(count) % 2
    return Crops(
        rng.integers(0, 256, (count, size, size, 3), np.uint8), emotions, rng.uniform(-1, 1, (count, 2)),
        np.arange(count),
    )  # fmt: skip


def _pairs():
    """The answer is the image, brighter."""
    rng = np.random.default_rng(0)
    before = np.repeat(np.repeat(rng.integers(60, 140, (6, 6, 6, 3), np.uint8), SIZE // 6, 1), SIZE // 6, 2)
    source, places = np.repeat(np.arange(6), 3), rng.uniform(-1, 1, (18, 2))
    after = before[source].astype(float)
    after += 50
    return Pairs(before, after.clip(0, 255).astype(np.uint8), source, places)


def _made(kind):
    if kind == "caae":
        return CaaeLearner(CAAE, *_crops(96).split(0.2, 0), features=lambda x: [x.mean(1)])
    if kind == "small":
        return SmallLearner(SMALL, _pairs())
    known, held = _crops(64).split(0.2, 0)
    return StarLearner(STAR, known, held, [0, 1]) if kind == "star" else CycleLearner(CYCLE, known, held, [0, 1])


@pytest.mark.parametrize("kind", ["caae", "star", "cycle", "small"])
def test_two_steps_and_on_after_an_interruption(kind, tmp_path):
    whole, part = tmp_path / "whole", tmp_path / "part"
    record = train(_made(kind), whole, Schedule(steps=2), TrainingRecord())
    assert record.steps == 2 and all(np.isfinite(v) for _, v in record.metrics)
    train(_made(kind), part, Schedule(steps=1), TrainingRecord())
    train(_made(kind), part, Schedule(steps=2), TrainingRecord())
    one, other = (load_checkpoint(f / LAST, f"{_made(kind).kind} in training").tensors for f in (whole, part))
    assert one.keys() == other.keys()
    assert all(torch.allclose(one[name].float(), other[name].float(), atol=1e-6) for name in one)


@pytest.mark.parametrize("kind", ["caae", "star", "cycle", "small"])
def test_every_network_moves(kind):
    learner = _made(kind)
    before = {name: [p.detach().clone() for p in module.parameters()] for name, module in learner.modules.items()}
    for number in range(2):
        losses = learner.step(number)
        assert all(np.isfinite(value) for value in losses.values())
    for name, module in learner.modules.items():
        assert any(not torch.equal(a, b) for a, b in zip(before[name], module.parameters(), strict=True)), name


def test_the_generator_waits_for_the_critic():
    learner = _made("star")
    before = [p.detach().clone() for p in learner.translator.parameters()]
    learner.step(0)
    assert all(torch.equal(a, b) for a, b in zip(before, learner.translator.parameters(), strict=True))
    learner.step(1)
    assert any(not torch.equal(a, b) for a, b in zip(before, learner.translator.parameters(), strict=True))


def test_the_penalty_is_that_of_known_slopes():
    weights = torch.randn(3 * 8 * 8)
    critic = lambda x: x.flatten(1) @ weights  # noqa: E731
    real, fake = torch.randn(5, 3, 8, 8), torch.randn(5, 3, 8, 8)
    penalty = gradient_penalty(critic, real, fake, torch.Generator().manual_seed(0))
    assert float(penalty) == pytest.approx((float(weights.norm()) - 1) ** 2, rel=1e-4)


def test_the_penalty_s_gradient_is_that_of_finite_differences():
    torch.manual_seed(0)
    real, fake = torch.rand(2, 2, 1, 3, 3, dtype=torch.float64)

    def penalty(weight):
        critic = lambda images: torch.tanh((images * weight).sum((1, 2, 3)))  # noqa: E731
        return gradient_penalty(critic, real, fake, torch.Generator().manual_seed(0))

    assert torch.autograd.gradcheck(penalty, torch.rand(1, 3, 3, dtype=torch.float64, requires_grad=True))


def test_a_flow_s_roughness_is_its_slope_and_has_its_gradient():
    ramp = torch.linspace(-1, 1, 9, dtype=torch.float64).expand(1, 2, 9, 9).clone()  # one pixel a pixel, across
    assert float(roughness(ramp)) == pytest.approx(4.5 * 0.25)
    torch.manual_seed(0)
    assert torch.autograd.gradcheck(roughness, torch.rand(1, 2, 4, 4, dtype=torch.float64, requires_grad=True))


def test_the_small_editor_learns_what_it_is_shown():
    learner = SmallLearner(replace(SMALL, adversarial=0.0, learning_rate=1e-2), _pairs())
    for number in range(20):
        learner.step(number)
    learner.averages["editor"].load_state_dict(learner.editor.state_dict())
    assert learner.measure()["score"] > -0.3  # -1 for doing nothing


def test_pairs_come_back_and_others_are_refused(tmp_path):
    named = replace(_pairs(), files=tuple("abcdef"))
    for pairs in (_pairs(), named):
        save_pairs(tmp_path / "pairs.npz", pairs)
        known = load_pairs(tmp_path / "pairs.npz")
        assert np.array_equal(known.after, pairs.after) and known.files == pairs.files
    save_pairs(tmp_path / "bad.npz", replace(_pairs(), source=np.full(18, 99)))
    for name in ("bad.npz", "none.npz"):
        with pytest.raises(UserError, match="no pairs"):
            load_pairs(tmp_path / name)


def test_pairs_are_rendered_by_the_product(portrait, tmp_path):
    from PIL import Image

    from ned.stills.gan.pairs import apart, joined, render_pairs

    Image.fromarray(portrait).save(tmp_path / "a.png")
    Image.new("RGB", (128, 128)).save(tmp_path / "b.png")
    (made,) = render_pairs([tmp_path / "b.png", tmp_path / "a.png"], 2, np.random.default_rng(0))
    assert made.file == "a.png" and made.before.shape == (SIZE, SIZE, 3) and len(made.after) == len(made.places) == 2
    assert (np.hypot(*made.places.T) <= 1).all() and all((a != made.before).any() for a in made.after)
    both = joined([made, replace(made, file="c.png")])
    assert both.files == ("a.png", "c.png") and both.source.tolist() == [0, 0, 1, 1]
    again = apart(both)[1]
    assert again.file == "c.png" and np.array_equal(again.after, made.after)


@pytest.mark.parametrize(("name", "kind"), [("caae", CaaeConfig), ("smile_stargan", SmileConfig),
                                            ("smile_cyclegan", SmileConfig)])  # fmt: skip
def test_configurations_carry_the_papers_numbers(name, kind):
    config = kind.load(CONFIGS / f"{name}.yaml")
    if name == "caae":
        assert (config.code, config.batch, config.learning_rate, config.prior) == (50, 49, 2e-4, 0.01)
    else:
        assert (config.batch, config.critic_steps, config.gradient_penalty) == (64, 5, 10)
        assert (config.reconstruction, config.cycle, config.identity, config.beta2) == (5, 10, 5, 0.99)


@pytest.mark.parametrize(("emotions", "networks"), [("happy", "stargan"), ("happy,smug", "stargan"),
                                                    ("happy,happy", "stargan"), ("neutral,happy,sad", "cyclegan")])
def test_emotions_that_do_not_do(emotions, networks):
    with pytest.raises(UserError):
        classes_of(SmileConfig(emotions=emotions, networks=networks))


def test_a_scope_that_is_none():
    with pytest.raises(UserError, match="unknown scope"):
        SmileConfig(scope="ears")


def test_sizes_that_the_generator_does_not_give_back():
    with pytest.raises(UserError, match="size is 50; give a multiple of 4"):
        SmileConfig(size=50)


def test_the_command_s_way_from_kept_crops(tmp_path):
    data = (tmp_path,)
    for settings, size in ((CAAE, 96), (STAR, 64), (CYCLE, 64)):
        out = tmp_path / settings.networks
        out.mkdir()
        save_crops(out / CROPS, _crops(size, 30), crops_key(settings, data))
        record = train_stills(settings, data, out, Schedule(steps=1), command="ned train")
        assert record.steps == 1 and dict(record.metrics)
    save_crops(out / CROPS, _crops(64, 30).of(np.arange(0, 30, 2)), crops_key(CYCLE, data))
    (out / LAST).unlink()
    with pytest.raises(UserError, match=f"no image shows {EMOTIONS[1]}"):
        train_stills(CYCLE, data, out, Schedule(steps=1))
    with pytest.raises(UserError, match="one file of pairs"):
        train_stills(SMALL, data, out, Schedule(steps=1))


@pytest.mark.parametrize("other", [{"part": "eyes"}, {"scope": "face"}, {"size": 32}, {"emotions": "sad,happy"}])
def test_crops_of_another_run_are_not_taken(tmp_path, other):
    save_crops(tmp_path / CROPS, _crops(64, 30), crops_key(STAR, (tmp_path,)))
    assert len(prepare(replace(STAR, learning_rate=1e-3), (tmp_path,), tmp_path).images) == 30
    with pytest.raises(UserError, match="other data or for other settings"):
        prepare(replace(STAR, **other), (tmp_path,), tmp_path)
    with pytest.raises(UserError, match="other data or for other settings"):
        prepare(STAR, (tmp_path / "other",), tmp_path)


def test_emotions_are_looked_at_before_any_image(tmp_path):
    with pytest.raises(UserError, match="emotions are 'neutral,hapy'"):
        prepare(replace(STAR, emotions="neutral,hapy"), (tmp_path / "none",), tmp_path)
    (tmp_path / "labels.csv").write_text("file,emotion\na.png,sad\n")
    with pytest.raises(UserError, match="no image shows any of neutral, happy"):
        prepare(STAR, (tmp_path,), tmp_path)
