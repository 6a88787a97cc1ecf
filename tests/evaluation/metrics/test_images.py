"""Metrics of images, against scikit-image, the definition in plain loops, and a network that PyTorch builds."""

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from ned.evaluation.metrics import fapd, fapd_map, psnr, psnr_of, second_difference, sharpness, ssim, ssim_map
from ned.evaluation.metrics.lpips import lpips
from ned.models.lpips import WIDTHS, alexnet_features, published_heads
from tests.models.alexnet import alexnet_layers, alexnet_weights


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 256, (41, 60, 3)).astype(np.uint8)
    return a, np.clip(a + rng.normal(0, 12, a.shape), 0, 255).astype(np.uint8)


def test_psnr_is_that_of_scikit_image(pair):
    floats = [x.astype(np.float32) for x in pair]
    assert abs(psnr(*floats) - peak_signal_noise_ratio(*pair, data_range=255)) < 1e-6
    assert abs(psnr(*pair) - peak_signal_noise_ratio(*pair, data_range=255)) < 1e-6
    assert psnr(pair[0], pair[0]) == 100.0


def test_psnr_of_a_mask_and_of_a_stream_of_parts(pair):
    a, b = pair
    mask = np.zeros(a.shape[:2], bool)
    mask[5:9, 7:30] = True
    known = peak_signal_noise_ratio(a[5:9, 7:30], b[5:9, 7:30], data_range=255)
    assert abs(psnr(a, b, mask) - known) < 1e-6
    sums = [
        float(((x.astype(float) - y) ** 2).sum()) for x, y in zip(np.split(a, [20]), np.split(b, [20]), strict=True)
    ]
    assert abs(psnr_of(sum(sums), a.size) - psnr(a, b)) < 1e-9
    assert np.isnan(psnr(a, b, np.zeros_like(mask)))


@pytest.mark.parametrize("peak", [1.0, 255.0])
def test_ssim_is_that_of_scikit_image(pair, peak):
    a, b = ((x / 255.0 * peak) for x in pair)
    known, full = structural_similarity(a, b, channel_axis=2, data_range=peak, full=True)
    assert abs(ssim(a, b, peak=peak) - known) < 1e-6
    assert np.abs(ssim_map(a, b, peak) - full.mean(2)).max() < 1e-6
    assert ssim(a, a, peak=peak) == pytest.approx(1.0, abs=1e-12)


def test_ssim_of_bytes_is_that_of_scikit_image(pair):
    for a, b in (pair, (255 - pair[0], pair[0]), (np.full_like(pair[0], 255), np.full_like(pair[0], 250))):
        known, full = structural_similarity(a, b, channel_axis=2, data_range=255, full=True)
        assert abs(ssim(a, b) - known) < 1e-6 and np.abs(ssim_map(a, b) - full.mean(2)).max() < 3e-6


def test_ssim_of_a_mask_and_of_a_tiny_image(pair):
    mask = np.zeros(pair[0].shape[:2], bool)
    mask[10:20, 10:20] = True
    _, full = structural_similarity(*pair, channel_axis=2, data_range=255, full=True)
    assert abs(ssim(*pair, mask) - full.mean(2)[mask].mean()) < 1e-6
    with pytest.raises(ValueError, match="smaller than the window"):
        ssim(pair[0][:5], pair[1][:5])


def test_fapd_is_the_mean_euclidean_distance_in_the_mask():
    a, b = np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4, 3), np.uint8)
    b[0, 0], b[1, 1] = (3, 4, 0), (2, 3, 6)
    mask = np.zeros((4, 4), bool)
    mask[:2, :2] = True
    assert fapd(a, b, mask) == pytest.approx((5 + 7) / 4)
    assert fapd_map(b, a)[1, 1] == pytest.approx(7)
    assert np.isnan(fapd(a, b, ~mask & mask))
    assert fapd_map(np.full((1, 1, 3), 255, np.uint8), np.zeros((1, 1, 3), np.uint8)) == pytest.approx(255 * 3**0.5)


def test_sharpness_falls_with_blur_and_is_the_variance_of_the_laplacian():
    rng = np.random.default_rng(1)
    grey = rng.integers(0, 256, (20, 20)).astype(np.uint8)
    inner = np.zeros((20, 20), bool)
    inner[5:15, 5:15] = True
    g = grey.astype(float)
    laplacian = np.roll(g, 1, 0) + np.roll(g, -1, 0) + np.roll(g, 1, 1) + np.roll(g, -1, 1) - 4 * g
    assert sharpness(grey, inner) == pytest.approx(laplacian[inner].var(), rel=1e-5)
    assert np.isnan(sharpness(grey, inner & ~inner))


def test_flicker_cancels_steady_motion_and_counts_what_goes_back_and_forth():
    ramp = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert second_difference(ramp, ramp + 5, ramp + 10) == 0
    assert second_difference(ramp, ramp + 5, ramp) == 10


def test_lpips_of_seeded_weights_is_the_definition():
    """Against AlexNet built of PyTorch's layers and the definition written out with loops."""
    net, weights = alexnet_layers(), alexnet_weights()
    heads = [torch.rand(width) for width in WIDTHS]
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 256, (2, 64, 72, 3)).astype(np.uint8)
    total = 0.0
    x, y = (
        (
            torch.from_numpy(p / 127.5 - 1).permute(2, 0, 1)[None].float()
            - torch.tensor([-0.030, -0.088, -0.188])[:, None, None]
        )
        / torch.tensor([0.458, 0.448, 0.450])[:, None, None]
        for p in (a, b)
    )
    taken = iter(heads)
    with torch.no_grad():
        for k, layer in enumerate(net):
            x, y = layer(x), layer(y)
            if k in (1, 4, 7, 9, 11):
                head, places = next(taken), []
                for i in range(x.shape[2]):
                    for j in range(x.shape[3]):
                        u, v = (f[0, :, i, j] / f[0, :, i, j].norm() for f in (x, y))
                        places.append(float((head * (u - v) ** 2).sum()))
                total += np.mean(places)
    assert lpips(a, b, weights, heads) == pytest.approx(total, rel=1e-4)
    assert lpips(a, a, weights) == 0.0
    assert [f.shape[1] for f in alexnet_features(weights, torch.zeros(1, 3, 64, 64))] == list(WIDTHS)


def test_published_heads_weigh_no_channel_negatively():
    heads = published_heads()
    assert [len(h) for h in heads] == list(WIDTHS) and all(float(h.min()) >= 0 for h in heads)
