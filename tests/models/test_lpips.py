"""LPIPS place by place, against the package of its authors."""

import sys
import types

import numpy as np
import pytest
import torch

from ned.models.lpips import lpips_map
from tests.models.alexnet import alexnet_layers, alexnet_weights


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return rng.random((2, 96, 80, 3), np.float32)


@pytest.fixture
def package(monkeypatch):
    """The package with its own heads; torchvision, which often does not fit the installed torch, gives it AlexNet."""
    models = types.ModuleType("torchvision.models")
    models.alexnet = lambda **_: types.SimpleNamespace(features=alexnet_layers())
    torchvision = types.ModuleType("torchvision")
    torchvision.models = models
    monkeypatch.setitem(sys.modules, "torchvision", torchvision)
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    for name in [name for name in sys.modules if name.partition(".")[0] == "lpips"]:
        monkeypatch.delitem(sys.modules, name)
    yield pytest.importorskip("lpips", reason="the package lpips is not installed")
    for name in [name for name in sys.modules if name.partition(".")[0] == "lpips"]:
        del sys.modules[name]  # it holds the stand-in


def test_equals_the_package(package, images):
    judge = package.LPIPS(net="alex", spatial=True, verbose=False).eval()
    pair = [torch.from_numpy(2 * image.transpose(2, 0, 1)[None] - 1) for image in images]
    with torch.inference_mode():
        theirs = judge(*pair)[0, 0].numpy()
    ours = lpips_map(*images, alexnet_weights())
    assert ours.shape == theirs.shape == (96, 80) and theirs.max() > 1e-4
    assert np.abs(ours - theirs).max() < 1e-5 * theirs.max() + 1e-8


def test_is_where_images_differ(images):
    one = images[0]
    other = one.copy()
    other[:24, :24] = images[1, :24, :24]
    found = lpips_map(one, other, alexnet_weights())
    assert found[4:20, 4:20].mean() > 5 * found[-20:, -20:].mean() and found.min() >= 0
    assert not lpips_map(one, one, alexnet_weights()).any()
