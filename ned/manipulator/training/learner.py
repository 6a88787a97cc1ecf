"""One training step of the manipulator: the paper's, and ours with true answers and more terms."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from ned.manipulator.family import Family, as_seen, build_family, normalise
from ned.manipulator.settings import ManipulatorConfig
from ned.manipulator.training import losses
from ned.manipulator.training.batches import Batch, BatchSource

CLOSED_CM = 0.12
"""Opening (model units) below which the closure term takes lips for closed."""


class ManipulatorLearner:
    """See `ned.training.loop.Learner`. `opening`: how far each coefficient opens the mouth, in cm; None where
    nobody knows (then the jaw stands for it). `measure` gives the figures on held-out people."""

    kind = "manipulator"

    def __init__(
        self,
        config: ManipulatorConfig,
        source: BatchSource,
        opening: np.ndarray | None = None,
        measure: Callable[[Family], dict[str, float]] | None = None,
    ) -> None:
        self.settings, self.source = config, source
        self.space, self.config = source.space.name, config.plain()
        self.family = build_family(source.space, config)
        jaw = np.eye(1, source.space.width)[0]
        self._opening = torch.tensor(jaw if opening is None else opening, dtype=torch.float32)
        self._closed = CLOSED_CM if opening is not None else 0.02
        first = source.draw(256, 8 + 2 * self.family.halo, np.random.default_rng([config.seed, 2**31]))
        normalise(self.family, torch.from_numpy(first.source.reshape(-1, source.space.width)))
        self._care = _care(first)
        self.modules: Mapping[str, nn.Module] = self.family.modules()
        self.averaged = copy.deepcopy(self.family)
        self.averages: Mapping[str, nn.Module] = self.averaged.modules()
        for module in self.averages.values():
            module.requires_grad_(False).eval()
        adam = lambda *ms: torch.optim.Adam(  # noqa: E731
            [p for m in ms for p in m.parameters()], lr=config.learning_rate, betas=(config.beta1, 0.99)
        )
        f = self.family
        both = {"translator": adam(f.translator, f.encoder, f.mapping), "discriminator": adam(f.discriminator)}
        self.optimizers: Mapping[str, torch.optim.Optimizer] = both
        self._measure = measure

    def measure(self) -> dict[str, float]:
        """See `Learner`."""
        return self._measure(self.averaged) if self._measure else {"score": 0.0}

    def step(self, number: int) -> dict[str, float]:
        """See `Learner`. The paper's two halves, style from the latent and style from a reference, in one batch."""
        config, family = self.settings, self.family
        rng = np.random.default_rng([config.seed, number])
        batch = self.source.draw(config.batch, config.window + 2 * family.halo, rng)
        tensors = _Tensors(batch, family.halo)
        half = config.batch // 2
        styles = self._styles(tensors, half)
        translated = family.translator(tensors.source, styles)
        seen = as_seen(translated, self.source.space)
        said: dict[str, float] = {}
        if config.adversarial > 0:
            said |= self._teach_discriminator(tensors, seen.detach(), number)
        parts = self._translator_losses(tensors, styles, translated, seen)
        weights = {"adversarial": config.adversarial, "style": config.style_weight, "cycle": config.cycle,
                   "speech": config.speech, "closure": config.closure, "spread": config.spread,
                   "answer": config.supervised, "speed": config.supervised}  # fmt: skip
        total = sum(weights[name] * value for name, value in parts.items())
        _update(self.optimizers["translator"], total)
        return said | {name: float(value.detach()) for name, value in parts.items()} | {"total": float(total.detach())}

    def _styles(self, t: _Tensors, half: int) -> Tensor:
        by_label = self.family.mapping(t.latent[:half], t.target[:half])
        return torch.cat([by_label, self.family.encoder(t.reference[half:])])

    def _teach_discriminator(self, t: _Tensors, fake: Tensor, number: int) -> dict[str, float]:
        config, family = self.settings, self.family
        at = torch.arange(len(t.target))
        penalise = config.gradient_penalty > 0 and number % 4 == 0
        real_sequence = t.inner(t.reference).clone().requires_grad_(penalise)
        real = family.discriminator(real_sequence)[at, t.target]
        loss = losses.adversarial_d(real, family.discriminator(fake)[at, t.target])
        said = {"discriminator": float(loss.detach())}
        if penalise:  # every fourth step, four times as heavy
            penalty = losses.gradient_penalty(real, real_sequence)
            loss = loss + 4 * config.gradient_penalty * penalty
            said["penalty"] = float(penalty.detach())
        _update(self.optimizers["discriminator"], loss)
        return said

    def _translator_losses(self, t: _Tensors, styles: Tensor, translated: Tensor, seen: Tensor) -> dict[str, Tensor]:
        config, family = self.settings, self.family
        source, half, parts = t.inner(t.source), len(styles) // 2, {}
        if config.adversarial > 0:
            answers = family.discriminator(seen)[torch.arange(len(t.target)), t.target]
            parts["adversarial"] = losses.adversarial_g(answers)
        if config.style_weight > 0:
            parts["style"] = losses.style_distance(family.encoder(seen), styles)
        back = None
        if config.cycle > 0:
            own = family.encoder(t.source)
            halo, around = family.halo, translated
            if halo:  # what lies beyond the window is not translated; its outermost frames stand for it
                around = nn.functional.pad(translated.mT, (halo, halo), mode="replicate").mT
            back = family.translator(around, own)
            parts["cycle"] = losses.cycle_distance(back, source)
        if config.speech > 0:
            jaw = translated[..., 0]
            returned = jaw if back is None else back[..., 0]
            parts["speech"] = losses.speech_loss(source[..., 0], jaw, returned)
        if config.closure > 0:
            parts["closure"] = losses.closure_loss(source @ self._opening, translated @ self._opening, self._closed)
        if config.spread > 0:
            parts["spread"] = losses.spread_loss(styles[half:]) + losses.spread_loss(styles[:half])
        if config.supervised > 0 and t.by_label is not None and t.by_reference is not None:
            answer = torch.cat([t.by_label[:half], t.by_reference[half:]])
            parts["answer"] = (self._care * (translated - answer).abs()).mean()
            parts["speed"] = (self._care * (translated.diff(dim=1) - answer.diff(dim=1)).abs()).mean()
        return parts


def _care(batch: Batch) -> Tensor:
    """Weights of the coefficients in the true answers: what changes little counts for a little more."""
    if batch.by_label is None:
        return torch.ones(batch.source.shape[2])
    change = np.abs(batch.by_label - batch.source).mean((0, 1))
    usual = change.mean()
    return torch.from_numpy(np.sqrt(usual / (change + 0.5 * usual)).astype(np.float32))


class _Tensors:
    """A batch as tensors."""

    def __init__(self, batch: Batch, halo: int) -> None:
        self._halo = halo
        self.source, self.reference = torch.from_numpy(batch.source), torch.from_numpy(batch.reference)
        self.target, self.latent = torch.from_numpy(batch.target_emotion), torch.from_numpy(batch.latent)
        inner = lambda values: None if values is None else self.inner(torch.from_numpy(values))  # noqa: E731
        self.by_label, self.by_reference = inner(batch.by_label), inner(batch.by_reference)

    def inner(self, values: Tensor) -> Tensor:
        """Without the context."""
        return values[:, self._halo : values.shape[1] - self._halo]


def _update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    torch.nn.utils.clip_grad_norm_(parameters, 5.0)
    optimizer.step()

