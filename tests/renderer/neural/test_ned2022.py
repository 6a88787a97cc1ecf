"""The paper's renderer: sizes against closed forms, shapes, and what reaches what."""

import pytest
import torch

from ned.renderer.neural.ned2022 import Generator, PatchDiscriminator, cropped, initialise


def _conv(before, after, side):
    return before * after * side * side + after


def _parameters(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("base", [64, 16])
def test_generator_has_the_paper_s_size(base):
    wide = 8 * base
    down = _conv(base, 2 * base, 3) + _conv(2 * base, 4 * base, 3) + _conv(4 * base, wide, 3)
    encoders = _conv(27, base, 7) + _conv(6, base, 7) + 2 * down + 2 * 5 * 2 * _conv(wide, wide, 3)
    up = _conv(wide, 4 * base, 3) + _conv(4 * base, 2 * base, 3) + _conv(2 * base, base, 3) + _conv(base, 3, 7)
    with torch.device("meta"):
        generator = Generator(base)
    assert _parameters(generator) == encoders + 4 * 2 * _conv(wide, wide, 3) + up
    if base == 64:
        assert _parameters(generator) == 70834755


def test_discriminators_have_three_halving_layers_at_two_scales():
    one = _conv(12, 64, 4) + _conv(64, 128, 4) + _conv(128, 256, 4) + _conv(256, 512, 4) + _conv(512, 1, 4)
    with torch.device("meta"):
        assert _parameters(PatchDiscriminator()) == 2 * one


@pytest.mark.parametrize("size", [16, 64, 72])
def test_images_keep_their_size_and_range_and_depend_on_both_inputs(size):
    torch.manual_seed(0)
    generator = Generator(4)
    conditions = torch.rand(2, 27, size, size, requires_grad=True)
    former = torch.rand(2, 6, size, size, requires_grad=True)
    out = generator(conditions, former)
    assert out.shape == (2, 3, size, size) and out.abs().max() <= 1
    out.square().mean().backward()
    assert conditions.grad.abs().sum() > 0 and former.grad.abs().sum() > 0
    for name in ("condition", "former", "paint"):
        weights = [p for key, p in getattr(generator, name).named_parameters() if key.endswith("weight")]
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in weights), name


@pytest.mark.parametrize("side", [9, 36, 72, 128])
def test_discriminator_answers_patches_at_both_scales(side):
    judge = PatchDiscriminator(base=4)
    found = judge(torch.rand(1, 9, side, side), torch.rand(1, 3, side, side))
    assert [len(scale) for scale in found] == [5, 5]
    assert [layer.shape[1] for layer in found[0]] == [4, 8, 16, 32, 1]
    assert found[1][-1].shape[-1] <= found[0][-1].shape[-1]


def test_an_answer_sees_seventy_pixels():
    """Three halving layers of 4 × 4, then two that do not: a receptive field of 70, as PatchGAN's."""
    judge = PatchDiscriminator(base=4, scales=1)
    for layer in judge.modules():
        if isinstance(layer, torch.nn.InstanceNorm2d):
            layer.forward = lambda x: x  # it sees the whole image
    image = torch.rand(1, 3, 128, 128, requires_grad=True)
    answer = judge(torch.rand(1, 9, 128, 128), image)[0][-1]
    answer[0, 0, answer.shape[2] // 2, answer.shape[3] // 2].backward()
    rows = torch.nonzero(image.grad.abs().sum((0, 1, 3)))[:, 0]
    assert int(rows.max() - rows.min()) + 1 == 70


def test_initial_weights_and_crops():
    torch.manual_seed(0)
    generator = Generator(16)
    initialise(generator)
    layer = generator.condition[-1].body[0]
    assert float(layer.weight.detach().std()) == pytest.approx(0.02, rel=0.05) and not layer.bias.any()
    y, x = torch.meshgrid(torch.arange(10.0), torch.arange(12.0), indexing="ij")
    out = cropped(torch.stack([x, y])[None].repeat(2, 1, 1, 1), torch.tensor([[3, 2], [8, 6]]), 4)
    assert out.shape == (2, 2, 4, 4)
    assert out[0, :, 0, 0].tolist() == [3, 2] and out[1, :, -1, -1].tolist() == [11, 9]
