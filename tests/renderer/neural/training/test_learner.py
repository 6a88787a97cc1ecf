"""The network, the examples that it learns from, and two steps of training."""

from dataclasses import replace

import numpy as np
import torch

from ned.face_model import load_face_model
from ned.renderer.neural.conditioning import MASK, MOUTH, OWN, Conditioner
from ned.renderer.neural.inputs import shown_geometry
from ned.renderer.neural.networks import CANDIDATES, CONDITION_CHANNELS, FARTHEST, CandidateNetwork, shift
from ned.renderer.neural.settings import RendererConfig
from ned.renderer.neural.training.examples import OWN_SHARE, ExampleSource, flipped
from ned.renderer.neural.training.learner import CandidateLearner
from tests.renderer.neural.synthetic import footage as synthetic_footage

MODEL = load_face_model()
CONFIG = RendererConfig(size=64, window=32, base=4, batch=2, sequence=2, memory=6)


def test_before_training_the_network_mixes_its_candidates():
    network = CandidateNetwork(4)
    candidates = torch.rand(2, CANDIDATES, 5, 32, 32)
    image, state = network(candidates, torch.rand(2, CONDITION_CHANNELS, 32, 32))
    low, high = candidates[:, :, :3].amin(1), candidates[:, :, :3].amax(1)
    assert ((image >= low - 1e-5) & (image <= high + 1e-5)).all()
    same = candidates[:, :1].expand_as(candidates)
    assert torch.allclose(network(same, torch.rand(2, CONDITION_CHANNELS, 32, 32), state)[0], same[:, 0, :3], atol=1e-5)


def test_candidates_are_taken_from_where_the_way_points():
    image = torch.rand(1, 2, 3, 12, 16)
    displacement = torch.zeros(1, 2, 2, 12, 16)
    assert torch.allclose(shift(image, displacement), image, atol=1e-5)
    displacement[:, 0, 0], displacement[:, 1, 1] = 2.0, -1.0  # the first from the right, the second from above
    displacement = FARTHEST * torch.atanh(displacement / FARTHEST)
    made = shift(image, displacement)
    assert torch.allclose(made[:, 0, :, :, :-2], image[:, 0, :, :, 2:], atol=1e-4)
    assert torch.allclose(made[:, 1, :, 1:], image[:, 1, :, :-1], atol=1e-4)
    far = shift(image, torch.full((1, 2, 2, 12, 16), 100.0))
    assert torch.allclose(far[..., 0, 0], image[..., 4, 4], atol=1e-4)  # no farther than that


def test_the_state_is_used_once_the_network_has_learnt_anything():
    torch.manual_seed(0)
    network = CandidateNetwork(4)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    seen, condition = torch.rand(1, CANDIDATES, 5, 32, 32), torch.rand(1, CONDITION_CHANNELS, 32, 32)
    first, state = network(seen, condition)
    second, _ = network(seen, condition, state)
    again, _ = network(seen, condition)
    assert torch.equal(first, again) and not torch.equal(first, second)


def test_examples_show_the_wanted_frame_and_others():
    footage = synthetic_footage("ann", frames=40, size=64)
    source = ExampleSource([footage], MODEL, 64, 64, 6)
    drawn = source.draw(3, 2, np.random.default_rng(0))
    assert drawn.wanted.shape == (2, 3, 3, 64, 64) and drawn.candidates.shape == (2, 3, CANDIDATES, 5, 64, 64)
    assert drawn.condition.shape == (2, 3, CONDITION_CHANNELS, 64, 64) and drawn.weight.shape == (2, 3, 2, 64, 64)
    again = source.draw(3, 2, np.random.default_rng(0))
    assert np.array_equal(drawn.candidates, again.candidates) and np.array_equal(drawn.wanted, again.wanted)
    assert (drawn.weight[:, :, 1] <= drawn.weight[:, :, 0] + 1e-6).all()


def test_a_first_candidate_that_lies_on_the_wanted_frame_is_told_from_others():
    footage = synthetic_footage("ann", frames=40, size=64)
    errs = np.random.default_rng(1).normal(0.0, 1.5, (40, 1, 3)).astype(np.float32)  # the tracking, pixels
    source = ExampleSource([replace(footage, faces=footage.faces + errs)], MODEL, 64, 64, 6)
    drawn = source.draw(40, 1, np.random.default_rng(0))
    own = drawn.condition[0, :, OWN]
    assert np.array_equal(own.min((1, 2)), own.max((1, 2))) and set(own.max((1, 2))) == {0.0, 1.0}
    is_own = own[:, 0, 0] == 1
    assert abs(is_own.mean() - OWN_SHARE) < 0.2
    face = drawn.weight[0, :, :1]
    error = (face * np.abs(drawn.candidates[0, :, 0, :3] - drawn.wanted[0])).sum((1, 2, 3)) / face.sum((1, 2, 3))
    assert error[is_own].mean() < 0.8 * error[~is_own].mean()


def test_the_memory_is_not_asked_for_frames_near_the_wanted_one():
    footage = synthetic_footage("ann", frames=60, size=64)
    (actor,) = ExampleSource([footage], MODEL, 64, 32, 30).actors
    for wanted in (0, 20, 59):
        assert (np.abs(actor.kept[actor.far_from(wanted)] - wanted) > 10).all()


def test_what_the_network_is_shown_stands_where_its_names_say():
    seen, conditioner = synthetic_footage("ann", frames=2, size=64), Conditioner(MODEL, 64)
    parts = conditioner(seen.faces[0], seen.coefficients[0])
    shown = shown_geometry(seen.faces[0], seen.coefficients[0], conditioner)
    assert np.array_equal(shown[:MASK], parts.stack()) and len(shown) == CONDITION_CHANNELS
    assert np.array_equal(shown[MASK], parts.mask) and np.array_equal(shown[MOUTH], parts.mouth)


def test_mirrored_twice_is_the_same():
    values = np.random.default_rng(1).random((CANDIDATES, 5, 8, 8)).astype(np.float32)
    assert np.allclose(flipped(flipped(values, "candidates"), "candidates"), values)
    condition = np.random.default_rng(2).random((CONDITION_CHANNELS, 8, 8)).astype(np.float32)
    assert np.allclose(flipped(flipped(condition, "condition"), "condition"), condition, atol=1e-6)


def test_two_steps_train_and_a_sequence_is_painted():
    footages = [synthetic_footage(name, frames=24, size=64) for name in ("ann", "bob")]
    learner = CandidateLearner(CONFIG, footages, MODEL)
    before = {k: v.clone() for k, v in learner.modules["renderer"].state_dict().items()}
    losses = [learner.step(k) for k in range(2)]
    assert all(np.isfinite(list(loss.values())).all() for loss in losses)
    assert {"pixel", "pyramid", "steadiness", "total"} <= losses[0].keys()
    after = learner.modules["renderer"].state_dict()
    assert any(not torch.equal(before[k], after[k]) for k in before)
    train, test = footages[0].split(0.25)
    made = learner.generate(test, train)
    assert made.shape == test.frames.shape and made.min() >= 0 and made.max() <= 1


def test_what_stands_in_for_an_edited_frame_lies_on_the_truth_and_is_another():
    footage = synthetic_footage("ann", frames=60, size=64)
    errs = np.random.default_rng(1).normal(0.0, 1.5, (60, 1, 3)).astype(np.float32)  # the tracking, pixels
    errs[..., 2] = 0
    learner = CandidateLearner(CONFIG, [footage], MODEL)
    train, test = replace(footage, faces=footage.faces + errs).split(0.25)
    before, after = learner.finish(test, train)
    truth = test.frames / np.float32(255)
    plain = learner.generate(test, train)
    error = lambda made: np.abs(made - truth)[:, 12:60, 12:52].mean()  # noqa: E731
    assert before.shape == after.shape == truth.shape and 0.002 < error(before) < 0.8 * error(plain)
    bigger = learner.finish(test.resized(96), train.resized(96))[0]
    assert bigger.shape[1] == 96
