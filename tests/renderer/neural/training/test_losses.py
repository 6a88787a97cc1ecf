"""Losses against closed forms."""

import sys
import types

import pytest
import torch
from torch import nn

from ned.errors import UserError
from ned.renderer.neural.training import losses


def _answers(*values):
    """Scales of a discriminator that has one layer before its answer."""
    return [[torch.full((1, 2, 4, 4), 9.0), torch.full((1, 1, 3, 3), value)] for value in values]


def test_lsgan_is_a_parabola_around_its_labels_and_scales_add_up():
    assert float(losses.lsgan_d(_answers(1.0, 1.0), _answers(0.0, 0.0))) == 0.0
    assert float(losses.lsgan_d(_answers(0.5), _answers(0.2))) == pytest.approx(0.5 * 0.25 + 0.5 * 0.04)
    assert float(losses.lsgan_g(_answers(1.0))) == 0.0
    assert float(losses.lsgan_g(_answers(0.0, 3.0))) == pytest.approx(1.0 + 4.0)


def test_feature_matching_sums_layers_averages_scales_and_leaves_answers_and_real_ones_out():
    real = [[torch.zeros(1, 2, 4, 4, requires_grad=True), torch.ones(1, 3, 2, 2), torch.zeros(1, 1, 1, 1)]] * 2
    fake = [[torch.full((1, 2, 4, 4), 0.5, requires_grad=True), torch.full((1, 3, 2, 2), 0.75),
             torch.full((1, 1, 1, 1), 100.0)]] * 2  # fmt: skip
    loss = losses.feature_matching(real, fake)
    assert float(loss.detach()) == pytest.approx(0.5 + 0.25)
    loss.backward()
    assert real[0][0].grad is None and fake[0][0].grad is not None


@pytest.mark.parametrize("size", [64, 48])
def test_a_difference_within_one_band_counts_as_in_plain_l1(size):
    checks = torch.ones(1, 3, size, size)
    checks[..., ::2] *= -1  # the finest band
    for difference in (torch.ones(1, 3, size, size), checks):
        found = torch.rand(1, 3, size, size)
        loss = losses.laplacian_pyramid_l1(found + 0.3 * difference, found)
        assert float(loss) == pytest.approx(0.3, rel=1e-4)


def _smoothed(x):
    """Readable twin of the binomial blur."""
    padded = nn.functional.pad(x, (2, 2, 2, 2), mode="reflect")
    smooth = torch.zeros_like(x)
    for i, a in enumerate((1, 4, 6, 4, 1)):
        for j, b in enumerate((1, 4, 6, 4, 1)):
            smooth += a * b / 256 * padded[..., i : i + x.shape[2], j : j + x.shape[3]]
    return smooth


def test_the_pyramid_equals_its_readable_twin():
    torch.manual_seed(0)
    found, wanted = torch.rand(2, 3, 32, 32, dtype=torch.float64), torch.rand(2, 3, 32, 32, dtype=torch.float64)
    rest, total = found - wanted, 0.0
    for _ in range(2):
        smooth = _smoothed(rest)
        total += (rest - smooth).abs().mean()
        rest = smooth[..., ::2, ::2]
    total += rest.abs().mean()
    assert float(losses.laplacian_pyramid_l1(found, wanted, levels=2)) == pytest.approx(float(total), rel=1e-6)
    assert float(losses.laplacian_pyramid_l1(3 * found, 3 * wanted, levels=2)) == pytest.approx(3 * float(total))


def test_broad_tone_counts_more_than_in_one_plain_band_only():
    blob = torch.zeros(1, 1, 64, 64)
    blob[..., 24:40, 24:40] = 1.0
    assert float(losses.laplacian_pyramid_l1(blob, 0 * blob)) > 1.3 * float(blob.mean())


def test_texture_counts_by_its_strength_and_not_by_its_place():
    torch.manual_seed(0)
    noise, other = torch.randn(1, 3, 64, 64), torch.randn(1, 3, 64, 64)
    grain, elsewhere = 0.5 + 0.1 * noise, 0.5 + 0.1 * other
    contrast = lambda found: float(losses.local_contrast_l1(found, grain))  # noqa: E731
    soft = 0.5 + 0.05 * noise
    assert contrast(grain) == 0 and contrast(elsewhere) < 0.5 * contrast(soft) < contrast(0 * grain + 0.5)
    assert losses.laplacian_pyramid_l1(elsewhere, grain) > losses.laplacian_pyramid_l1(soft, grain)  # unlike L1
    assert contrast(grain + 0.2) == pytest.approx(0, abs=1e-5)  # nor tone
    # half the strength of everything is half of the root mean square of the finest band missing
    band = grain - _smoothed(grain)
    expected = 0.5 * float(_smoothed(_smoothed(band**2)).sqrt().mean())
    assert float(losses.local_contrast_l1(soft, grain, levels=1)) == pytest.approx(expected, rel=0.02)


def test_texture_has_a_gradient_where_there_is_none():
    flat = torch.full((1, 3, 32, 32), 0.5, requires_grad=True)
    losses.local_contrast_l1(flat, torch.rand(1, 3, 32, 32)).backward()
    assert torch.isfinite(flat.grad).all()


def test_a_tiny_image_has_one_band():
    assert float(losses.laplacian_pyramid_l1(torch.ones(1, 3, 4, 4), torch.zeros(1, 3, 4, 4))) == pytest.approx(1.0)


def _fake_torchvision(monkeypatch, network):
    models = types.ModuleType("torchvision.models")
    models.vgg19, models.VGG19_Weights = network, types.SimpleNamespace(IMAGENET1K_V1="weights")
    package = types.ModuleType("torchvision")
    package.models = models
    monkeypatch.setitem(sys.modules, "torchvision", package)
    monkeypatch.setitem(sys.modules, "torchvision.models", models)


def test_vgg_s_five_depths_have_their_weights(monkeypatch):
    class Plus(nn.Module):
        def forward(self, x):
            return 2.0 * x

    doubles = [Plus() if k in losses.VGG_LAYERS else nn.ReLU(inplace=True) for k in range(37)]
    _fake_torchvision(monkeypatch, lambda weights: types.SimpleNamespace(features=nn.Sequential(*doubles)))
    assert losses.has_vgg19()
    perceptual = losses.Vgg19Perceptual()
    assert len(perceptual.layers) == 30
    bright, brighter = torch.full((1, 3, 8, 8), 0.9, requires_grad=True), torch.ones(1, 3, 8, 8)
    loss = perceptual(bright, brighter)
    usual = (0.05 / torch.tensor([0.229, 0.224, 0.225])).mean()
    wanted = usual * (2 / 32 + 4 / 16 + 8 / 8 + 16 / 4 + 32)
    assert float(loss.detach()) == pytest.approx(float(wanted), rel=1e-4)
    loss.backward()
    assert bright.grad is not None and not any(p.requires_grad for p in perceptual.parameters())


def test_without_torchvision_or_its_weights_the_remedy_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    assert not losses.has_vgg19()
    with pytest.raises(UserError, match="torchvision"):
        losses.Vgg19Perceptual()

    def offline(weights):
        raise OSError("no route to host")

    _fake_torchvision(monkeypatch, offline)
    with pytest.raises(UserError, match="no route to host.*connect"):
        losses.Vgg19Perceptual()


def _random(*shape):
    return torch.rand(shape, dtype=torch.float64, requires_grad=True)


def _features(*answers):
    """Scales of two layers and an answer each."""
    return [[_random(1, 2, 3, 3), _random(1, 2, 2, 2), answer] for answer in answers]


@pytest.mark.parametrize("loss", [losses.laplacian_pyramid_l1, losses.local_contrast_l1])
@pytest.mark.parametrize("flat", [False, True])
def test_gradients_of_images_are_those_of_finite_differences(loss, flat):
    """In double precision; away from the kinks of the absolute value, which random images do not hit."""
    torch.manual_seed(1)
    found, wanted = _random(1, 1, 16, 16), _random(1, 1, 16, 16).detach()
    if flat:  # where a texture begins
        found = torch.full_like(found, 0.5).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(x, wanted), found, eps=1e-7, fast_mode=True)


def test_gradients_of_answers_are_those_of_finite_differences():
    torch.manual_seed(1)
    real, fake = (_features(_random(1, 1, 3, 3), _random(1, 1, 2, 2)) for _ in range(2))

    def with_answers(a, b):
        return [[*fake[0][:-1], a], [*fake[1][:-1], b]]

    answers = fake[0][-1], fake[1][-1]
    assert torch.autograd.gradcheck(lambda a, b: losses.lsgan_g(with_answers(a, b)), answers)
    assert torch.autograd.gradcheck(lambda a, b: losses.lsgan_d(with_answers(a, b), fake), answers)
    assert torch.autograd.gradcheck(lambda a, b: losses.lsgan_d(real, with_answers(a, b)), answers)

    def with_features(a, b):
        return [[a, fake[0][1], fake[0][2]], [b, fake[1][1], fake[1][2]]]

    firsts = fake[0][0], fake[1][0]
    assert torch.autograd.gradcheck(lambda a, b: losses.feature_matching(real, with_features(a, b)), firsts, eps=1e-7)


def test_the_gradient_of_vgg_s_features_is_that_of_finite_differences(monkeypatch):
    torch.manual_seed(1)
    tiny = [nn.Conv2d(3, 4, 3), nn.ReLU(), *(nn.Identity() for _ in range(35))]
    _fake_torchvision(monkeypatch, lambda weights: types.SimpleNamespace(features=nn.Sequential(*tiny)))
    perceptual = losses.Vgg19Perceptual().double()
    found, wanted = _random(1, 3, 6, 6), _random(1, 3, 6, 6).detach()
    assert torch.autograd.gradcheck(lambda x: perceptual(x, wanted), found, eps=1e-7)
