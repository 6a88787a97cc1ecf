"""One training step of our renderer: self-reenactment between different frames of a person."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from ned.face_model import FaceModel
from ned.files.checkpoint import load_strictly
from ned.renderer.neural.conditioning import Conditioner
from ned.renderer.neural.inputs import part_of_crop, seen_images, shown_geometry
from ned.renderer.neural.memory import MEMORY_KINDS, face_window, warp_views
from ned.renderer.neural.networks import CandidateNetwork, build_network
from ned.renderer.neural.settings import RendererConfig
from ned.renderer.neural.training.crop_sequences import CropSequence
from ned.renderer.neural.training.examples import Actor, Examples, ExampleSource
from ned.renderer.neural.training.losses import laplacian_pyramid_l1, local_contrast_l1
from ned.renderer.neural.weights import KIND
from ned.runtime.lanes import help_with
from ned.runtime.precision import best_device, mixed_precision

CLIP = 1.0


class CandidateLearner:
    """See `ned.training.loop.Learner`. Trains on one actor or on many; `start` are weights to begin from, `measure`
    gives the figures on held-out frames."""

    kind, space = KIND, "arkit52"

    def __init__(
        self,
        config: RendererConfig,
        footages: list[CropSequence],
        model: FaceModel,
        measure: Callable[[CandidateLearner], dict[str, float]] | None = None,
        start: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.settings, self.config = config, config.plain()
        self.device = best_device()
        self._model, self._measure = model, measure
        self._source = ExampleSource(footages, model, config.size, config.window, config.memory)
        self._coming: dict[int, Future[Examples]] = {}
        network = build_network(config)
        if start is not None:
            load_strictly(network, start, Path("start"))
        network = network.to(self.device)
        self.averaged = copy.deepcopy(network).requires_grad_(False).eval()
        self.modules: Mapping[str, nn.Module] = {"renderer": network}
        self.averages: Mapping[str, nn.Module] = {"renderer": self.averaged}
        adam = torch.optim.Adam(network.parameters(), lr=config.learning_rate, betas=(config.beta1, 0.99))
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {"renderer": adam}

    def measure(self) -> dict[str, float]:
        """See `Learner`."""
        return self._measure(self) if self._measure else {"score": 0.0}

    def step(self, number: int) -> dict[str, float]:
        """See `Learner`."""
        config, network = self.settings, self.modules["renderer"]
        examples = self._examples(number)
        parts = {"pixel": [], "pyramid": [], "texture": [], "steadiness": []}
        state, before = None, None
        with mixed_precision(self.device):
            for t in range(config.sequence):
                wanted, candidates, condition, weight = (
                    torch.from_numpy(part[t]).to(self.device)
                    for part in (examples.wanted, examples.candidates, examples.condition, examples.weight)
                )
                condition = condition.contiguous(memory_format=torch.channels_last)
                image, state = network(candidates, condition, state)
                face = weight[:, :1] + config.parts * weight[:, 1:]
                error = image.float() - wanted
                parts["pixel"].append((face * error.abs()).sum() / (3 * weight[:, :1].sum() + 1.0))
                parts["pyramid"].append(laplacian_pyramid_l1(image.float() * face, wanted * face))
                parts["texture"].append(local_contrast_l1(image.float() * face, wanted * face))
                if before is not None:
                    parts["steadiness"].append((face * (error - before).abs()).sum() / (3 * weight[:, :1].sum() + 1.0))
                before = error
        losses = {name: torch.stack(values).mean() for name, values in parts.items() if values}
        total = sum(getattr(config, name) * value for name, value in losses.items())
        optimizer = self.optimizers["renderer"]
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimizer.step()
        return {name: float(value.detach()) for name, value in losses.items()} | {"total": float(total.detach())}

    def _examples(self, number: int) -> Examples:
        """Those of a step; the next step's are drawn by another thread while the network learns from these."""
        drawn = self._coming.pop(number, None) or help_with(self._draw, number)
        self._coming = {number + 1: help_with(self._draw, number + 1)}
        return drawn.result()

    def _draw(self, number: int) -> Examples:
        config = self.settings
        return self._source.draw(config.batch, config.sequence, np.random.default_rng([config.seed, number]))

    def generate(self, wanted: CropSequence, reference: CropSequence) -> Float[np.ndarray, "n s s 3"]:
        """The faces of `wanted` painted with the appearance of `reference`, of the same person; RGB in [0, 1]."""
        resized = wanted.resized(self.settings.size)
        made = generate(self.averaged, resized, self._actor(reference), self._model)
        return _fitting(made, wanted.size)

    def finish(
        self, wanted: CropSequence, reference: CropSequence
    ) -> tuple[Float[np.ndarray, "n s s 3"], Float[np.ndarray, "n s s 3"]]:
        """As an edit is finished: frames of `reference` that stand in for edited ones, and what the network makes of
        them (see `Actor.stand_in`)."""
        resized, actor = wanted.resized(self.settings.size), self._actor(reference)
        bent = [actor.stand_in(face, frame) for face, frame in zip(resized.faces, resized.frames, strict=True)]
        made = generate(self.averaged, resized, actor, self._model, bent)
        return _fitting(np.stack([image for image, _ in bent]), wanted.size), _fitting(made, wanted.size)

    def _actor(self, reference: CropSequence) -> Actor:
        return Actor(reference.resized(self.settings.size), self.settings.memory)


def _fitting(images: Float[np.ndarray, "n s s 3"], size: int) -> Float[np.ndarray, "n r r 3"]:
    """Images of another size."""
    if images.shape[1] == size:
        return images
    return np.stack([_resized(image, size) for image in images])


def _resized(image: Float[np.ndarray, "s s 3"], size: int) -> Float[np.ndarray, "r r 3"]:
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if size < len(image) else cv2.INTER_CUBIC)


def generate(
    network: CandidateNetwork,
    wanted: CropSequence,
    actor: Actor,
    model: FaceModel,
    own: Sequence[tuple[np.ndarray, np.ndarray]] | None = None,
) -> Float[np.ndarray, "n s s 3"]:
    """Self-reenactment: every face of `wanted`, in order, from the frames of `actor`. `own`: images and displacements,
    as of `warp_views`, of what lies on the wanted faces already."""
    conditioner = Conditioner(model, wanted.size)
    device = next(network.parameters()).device
    window = face_window(wanted.size)
    out, state, run = [], None, None
    with torch.inference_mode(), mixed_precision(device):
        for k, (face, coefficients, now) in enumerate(
            zip(wanted.faces, wanted.coefficients, wanted.runs, strict=True)
        ):
            known = [actor.memory.views(face, kind) for kind in MEMORY_KINDS]
            first = own[k] if own is not None else warp_views([actor.take(actor.nearest(face))], face)[0]
            whole = first[0].copy()  # shows all that lies outside the window
            inside = tuple(part_of_crop(part, window) for part in first)
            seen = seen_images([inside, *warp_views(known, face, window)])
            shown = shown_geometry(face, coefficients, conditioner, window, own is not None)
            seen, condition = (torch.from_numpy(part)[None].to(device) for part in (seen, shown))
            image, state = network(seen, condition, state if now == run else None)
            run = now
            part_of_crop(whole, window)[:] = image[0].float().clamp(0, 1).permute(1, 2, 0).cpu().numpy()
            out.append(np.clip(whole, 0.0, 1.0))
    return np.stack(out)
