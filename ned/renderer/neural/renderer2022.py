"""The paper's face renderer in use: it paints the whole face from its geometry and its own former frames.

It knows the actor by its weights alone. What it paints replaces the face inside a soft outline, at the crop's
resolution; it begins with the warp renderer's image in place of frames that it has not painted yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from ned.composite.blend import blend_difference
from ned.face_model import FaceModel
from ned.files.checkpoint import check_digest, load_checkpoint, load_strictly, part_of
from ned.geometry.heads import placed
from ned.renderer.neural.conditioning import Conditioner
from ned.renderer.neural.crops import align, cut, paste_back, to_crop
from ned.renderer.neural.mesh import MeshDrawing
from ned.renderer.neural.ned2022 import KIND, PAST, Generator
from ned.renderer.neural.settings import RendererConfig
from ned.renderer.warp.renderer import WarpRenderer
from ned.runtime.precision import mixed_precision
from ned.types import FaceEdit

INSIDE = 0.02
"""Of the softened mask, from which a pixel belongs to the face, as in training."""


@dataclass(frozen=True)
class Painting2022:
    """A generator that was trained on one actor."""

    generator: Generator
    size: int
    strength: float = 1.0
    """How much of what it paints is taken, 0 to 1."""


EDGE = 8
"""Pixels at the border of a region over which nothing goes over into all of what is painted."""


def load_generator(path: Path, device: str = "cpu") -> tuple[Generator, RendererConfig]:
    """A trained generator, strictly, on a device of `ned.runtime.devices`; UserError where the file does not fit."""
    checkpoint = load_checkpoint(path, KIND)
    check_digest(path)
    settings = RendererConfig.build(checkpoint.config, path)
    generator = Generator(settings.base)
    load_strictly(generator, part_of(checkpoint.tensors, "generator."), path)
    return generator.eval().requires_grad_(False).to(device), settings


class Ned2022Renderer:
    """See `ned.renderer.protocol.Renderer`. The region, and eyes and mouths that are shown, are the warp renderer's."""

    def __init__(
        self, warp: WarpRenderer, model: FaceModel, painting: Painting2022, drawing: MeshDrawing | None = None
    ) -> None:
        self._warp, self._painting = warp, painting
        self._conditioner = Conditioner(model, painting.size, drawing)
        self._device = next(painting.generator.parameters()).device
        self._conditions: list[torch.Tensor] = []
        self._former: list[torch.Tensor] = []
        self.region, self.wants_mouth = warp.region, warp.wants_mouth
        self.take_mouth, self.detect_glasses = warp.take_mouth, warp.detect_glasses

    def prefetch_edits(self, coming: Sequence[FaceEdit]) -> None:
        """See `Renderer.prefetch_edits`: a frame needs the one before it."""

    def render(self, image: Float[np.ndarray, "h w 3"], edit: FaceEdit) -> Float[np.ndarray, "h w 3"]:
        """See `Renderer.render`."""
        size, matrix = self._painting.size, align(edit.source, self._painting.size)
        head = None if edit.head is None else placed(edit.head, matrix)
        shown = self._conditioner(to_crop(edit.target, matrix), edit.expression, head)
        condition = torch.from_numpy(shown.stack())[None].to(self._device)
        warped = np.clip(image + self._warp.render(image, edit), 0.0, 1.0)
        bent = cut(warped, matrix, size)
        if not self._conditions:
            alone = (2.0 * bent - 1.0) * (shown.mask > INSIDE)[..., None] - (shown.mask <= INSIDE)[..., None]
            first = torch.from_numpy(alone.transpose(2, 0, 1).astype(np.float32))[None].to(self._device)
            self._conditions, self._former = [condition] * PAST, [first] * PAST
        seen = torch.cat([condition, *self._conditions], 1)
        with torch.inference_mode(), mixed_precision(self._device):
            made = self._painting.generator(seen, torch.cat(self._former, 1)).float()
        self._conditions, self._former = [condition, *self._conditions[:-1]], [made, *self._former[:-1]]
        painted = (0.5 + 0.5 * made[0].clamp(-1, 1)).permute(1, 2, 0).cpu().numpy()
        # the painted face stands before black; there, and where only the source's face was, the warped image stays
        difference = ((painted - bent) * (shown.mask > INSIDE)[..., None]).astype(np.float32)
        change = blend_difference(difference, (self._painting.strength * shown.mask).astype(np.float32))
        change = paste_back(change, matrix, image.shape[:2]) * _fade(image.shape[:2])[..., None]
        return (warped - image + change).astype(np.float32)

    def submit(
        self, image: Float[np.ndarray, "h w 3"], edit: FaceEdit
    ) -> Callable[[], Float[np.ndarray, "h w 3"]]:
        """See `Renderer.submit`: done at once."""
        difference = self.render(image, edit)
        return lambda: difference


def _fade(size: tuple[int, int]) -> Float[np.ndarray, "h w"]:
    """0 at the border of a region, 1 from `EDGE` pixels on: the coarse bands of a blend reach beyond the face."""
    from_border = [np.minimum(np.arange(n), np.arange(n)[::-1]) / EDGE for n in size]
    return np.clip(np.minimum(from_border[0][:, None], from_border[1][None]), 0.0, 1.0).astype(np.float32)
