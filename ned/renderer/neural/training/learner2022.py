"""One training step of the paper's face renderer: self-reenactment of short sequences, a conditional GAN.

Its face stands alone: images are black outside the face, in training as in what it paints. Where the paper segments
the face with a network, the outline of the tracked geometry serves here.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ned.face_model import ARKIT52, FLAME50, FaceModel
from ned.geometry.heads import part
from ned.renderer.neural.conditioning import Conditioner
from ned.renderer.neural.mesh import MeshDrawing
from ned.renderer.neural.ned2022 import KIND, MOUTH_SHARE, PAST, Generator, PatchDiscriminator, cropped, initialise
from ned.renderer.neural.settings import RendererConfig
from ned.renderer.neural.training.crop_sequences import CropSequence
from ned.renderer.neural.training.losses import (
    Vgg19Perceptual,
    feature_matching,
    has_vgg19,
    laplacian_pyramid_l1,
    lsgan_d,
    lsgan_g,
)
from ned.renderer.warp.lips import LOWER, UPPER
from ned.runtime.precision import best_device, mixed_precision

INSIDE = 0.02
"""Of the softened mask, from which a pixel belongs to the face."""
_LIPS = np.unique(np.concatenate([UPPER[-1], LOWER[-1]]))


@dataclass(frozen=True)
class Sequences:
    """Consecutive frames for one step, channels first."""

    wanted: Float[Tensor, "t b 3 s s"]
    """In [−1, 1], black outside the face."""
    condition: Float[Tensor, "t b 9 s s"]
    mouth: Int[Tensor, "t b 2"]
    """Top left corner (x, y) of the mouth's crop."""


class SequenceSource:
    """Draws sequences from several people, each as often as the others."""

    def __init__(
        self, footages: list[CropSequence], model: FaceModel, size: int, drawing: MeshDrawing | None = None
    ) -> None:
        self._footages = [footage.resized(size) for footage in footages]
        self._conditioner = Conditioner(model, size, drawing)
        self.mouth_side = round(MOUTH_SHARE * size)
        self._size = size

    def draw(self, batch: int, length: int, rng: np.random.Generator) -> Sequences:
        """`batch` sequences of `length` frames; a run of the footage that is too short repeats its last frame."""
        drawn = [self._sequence(self._footages[int(rng.integers(len(self._footages)))], length, rng)
                 for _ in range(batch)]  # fmt: skip
        return Sequences(*(torch.from_numpy(np.stack(parts, 1)) for parts in zip(*drawn, strict=True)))

    def _sequence(self, footage: CropSequence, length: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        frames = [self._frame(footage, k) for k in drawn_run(footage.runs, length, rng).tolist()]
        return tuple(np.stack(parts) for parts in zip(*frames, strict=True))

    def _frame(self, footage: CropSequence, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        head = None if footage.heads is None else part(footage.heads, slice(k, k + 1))
        shown = self._conditioner(footage.faces[k], footage.coefficients[k], head)
        face = footage.frames[k] * (shown.mask > INSIDE)[..., None]
        wanted = face.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1.0
        corner = np.round(footage.faces[k, _LIPS, :2].mean(0) - 0.5 * self.mouth_side).astype(np.int64)
        return wanted, shown.stack(), np.clip(corner, 0, self._size - self.mouth_side)


def drawn_run(runs: Int[np.ndarray, "n"], length: int, rng: np.random.Generator) -> Int[np.ndarray, "length"]:
    """Consecutive frames of one run, whole where it is long enough; a shorter one repeats its last."""
    k = int(rng.integers(len(runs)))
    first, stop = np.searchsorted(runs, runs[k]), np.searchsorted(runs, runs[k], side="right")
    start = min(k, max(first, stop - length))
    return np.minimum(start + np.arange(length), stop - 1)


class Ned2022Learner:
    """See `ned.training.loop.Learner`. A step takes a batch of sequences and updates all networks once a frame; what
    the generator painted before enters the next frame detached, black images before the first. `measure` gives the
    figures on held-out frames. The discriminators are averaged (with an `ema` of 0: copied) along with the generator,
    so that fine-tuning goes on with them, as in the paper."""

    kind = KIND

    def __init__(
        self,
        config: RendererConfig,
        footages: list[CropSequence],
        model: FaceModel,
        measure: Callable[[Ned2022Learner], dict[str, float]] | None = None,
        drawing: MeshDrawing | None = None,
    ) -> None:
        """`drawing`: the mesh of FLAME is shown instead of the model's; the footages have its heads then."""
        self.space = FLAME50.name if drawing else ARKIT52.name
        self._drawing = drawing
        self.settings, self.config = config, config.plain()
        self.device = best_device()
        self._measure, self._model = measure, model
        self._source = SequenceSource(footages, model, config.size, drawing)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            modules: dict[str, nn.Module] = {"generator": Generator(config.base)}
            if config.adversarial > 0 or config.feature_matching > 0:
                modules["discriminator"] = PatchDiscriminator(base=config.base)
            if config.mouth_adversarial > 0 or config.mouth_feature_matching > 0:
                modules["mouth"] = PatchDiscriminator(base=config.base)
            for module in modules.values():
                initialise(module)
                module.to(self.device)
        self.modules: Mapping[str, nn.Module] = modules
        self.averages: Mapping[str, nn.Module] = {
            name: copy.deepcopy(module).requires_grad_(False).eval() for name, module in modules.items()
        }
        adam = lambda m: torch.optim.Adam(m.parameters(), config.learning_rate, betas=(config.beta1, 0.999))  # noqa: E731
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {name: adam(m) for name, m in modules.items()}
        self._vgg = Vgg19Perceptual().to(self.device) if config.pyramid > 0 and has_vgg19() else None

    def measure(self) -> dict[str, float]:
        """See `Learner`."""
        return self._measure(self) if self._measure else {"score": 0.0}

    def step(self, number: int) -> dict[str, float]:
        """See `Learner`; the mean losses of the sequence's frames."""
        config = self.settings
        drawn = self._source.draw(config.batch, config.sequence, np.random.default_rng([config.seed, number]))
        wanted, condition = drawn.wanted.to(self.device), drawn.condition.to(self.device)
        former, said = [torch.full_like(wanted[0], -1.0)] * PAST, []
        for t in range(config.sequence):
            seen = torch.cat([condition[max(t - k, 0)] for k in range(PAST + 1)], 1)
            with mixed_precision(self.device):
                made, losses = self._learn(seen, torch.cat(former, 1), condition[t], wanted[t], drawn.mouth[t])
            former = [made, *former[:-1]]
            said.append(losses)
        return {name: float(torch.stack([losses[name] for losses in said]).mean()) for name in said[0]}

    def _learn(
        self, seen: Tensor, former: Tensor, condition: Tensor, wanted: Tensor, mouth: Int[Tensor, "b 2"]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """One frame's update of all networks: the image, detached, and the losses."""
        config, modules = self.settings, self.modules
        made = modules["generator"](seen, former).float()
        small = lambda images: cropped(images, mouth, self._source.mouth_side)  # noqa: E731
        parts: dict[str, tuple[float, Tensor]] = {}
        if config.pyramid > 0:
            name, distance = ("vgg19", self._vgg) if self._vgg is not None else ("pyramid", laplacian_pyramid_l1)
            parts[name] = config.pyramid, distance(made, wanted)
        if config.pixel > 0:
            parts["pixel"] = config.pixel, (made - wanted).abs().mean()
        teaching: dict[str, Tensor] = {}
        for judge, region, adversarial, matching in (
            ("discriminator", lambda images: images, config.adversarial, config.feature_matching),
            ("mouth", small, config.mouth_adversarial, config.mouth_feature_matching),
        ):
            if judge not in modules:
                continue
            shown, truth, fake = region(condition), region(wanted), region(made)
            real = modules[judge](shown, truth)
            modules[judge].requires_grad_(False)
            answers = modules[judge](shown, fake)
            modules[judge].requires_grad_(True)
            parts[f"{judge} adversarial"] = adversarial, lsgan_g(answers)
            parts[f"{judge} features"] = matching, feature_matching(real, answers)
            teaching[judge] = lsgan_d(real, modules[judge](shown, fake.detach()))
        total = sum(weight * value for weight, value in parts.values())
        for name, loss in {"generator": total, **teaching}.items():
            self.optimizers[name].zero_grad(set_to_none=True)
            loss.backward()
            self.optimizers[name].step()
        losses = {name: value for name, (_, value) in parts.items()} | {**teaching, "total": total}
        return made.detach(), {name: value.detach() for name, value in losses.items()}

    def finish(self, wanted: CropSequence, reference: CropSequence) -> None:
        """See `RendererLearner`: these networks paint from geometry alone."""

    def generate(self, wanted: CropSequence, reference: CropSequence) -> Float[np.ndarray, "n s s 3"]:
        """The faces of `wanted`, in order, each after what was painted before it in its run; RGB in [0, 1], black
        outside the face. The appearance is in the weights, so `reference` is not looked at."""
        wanted = wanted.resized(self.settings.size)
        conditioner = Conditioner(self._model, wanted.size, self._drawing)
        generator, heads = self.averages["generator"], wanted.heads
        conditions: list[Tensor] = []
        former: list[Tensor] = []
        out, run = [], None
        with torch.inference_mode():
            for k, (face, now) in enumerate(zip(wanted.faces, wanted.runs, strict=True)):
                head = None if heads is None else part(heads, slice(k, k + 1))
                shown = conditioner(face, wanted.coefficients[k], head)
                condition = torch.from_numpy(shown.stack())[None].to(self.device)
                if now != run:
                    conditions, former, run = [condition] * PAST, [torch.full_like(condition[:, :3], -1.0)] * PAST, now
                conditions = [condition, *conditions[:PAST]]
                with mixed_precision(self.device):
                    made = generator(torch.cat(conditions, 1), torch.cat(former, 1)).float()
                former = [made, *former[:-1]]
                out.append((0.5 * made[0] + 0.5).permute(1, 2, 0).cpu().numpy())
        return np.stack(out)
