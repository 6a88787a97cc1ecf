"""What the neural renderer does before the second pass: networks and memories, by person."""

from __future__ import annotations

from collections.abc import Callable

import torch

from ned.edit.track_edit import TrackEdit
from ned.renderer.neural.appearance import remember
from ned.renderer.neural.renderer import NeuralRenderer, Painting, interpolate_weights, load_network
from ned.renderer.neural.renderer2022 import Ned2022Renderer, Painting2022, is_ned2022, load_generator
from ned.renderer.neural.weights import SHIPPED
from ned.renderer.protocol import Casting, Renderer
from ned.renderer.warp.renderer import make_renderer
from ned.runtime.cores import PAINTING
from ned.runtime.progress import Progress


def prepare(casting: Casting, progress: Progress) -> Callable[[TrackEdit], Renderer]:
    """See `ned.config.roles.RENDERERS`. A person of whom no frame can be had is left to the warp renderer."""
    torch.set_num_threads(PAINTING)
    paintings = _paintings(casting, progress)

    def made(edit: TrackEdit) -> Renderer:
        warp, painting = make_renderer(casting.model), paintings.get(edit.track.person)
        if painting is None:
            return warp
        if isinstance(painting, Painting2022):
            return Ned2022Renderer(warp, casting.model, painting, casting.drawing)
        return NeuralRenderer(warp, casting.model, painting)

    return made


def _paintings(casting: Casting, progress: Progress) -> dict[int, Painting | Painting2022]:
    found: dict[int, Painting | Painting2022] = {}
    for person, tracks in casting.people().items():
        own = casting.weights.get(person)
        path, strength = (own.path, own.strength) if own else (casting.shared or SHIPPED, 1.0)
        if is_ned2022(path):
            generator, settings = load_generator(path)
            found[person] = Painting2022(generator, settings.size, strength)
            continue
        network, settings = load_network(path)
        if strength < 1 and SHIPPED.exists() and interpolate_weights(network, load_network(SHIPPED)[0], strength):
            strength = 1.0
        with progress.stage("remembering", settings.memory) as stage:
            memory = remember(tracks, settings.size, settings.memory, casting.frames_of, stage)
        if memory is not None:
            found[person] = Painting(network, memory, settings.size, strength)
    return found
