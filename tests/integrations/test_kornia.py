"""Our few lines of torch against kornia, which does the same in more; see docs/architecture.md."""

import numpy as np
import pytest
import torch

kornia = pytest.importorskip("kornia", reason="kornia is not installed: it is compared with, not used")


def test_pyramids_are_blurred_by_the_same_binomial():
    from ned.renderer.neural.training.losses import _TAP, _blurred

    image = torch.rand(2, 3, 20, 26, dtype=torch.float64)
    tap = torch.tensor([_TAP], dtype=torch.float64)
    assert torch.allclose(_blurred(image), kornia.filters.filter2d_separable(image, tap, tap, border_type="reflect"))


def test_warp_fields_are_evened_out_by_the_same_gaussian():
    from ned.renderer.warp.batched import REACH, _blur

    values, sigmas = torch.rand(2, 30, 34, 3, dtype=torch.float64), [1.2, 2.5]
    reach = int(np.ceil(REACH * max(sigmas)))
    found = _blur(values, sigmas)
    for k, sigma in enumerate(sigmas):
        wanted = kornia.filters.gaussian_blur2d(
            values[k : k + 1].permute(0, 3, 1, 2), 2 * reach + 1, (sigma, sigma), border_type="replicate"
        )
        assert torch.allclose(found[k], wanted[0].permute(1, 2, 0), atol=1e-6)


def test_turns_are_the_same():
    from ned.face_model.flame import skinning, skinning_torch

    turns = torch.randn(50, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    wanted = kornia.geometry.conversions.axis_angle_to_rotation_matrix(turns)
    assert torch.allclose(skinning_torch.axis_angle_to_matrix(turns), wanted, atol=1e-6)
    assert np.abs(skinning.axis_angle_to_matrix(turns.numpy()) - wanted.numpy()).max() < 1e-6


def test_faces_are_sampled_alike():
    """Where places lie on the steps that ours rounds to."""
    from ned.composite.resample import STEPS
    from ned.renderer.warp.batched import sample_batched

    image = torch.rand(1, 24, 28, 3)
    at = torch.randint(2 * STEPS, 20 * STEPS, (1, 9, 11, 2), generator=torch.Generator().manual_seed(0)) / STEPS
    wanted = kornia.geometry.transform.remap(
        image.permute(0, 3, 1, 2), at[..., 0], at[..., 1], mode="bicubic", padding_mode="border", align_corners=True
    )
    assert torch.allclose(sample_batched(image, at), wanted.permute(0, 2, 3, 1), atol=1e-5)
