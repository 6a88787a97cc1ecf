"""The paper's networks: sizes against closed forms; shapes of all of them in every expression space."""

import pytest
import torch

from ned.face_model.spaces import ARKIT52, FLAME50
from ned.manipulator import networks
from ned.manipulator.family import build_family
from ned.manipulator.networks import parameter_count
from ned.manipulator.settings import ManipulatorConfig


def _dense(*sizes):
    return sum(a * b + b for a, b in zip(sizes, sizes[1:], strict=False))


def _lstm(inputs, hidden):
    """Two layers, two directions, two biases of four gates."""
    return sum(2 * (4 * hidden * (n + hidden) + 8 * hidden) for n in (inputs, 2 * hidden))


@pytest.mark.parametrize("width", [FLAME50.width, ARKIT52.width])
def test_sizes_are_the_closed_forms(width):
    translator = _dense(width + 16, 512, 512) + _lstm(512, 512) + _dense(1024, 1024, 1024, width)
    trunk = _dense(width, 512, 256) + _lstm(256, 128) + _dense(256, 128, 64)
    mapping = _dense(4, 64, 64, 64) + 7 * _dense(64, 64, 16)
    assert parameter_count(networks.Translator(width)) == translator
    assert parameter_count(networks.Discriminator(width)) == trunk + _dense(64, 7)
    assert parameter_count(networks.StyleEncoder(width)) == trunk + _dense(64, 16)
    assert parameter_count(networks.MappingNetwork()) == mapping
    if width == 51:
        assert [round(n / 1e6, 2) for n in (translator, trunk + _dense(64, 7), mapping)] == [12.95, 0.99, 0.05]
        assert (translator, trunk + _dense(64, 7), trunk + _dense(64, 16), mapping) == (12951091, 990087, 990672, 45040)


@pytest.mark.parametrize("space", [ARKIT52, FLAME50])
@pytest.mark.parametrize("kind", ["temporal", "ned2022"])
def test_shapes_follow_the_space(space, kind):
    config = ManipulatorConfig(networks=kind, channels=16, trunk_channels=8)
    family = build_family(space, config)
    frames = 10 + 2 * family.halo
    sequence, emotion = torch.rand(3, frames, space.width), torch.tensor([0, 3, 6])
    style = family.mapping(torch.randn(3, 4), emotion)
    assert style.shape == (3, 16) and family.encoder(sequence).shape == (3, 16)
    assert family.translator(sequence, style).shape == (3, 10, space.width)
    assert family.discriminator(sequence).shape == (3, 7)


def test_a_fresh_temporal_translator_is_the_identity_and_the_paper_s_is_not():
    ours, paper = (build_family(ARKIT52, ManipulatorConfig(networks=n, channels=16)) for n in ("temporal", "ned2022"))
    sequence, style = torch.rand(2, 150, 52), torch.randn(2, 16)
    halo = ours.halo
    assert torch.equal(ours.translator(sequence, style), sequence[:, halo:-halo])
    assert (paper.translator(sequence, style) - sequence).abs().max() > 0.1


def test_one_style_for_all_frames_equals_the_same_style_in_each_and_pieces_equal_the_whole():
    family = build_family(ARKIT52, ManipulatorConfig(channels=16))
    torch.nn.init.normal_(family.translator.after.weight)
    sequence, style = torch.rand(1, 200, 52), torch.randn(1, 16)
    whole = family.translator(sequence, style)
    assert torch.allclose(whole, family.translator(sequence, style[:, None].expand(-1, 200, -1)), atol=1e-5)
    halo = family.halo
    pieces = [family.translator(sequence[:, s : s + 38 + 2 * halo], style) for s in (0, 38)]
    assert torch.allclose(whole, torch.cat(pieces, 1), atol=1e-5)


def test_networks_are_the_same_for_a_seed():
    first, second, other = (build_family(ARKIT52, ManipulatorConfig(seed=s)).encoder.state_dict() for s in (1, 1, 2))
    assert all(torch.equal(first[k], second[k]) for k in first)
    assert any(not torch.equal(first[k], other[k]) for k in first)
