"""Inception's layers, and the distances of what it sees, taken frame by frame."""

import io

import numpy as np
import pytest
import torch
from torch.nn import functional

from ned.errors import UserError
from ned.evaluation import clouds as module
from ned.evaluation.clouds import Cloud, Clouds
from ned.evaluation.judges.inception import Inception, InceptionV3
from ned.evaluation.judges.protocol import DistributionJudge
from ned.evaluation.metrics import frechet_distance, kid

PARAMETERS = 21_785_568
"""Of Inception-v3 without its classifiers."""
SHAPES = {
    "Conv2d_1a_3x3.conv.weight": (32, 3, 3, 3), "Conv2d_4a_3x3.conv.weight": (192, 80, 3, 3),
    "Mixed_5b.branch_pool.conv.weight": (32, 192, 1, 1), "Mixed_5d.branch3x3dbl_3.conv.weight": (96, 96, 3, 3),
    "Mixed_6a.branch3x3.conv.weight": (384, 288, 3, 3), "Mixed_6b.branch7x7_2.conv.weight": (128, 128, 1, 7),
    "Mixed_6e.branch7x7dbl_5.conv.weight": (192, 192, 1, 7), "Mixed_7a.branch7x7x3_4.conv.weight": (192, 192, 3, 3),
    "Mixed_7b.branch3x3_2a.conv.weight": (384, 384, 1, 3), "Mixed_7b.branch3x3dbl_3b.conv.weight": (384, 384, 3, 1),
    "Mixed_7c.branch1x1.conv.weight": (320, 2048, 1, 1), "Mixed_7c.branch_pool.bn.running_var": (192,),
}  # fmt: skip
"""Of the weights that are published."""


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("inception") / "inception.pth"
    tensors = {n: t for n, t in InceptionV3().state_dict().items() if not n.endswith("num_batches_tracked")}
    torch.save(tensors | {"fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}, path)
    return path


def test_names_and_shapes_are_those_of_the_published_weights(weights):
    network = InceptionV3()
    known = network.state_dict()
    assert {name: tuple(known[name].shape) for name in SHAPES} == SHAPES
    assert sum(p.numel() for p in network.parameters()) == PARAMETERS
    judge = Inception(weights)
    assert isinstance(judge, DistributionJudge)
    image = np.random.default_rng(0).integers(0, 255, (120, 90, 3), np.uint8)
    features = judge.features(image)
    assert features.shape == (2048,) and np.isfinite(features).all() and np.array_equal(judge.features(image), features)


def test_pools_are_those_of_the_weights_of_2015():
    """The mean leaves out what lies beyond the rim; the last block takes the maximum."""
    network = InceptionV3().eval()
    for name, pool in (("Mixed_5b", "mean"), ("Mixed_7b", "mean"), ("Mixed_7c", "max")):
        block = network.get_submodule(name)
        x = torch.rand(1, block.branch1x1.conv.in_channels, 5, 5)
        windows = functional.unfold(functional.pad(x, (1, 1, 1, 1), value=torch.nan), 3).unflatten(1, (x.shape[1], 9))
        taken = windows.nanmean(2) if pool == "mean" else windows.nan_to_num(-1).amax(2)
        with torch.inference_mode():
            expected = block.branch_pool(taken.unflatten(2, (5, 5)))
            assert torch.allclose(block(x)[:, -expected.shape[1] :], expected, atol=1e-5)


def test_other_weights_are_refused(tmp_path, weights):
    file = io.BytesIO()
    tensors = torch.load(weights, weights_only=True)
    del tensors["Mixed_6a.branch3x3.conv.weight"]
    torch.save(tensors, file)
    for content in (b"none", file.getvalue()):
        (tmp_path / "x.pth").write_bytes(content)
        with pytest.raises(UserError, match="holds no weights of Inception-v3"):
            Inception(tmp_path / "x.pth")


def _clouds(a, b):
    out = Clouds(Cloud(), Cloud())
    for cloud, values in ((out.original, a), (out.edited, b)):
        for row in values:
            cloud.add(row)
    return out


def test_distances_are_those_of_all_images_at_once(monkeypatch):
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, (60, 6)), rng.normal(0.3, 1.2, (60, 6))
    found = _clouds(a, b)
    assert found.fid() is None  # too few
    mean, covariance = found.edited.gaussian()
    assert np.allclose(mean, b.mean(0)) and np.allclose(covariance, np.cov(b, rowvar=False))
    monkeypatch.setattr(module, "FID_WANTS", 50)
    assert found.fid() == pytest.approx(frechet_distance(a, b), rel=1e-9)
    assert found.kid() == kid(a, b, 30, module.SUBSETS) and found.kid().value > 3 * found.kid().standard_error
    same = _clouds(a, a)
    assert same.fid() == pytest.approx(0, abs=1e-9) and abs(same.kid().value) < 0.1
    assert _clouds(a[:3], b).kid() is None


def test_few_are_kept_of_many_and_evenly(monkeypatch):
    monkeypatch.setattr(module, "KEPT", 50)
    cloud = Cloud()
    for k in range(2000):
        cloud.add(np.array([float(k)]))
    kept = cloud.sample()[:, 0]
    assert len(set(kept)) == 50 and 800 < kept.mean() < 1200 and kept.max() > 1800 and cloud.count == 2000
