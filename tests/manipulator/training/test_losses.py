"""Losses against closed forms."""

import numpy as np
import pytest
import torch

from ned.manipulator.training import losses


def test_least_squares_gan():
    real, fake = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 2.0])
    assert losses.adversarial_d(real, fake).item() == pytest.approx(0.5 * 0.5 + 0.5 * 2.0)
    assert losses.adversarial_g(fake).item() == pytest.approx(0.5 * (1 + 1) / 2)
    assert losses.adversarial_d(torch.ones(3), torch.zeros(3)).item() == 0.0


def test_style_and_cycle_are_mean_absolute_differences():
    assert losses.style_distance(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 5.0]])).item() == 2.0
    assert losses.cycle_distance(torch.full((2, 3, 4), 0.5), torch.zeros(2, 3, 4)).item() == 0.5


def test_correlation_is_numpy_s():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 5, 40)).astype(np.float32)
    expected = [np.corrcoef(x, y)[0, 1] for x, y in zip(a, b, strict=True)]
    assert np.allclose(losses.pearson(torch.from_numpy(a), torch.from_numpy(b)), expected, atol=1e-4)
    assert losses.pearson(torch.from_numpy(a), 3 * torch.from_numpy(a) + 1).min() > 0.9999


def test_a_still_jaw_gives_no_nan_and_no_gradient_that_is_none():
    still = torch.zeros(2, 10, requires_grad=True)
    loss = losses.speech_loss(torch.rand(2, 10), still, still)
    loss.backward()
    assert loss.item() == 0.0 and torch.isfinite(still.grad).all()


def test_speech_loss_is_minus_two_where_the_jaw_only_scales():
    jaw = torch.rand(4, 30)
    assert losses.speech_loss(jaw, 1.3 * jaw + 0.1, jaw).item() == pytest.approx(-2.0, abs=1e-3)


def test_closures_count_only_where_lips_were_closed_and_open():
    before = torch.tensor([[0.0, 0.05, 0.5, 0.0]])
    after = torch.tensor([[0.2, 0.00, 9.0, 0.1]])
    assert losses.closure_loss(before, after, 0.1).item() == pytest.approx((0.2 + 0.0 + 0.1) / 3)
    assert losses.closure_loss(torch.ones(1, 4), after, 0.1).item() == 0.0


def test_gradient_penalty_of_a_linear_discriminator_is_half_its_squared_weight():
    weight = torch.randn(7, 5)
    real = torch.rand(3, 7, 5, requires_grad=True)
    answer = (real * weight).sum((1, 2))
    assert losses.gradient_penalty(answer, real).item() == pytest.approx(0.5 * (weight**2).sum().item(), rel=1e-5)


def test_spread_is_zero_for_wide_styles_only():
    assert losses.spread_loss(torch.randn(64, 8) * 3).item() == 0.0
    assert losses.spread_loss(torch.zeros(8, 4)).item() == pytest.approx(0.49, abs=1e-3)


def test_a_single_style_has_no_spread_and_spoils_no_gradient():
    for count in (0, 1):
        styles = torch.randn(count, 8, requires_grad=True)
        loss = losses.spread_loss(styles) + (styles**2).sum()
        loss.backward()
        assert losses.spread_loss(styles).item() == 0.0 and torch.isfinite(loss)
        assert torch.allclose(styles.grad, 2 * styles.detach())


def _random(*shape):
    return torch.rand(shape, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize(
    ("loss", "shapes"),
    [
        (losses.adversarial_d, [(5,), (5,)]),
        (losses.adversarial_g, [(5,)]),
        (losses.style_distance, [(2, 3), (2, 3)]),
        (losses.cycle_distance, [(2, 3, 4), (2, 3, 4)]),
        (losses.pearson, [(3, 6), (3, 6)]),
        (losses.speech_loss, [(3, 6), (3, 6), (3, 6)]),
        (losses.spread_loss, [(5, 4)]),
    ],
)
def test_gradients_are_those_of_finite_differences(loss, shapes):
    torch.manual_seed(0)
    assert torch.autograd.gradcheck(loss, tuple(_random(*shape) for shape in shapes))


def test_the_gradient_of_closures_is_that_of_finite_differences():
    torch.manual_seed(0)
    before = _random(2, 6).detach()  # which lips were closed is no matter of degree
    assert torch.autograd.gradcheck(lambda after: losses.closure_loss(before, after, 0.5), _random(2, 6))


def test_the_gradient_of_the_penalty_reaches_the_discriminator():
    """A gradient of a gradient: by the discriminator's weights, against finite differences."""
    torch.manual_seed(0)
    real = _random(2, 3, 4)

    def penalty(weight, bias):
        answer = torch.tanh((real * weight).sum((1, 2)) + bias)
        return losses.gradient_penalty(answer, real)

    assert torch.autograd.gradcheck(penalty, (_random(3, 4), _random(2)))
