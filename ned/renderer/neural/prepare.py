"""What the neural renderer does before the second pass: networks and memories, by person."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ned.edit.track_edit import TrackEdit
from ned.renderer.neural.appearance import remember
from ned.renderer.neural.inference import interpolate_weights, load_weights, make_network
from ned.renderer.neural.renderer import NeuralRenderer, Painting
from ned.renderer.neural.weights import SHIPPED, is_ned2022
from ned.renderer.protocol import Casting, Renderer
from ned.renderer.warp.renderer import make_renderer
from ned.runtime.extras import need
from ned.runtime.progress import Progress

if TYPE_CHECKING:
    from ned.renderer.neural.renderer2022 import Painting2022


def prepare(casting: Casting, progress: Progress) -> Callable[[TrackEdit], Renderer]:
    """See `ned.config.roles.RENDERERS`. A person of whom no frame can be had is left to the warp renderer."""
    paintings = _paintings(casting, progress)

    def made(edit: TrackEdit) -> Renderer:
        warp = make_renderer(casting.model, edit.open_mouth() is not None)
        painting = paintings.get(edit.track.person)
        if painting is None:
            return warp
        if isinstance(painting, Painting):
            return NeuralRenderer(warp, casting.model, painting)
        from ned.renderer.neural.renderer2022 import Ned2022Renderer

        return Ned2022Renderer(warp, casting.model, painting, casting.drawing)

    return made


def _paintings(casting: Casting, progress: Progress) -> dict[int, Painting | Painting2022]:
    found: dict[int, Painting | Painting2022] = {}
    for person, tracks in casting.people().items():
        own = casting.weights.get(person)
        path, strength = (own.path, own.strength) if own else (casting.shared or SHIPPED, 1.0)
        if is_ned2022(path):
            need("torch", f"{path.name}, a network of the paper,")
            from ned.renderer.neural.renderer2022 import Painting2022, load_generator

            generator, settings = load_generator(path, casting.device)
            found[person] = Painting2022(generator, settings.size, strength)
            continue
        tensors, settings = load_weights(path)
        if strength < 1 and SHIPPED.exists():
            mixed = interpolate_weights(tensors, load_weights(SHIPPED)[0], strength)
            tensors, strength = (tensors, strength) if mixed is None else (mixed, 1.0)
        network = make_network(tensors, settings, path, casting.device)
        with progress.stage("remembering", settings.memory) as stage:
            memory = remember(tracks, settings.size, settings.memory, casting.frames_of, stage)
        if memory is not None:
            found[person] = Painting(network, memory, settings.size, strength)
    return found
