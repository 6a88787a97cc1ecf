"""Sizes of the papers' networks, what they are told, and the small editor at any resolution."""

import numpy as np
import pytest
import torch
from torch import nn

from ned.stills.gan.caae import CodeDiscriminator, Encoder, Generator, ImageDiscriminator, initialise, repeated
from ned.stills.gan.small import MAX_FLOW, SmallCritic, SmallEditor, applied
from ned.stills.gan.smile import PatchCritic, StarCritic, Translator


def _millions(module: nn.Module) -> float:
    return sum(p.numel() for p in module.parameters()) / 1e6


@pytest.mark.parametrize(("module", "millions"), [
    (Encoder(), 5.2), (Generator(), 23.0), (ImageDiscriminator(), 9.2),  # the CAAE's paper
    (Translator(2), 7.0), (StarCritic(2), 11.2),  # StarGAN: 7.2 and 11.1
    (Translator(0, 32, 9), 2.9), (PatchCritic(), 2.8),  # CycleGAN: 3 and 3
])  # fmt: skip
def test_sizes_are_the_papers(module, millions):
    assert _millions(module) == pytest.approx(millions, abs=0.05)


def test_the_caae_draws_faces_from_codes_and_labels():
    torch.manual_seed(0)
    encoder, generator = Encoder(6, 4), Generator(6, 4)
    for module in (encoder, generator):
        initialise(module)
    image, label = torch.randn(3, 3, 96, 96), torch.tensor([[0.5, -1.0], [0.0, 0.0], [-1.0, 1.0]])
    code = encoder(image)
    assert code.shape == (3, 6) and code.abs().max() <= 1
    assert repeated(label, 2).tolist()[0] == [0.5, 0.5, -1.0, -1.0]
    drawn = generator(code, label)
    assert drawn.shape == image.shape and not torch.equal(drawn, generator(code, -label))
    critic = ImageDiscriminator(6, 8)
    assert critic(image, label).shape == (3,) and not torch.equal(critic(image, label), critic(image, -label))
    assert CodeDiscriminator(6)(code).shape == (3,)
    assert float(encoder.layers[0].bias.detach().abs().max()) == 0
    assert float(encoder.code.weight.detach().std()) == pytest.approx(0.02, 0.2)


def test_translators_keep_the_size_and_critics_answer_once_an_image():
    image = torch.randn(2, 3, 64, 64)
    wanted = torch.eye(2)
    star, plain = Translator(2, 4, 1), Translator(0, 4, 1)
    assert star(image, wanted).shape == plain(image).shape == image.shape
    assert not torch.equal(star(image, wanted), star(image, wanted.flip(0)))
    real, kind = StarCritic(2, 64, 4)(image)
    assert real.shape == (2,) and kind.shape == (2, 2)
    assert PatchCritic(4)(image).shape == (2,)


def test_noise_is_there_in_training_only_and_as_strong_as_said():
    critic, image = PatchCritic(4), torch.randn(1, 3, 64, 64)
    assert torch.equal(critic(image), critic(image))
    critic.quieten(0.1)
    assert not torch.equal(critic(image), critic(image))
    critic.eval()
    assert torch.equal(critic(image), critic(image))


def test_the_untrained_small_editor_changes_nothing_and_is_small():
    editor = SmallEditor()
    assert 0.1 < _millions(editor) < 1.0
    image, place = torch.rand(2, 3, 96, 96) * 2 - 1, torch.tensor([[0.5, 0.5], [0.0, -1.0]])
    flow, residual, mask = editor(image, place)
    assert torch.allclose(applied(image, flow, residual, mask), image, atol=1e-5)
    assert SmallCritic()(image, place).shape[0] == 2


def test_a_flow_moves_images_of_any_size_by_its_share():
    """A flow of two pixels to the right at 96 pixels is one of eight at 384: content comes from there."""
    for size in (96, 384):
        image = torch.zeros(1, 3, size, size)
        image[..., size // 2] = 1.0
        flow = torch.zeros(1, 2, 96, 96)
        flow[:, 0] = 2 * 2 / 96
        moved = applied(image, flow, torch.zeros(1, 3, 96, 96), torch.ones(1, 1, 96, 96))
        assert int(moved[0, 0, size // 2].argmax()) == size // 2 - 2 * size // 96
    assert MAX_FLOW * 48 > 5  # pixels at 96: farther than brows and corners of the mouth go


def test_the_mask_and_the_gain_hold_back(tmp_path):
    image = torch.zeros(1, 3, 96, 96)
    flow, residual = torch.zeros(1, 2, 96, 96), torch.full((1, 3, 96, 96), 0.4)
    mask = torch.zeros(1, 1, 96, 96)
    mask[..., 48:] = 1.0
    out = applied(image, flow, residual, mask, gain=0.5)
    assert float(out[..., :40].abs().max()) == 0 and np.allclose(out[..., 60:], 0.2)
