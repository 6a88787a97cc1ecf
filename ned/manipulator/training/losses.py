"""Losses of the emotion manipulator; equation numbers are of the paper's supplement, section D."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

PCC_EPSILON = 1e-5
"""Added to the product of the variances, so that a still jaw has correlation 0 and not NaN."""


def adversarial_d(
    real: Float[Tensor, "batch"], fake: Float[Tensor, "batch"]
) -> Float[Tensor, ""]:
    """LSGAN of the discriminator (eq. 1): labels 1 for real, 0 for fake."""
    return 0.5 * ((real - 1) ** 2).mean() + 0.5 * (fake**2).mean()


def adversarial_g(fake: Float[Tensor, "batch"]) -> Float[Tensor, ""]:
    """LSGAN of the translator (eq. 2)."""
    return 0.5 * ((fake - 1) ** 2).mean()


def style_distance(found: Float[Tensor, "*batch style"], wanted: Float[Tensor, "*batch style"]) -> Float[Tensor, ""]:
    """L1 between the encoder's style of a translation and the style that was asked for."""
    return (found - wanted).abs().mean()


def cycle_distance(
    back: Float[Tensor, "batch frames width"], source: Float[Tensor, "batch frames width"]
) -> Float[Tensor, ""]:
    """L1 between a source and its translation back into its own style."""
    return (back - source).abs().mean()


def pearson(a: Float[Tensor, "batch frames"], b: Float[Tensor, "batch frames"]) -> Float[Tensor, "batch"]:
    """Correlation over the frames of a window, 0 where one of them is still."""
    a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
    variances = (a**2).mean(1) * (b**2).mean(1)
    return (a * b).mean(1) / (variances + PCC_EPSILON**2).sqrt()


def speech_loss(
    jaw: Float[Tensor, "batch frames"], translated: Float[Tensor, "batch frames"], back: Float[Tensor, "batch frames"]
) -> Float[Tensor, ""]:
    """The speech-preserving loss: minus the jaw's correlation with its translation, and that one's with its return."""
    return -(pearson(jaw, translated) + pearson(translated, back)).mean()


def closure_loss(
    opening: Float[Tensor, "batch frames"], translated: Float[Tensor, "batch frames"], closed: float
) -> Float[Tensor, ""]:
    """Mean opening by which lips that were closed (below `closed`) come apart; 0 where none were closed."""
    shut = (opening < closed).to(opening.dtype)
    return (shut * (translated - opening).clamp_min(0)).sum() / shut.sum().clamp_min(1)


def gradient_penalty(answer: Float[Tensor, "batch"], real: Float[Tensor, "batch frames width"]) -> Float[Tensor, ""]:
    """R1: half the squared gradient of the discriminator's answer at real sequences, mean over the batch."""
    (gradient,) = torch.autograd.grad(answer.sum(), real, create_graph=True)
    return 0.5 * (gradient**2).sum((1, 2)).mean()


def spread_loss(styles: Float[Tensor, "batch style"], least: float = 0.5) -> Float[Tensor, ""]:
    """How far the styles of a batch fall short of a standard deviation of `least`: keeps the style space from
    shrinking, which would make every style distance small. 0 for a single style, which has no spread to judge."""
    if len(styles) < 2:
        return styles.new_zeros(())
    return (least - (styles.var(0) + 1e-4).sqrt()).clamp_min(0).mean()
