"""One training step of the small editor: taught by pairs, finished by an adversary."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss, relu

from ned.stills.gan.learners import adam_of, as_tensor, averaged, update
from ned.stills.gan.pairs import Pairs
from ned.stills.gan.settings import SmallConfig
from ned.stills.gan.small import SmallCritic, SmallEditor, applied

HELD = 0.1


class SmallLearner:
    """See `ned.training.learner.Learner`; a tenth of the people is held out."""

    kind, space = "small-editor", "pictures96"

    def __init__(self, config: SmallConfig, pairs: Pairs) -> None:
        self.settings, self.config, self._pairs = config, config.plain(), pairs
        held = np.random.default_rng(config.seed).random(len(pairs.before)) < HELD
        if len(pairs.before) > 1 and not 0 < held.sum() < len(held):
            held = np.arange(len(held)) == 0
        self._train, self._held = np.flatnonzero(~held[pairs.source]), np.flatnonzero(held[pairs.source])
        torch.manual_seed(config.seed)
        self.editor, self.critic = SmallEditor(config.width), SmallCritic(config.width)
        self.modules: Mapping[str, nn.Module] = {"editor": self.editor, "critic": self.critic}
        self.averages: Mapping[str, nn.Module] = averaged({"editor": self.editor})
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {
            name: adam_of(config, module) for name, module in self.modules.items()
        }

    def step(self, number: int) -> dict[str, float]:
        """The editor by the true answers; after `adversarial_after` steps the critic joins."""
        config = self.settings
        rng = np.random.default_rng([config.seed, number])
        before, after, place = self._batch(rng.choice(self._train, config.batch))
        if rng.random() < 0.5:  # a face in the mirror feels the same
            before, after = before.flip(3), after.flip(3)
        flow, residual, mask = self.editor(before, place)
        edited = applied(before, flow, residual, mask)
        care = 1.0 + 4.0 * (after - before).abs().amax(1, keepdim=True)  # what changes is little of an image
        parts = {
            "answer": (care * (edited - after).abs()).mean(), "smooth": roughness(flow), "sparse": mask.mean(),
        }  # fmt: skip
        weights = {"answer": config.answer, "smooth": config.smooth, "sparse": config.sparse}
        said = {}
        if config.adversarial > 0 and number >= config.adversarial_after:
            # hinge: real images at their place against edited ones
            loss = relu(1 - self.critic(after, place)).mean() + relu(1 + self.critic(edited.detach(), place)).mean()
            update(self.optimizers["critic"], loss)
            said["critic"] = float(loss.detach())
            parts["adversarial"], weights["adversarial"] = -self.critic(edited, place).mean(), config.adversarial
        update(self.optimizers["editor"], sum(weights[name] * value for name, value in parts.items()))
        return said | {name: float(value.detach()) for name, value in parts.items()}

    def measure(self) -> dict[str, float]:
        """Distance to the true answer on people held out, beside that of the untouched image; and the gain at which
        what is changed is as large as it should be, since a network that is taught by answers shrinks them."""
        rows = self._held[:256] if len(self._held) else self._train[:256]
        before, after, place = self._batch(rows)
        with torch.inference_mode():
            edited = applied(before, *self.averages["editor"](before, place))
        error, untouched = float(l1_loss(edited, after)), float(l1_loss(before, after))
        gain = float((after - before).square().mean().sqrt() / (edited - before).square().mean().sqrt().clamp(min=1e-6))
        return {"score": -error / max(untouched, 1e-9), "l1": error, "untouched": untouched, "gain": min(gain, 3.0)}

    def _batch(self, rows: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        pairs = self._pairs
        return (
            as_tensor(pairs.before[pairs.source[rows]]), as_tensor(pairs.after[rows]),
            torch.from_numpy(pairs.places[rows]).float(),
        )  # fmt: skip


def roughness(flow: Tensor) -> Tensor:
    """Total variation, in pixels a pixel."""
    size = flow.shape[-1] / 2
    return size * ((flow[..., 1:] - flow[..., :-1]).abs().mean() + (flow[..., 1:, :] - flow[..., :-1, :]).abs().mean())
