"""Losses of the neural renderers.

The perceptual loss of Neural Emotion Director compares features of VGG19, whose weights torchvision fetches. Without
them the Laplacian pyramid stands in: it weighs every band of an image alike, so edges count as much as broad tone, but
it knows no texture. Where a wrinkle or a tooth may lie here or there it rewards the mean of both, so fine detail is
expected to come out softer than with VGG; only the discriminators, where there are any, speak against that.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ned.errors import UserError

Features = list[list[Tensor]]
"""Of a discriminator: by scale, the features of each layer; the last is the answer."""

LEVELS, SMALLEST = 4, 8
FINE_LEVELS = 2
FLAT = 1e-5
"""Mean square below which a texture is none: a level of 8 bits."""
_TAP = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)

VGG_LAYERS = {1: 1 / 32, 6: 1 / 16, 11: 1 / 8, 20: 1 / 4, 29: 1.0}
"""Position of relu1_1 to relu5_1 in VGG19, with the weights of pix2pixHD (Wang et al., 2018)."""


def lsgan_d(real: Features, fake: Features) -> Float[Tensor, ""]:
    """LSGAN of a discriminator (Mao et al., 2017): labels 1 for real, 0 for fake; sum over scales."""
    answers = zip(real, fake, strict=True)
    return sum(0.5 * ((_exact(r[-1]) - 1) ** 2).mean() + 0.5 * (_exact(f[-1]) ** 2).mean() for r, f in answers)


def lsgan_g(fake: Features) -> Float[Tensor, ""]:
    """LSGAN of a generator; sum over scales."""
    return sum(((_exact(layers[-1]) - 1) ** 2).mean() for layers in fake)


def feature_matching(real: Features, fake: Features) -> Float[Tensor, ""]:
    """L1 between a discriminator's features of real and made images (Wang et al., 2018): sum over layers, mean over
    scales. The real ones are taken as given."""
    scales = [
        sum((_exact(f) - _exact(r.detach())).abs().mean() for r, f in zip(of_real[:-1], of_fake[:-1], strict=True))
        for of_real, of_fake in zip(real, fake, strict=True)
    ]
    return sum(scales) / len(scales)


def laplacian_pyramid_l1(
    found: Float[Tensor, "b c h w"], wanted: Float[Tensor, "b c h w"], levels: int = LEVELS
) -> Float[Tensor, ""]:
    """Sum over the bands of a Laplacian pyramid of the mean absolute difference in each, what is left below them
    included: a difference that lies in one band alone counts as much as in plain L1. Small images have fewer bands.
    """
    rest, total = found - wanted, found.new_zeros(())
    for _ in range(levels):
        if min(rest.shape[2:]) < SMALLEST:
            break
        smooth = _blurred(rest)
        total = total + (rest - smooth).abs().mean()
        rest = smooth[..., ::2, ::2]
    return total + rest.abs().mean()


def local_contrast_l1(
    found: Float[Tensor, "b c h w"], wanted: Float[Tensor, "b c h w"], levels: int = FINE_LEVELS
) -> Float[Tensor, ""]:
    """Mean absolute difference of how much the finest bands of a Laplacian pyramid vary around each pixel (the root of
    their local mean square), mean over `levels` bands. L1 rewards the mean of all that might be, which is soft; this
    wants as much texture and edge as there is, wherever exactly it lies."""
    total, count = found.new_zeros(()), 0
    with torch.autocast(found.device.type, enabled=False):  # half precision errs as much as skin varies
        found, wanted = _exact(found), _exact(wanted)
        for _ in range(levels):
            if min(found.shape[2:]) < SMALLEST:
                break
            smooth = [_blurred(x) for x in (found, wanted)]
            varying = [_blurred(_blurred((x - s) ** 2)) for x, s in zip((found, wanted), smooth, strict=True)]
            total = total + ((varying[0] + FLAT).sqrt() - (varying[1] + FLAT).sqrt()).abs().mean()
            found, wanted = (s[..., ::2, ::2] for s in smooth)
            count += 1
    return total / max(1, count)


def _exact(x: Tensor) -> Tensor:
    """Half precision raised to single; double stays, for whoever checks gradients."""
    return x if x.dtype == torch.float64 else x.float()


def _blurred(x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
    """Binomial of five taps along both axes."""
    channels = x.shape[1]
    tap = x.new_tensor(_TAP).expand(channels, 1, 1, 5)
    x = nn.functional.pad(x, (2, 2, 2, 2), mode="reflect")
    return nn.functional.conv2d(nn.functional.conv2d(x, tap, groups=channels), tap.mT, groups=channels)


class Vgg19Perceptual(nn.Module):
    """L1 between features of VGG19 at five depths; images are RGB in [−1, 1]. Raises UserError where torchvision or
    its weights are not to be had."""

    def __init__(self) -> None:
        super().__init__()
        layers = _vgg19()[: max(VGG_LAYERS) + 1]
        for layer in layers:  # type: ignore[attr-defined]
            if isinstance(layer, nn.ReLU):
                layer.inplace = False  # features before it are compared too
        self.layers = layers.eval().requires_grad_(False)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1))  # of ImageNet
        self.register_buffer("spread", torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1))

    def forward(self, found: Float[Tensor, "b 3 h w"], wanted: Float[Tensor, "b 3 h w"]) -> Float[Tensor, ""]:
        a, b = ((0.5 * _exact(x) + 0.5 - self.mean) / self.spread for x in (found, wanted.detach()))
        total = a.new_zeros(())
        for k, layer in enumerate(self.layers):
            a, b = layer(a), layer(b)
            if k in VGG_LAYERS:
                total = total + VGG_LAYERS[k] * _exact((a - b).abs()).mean()
        return total


def has_vgg19() -> bool:
    """Whether torchvision can be imported; its weights may still be missing."""
    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError):  # the latter where it does not fit the installed torch
        return False
    return True


def _vgg19() -> nn.Sequential:
    try:
        from torchvision.models import VGG19_Weights, vgg19
    except (ImportError, RuntimeError) as error:
        raise UserError(
            "the VGG19 perceptual loss needs torchvision", remedy="install the torchvision that fits your torch"
        ) from error
    try:
        return vgg19(weights=VGG19_Weights.IMAGENET1K_V1).features
    except (OSError, RuntimeError) as error:  # no connection, or a file cut short
        raise UserError(
            f"the weights of VGG19 cannot be loaded: {str(error)[:80]}",
            remedy="connect once, or train where torchvision is not installed, with the Laplacian pyramid instead",
        ) from error
