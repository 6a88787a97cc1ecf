"""Which renderer paints, and what it is given to know of each person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ned.config import ProcessConfig
from ned.cores import PAINTING
from ned.face_model import FaceModel
from ned.plan import TrackEdit
from ned.progress import Clock
from ned.renderer import Renderer, build_renderer
from ned.renderer.weights import SHIPPED
from ned.video import frames_at
from ned.workspace import fingerprint

if TYPE_CHECKING:
    from ned.renderer.neural.actors import Actor
    from ned.renderer.neural.renderer import Painting


def choose_renderer(
    edits: Sequence[TrackEdit], model: FaceModel, frame_rate: float, config: ProcessConfig, clock: Clock
) -> Callable[[TrackEdit], Renderer]:
    """What makes a fresh renderer for a track; says what was chosen where that was left open. Raises UserError for an
    actor or weights that are not there or do not fit."""
    if not _neural(config, clock) or not any(edit.changed().any() for edit in edits):
        return lambda edit: build_renderer(model)
    paintings = _paintings(edits, frame_rate, config, clock)
    return lambda edit: build_renderer(model, paintings.get(edit.track.person))


def _neural(config: ProcessConfig, clock: Clock) -> bool:
    if config.renderer != "auto":
        return config.renderer == "neural"
    if config.actor is not None or config.finetune_minutes > 0:
        return True
    import torch

    if torch.cuda.is_available() and SHIPPED.exists():
        clock.note("renderer: neural, since there is a GPU (--renderer warp for the other)")
        return True
    clock.note("renderer: warp, since there is no GPU (--renderer neural paints better and takes longer)")
    return False


def _paintings(
    edits: Sequence[TrackEdit], frame_rate: float, config: ProcessConfig, clock: Clock
) -> dict[int, Painting]:
    """By person."""
    import torch

    from ned.renderer.neural.appearance import remember
    from ned.renderer.neural.renderer import Painting, lean_on, load_network

    torch.set_num_threads(PAINTING)
    people: dict[int, list[TrackEdit]] = {}
    for edit in edits:
        people.setdefault(edit.track.person, []).append(edit)
    found = {}
    for person, tracks in people.items():
        actor = _actor(person, first=person == next(iter(people)), config=config, clock=clock)
        network, settings = load_network(actor.weights if actor else SHIPPED)
        strength = actor.record.strength if actor else 1.0
        if strength < 1 and SHIPPED.exists() and lean_on(network, load_network(SHIPPED)[0], strength):
            strength = 1.0
        with clock.stage("remembering", settings.memory) as stage:
            read = lambda indices: frames_at(config.input, indices, frame_rate)  # noqa: E731
            memory = remember(tracks, settings.size, settings.memory, read, stage)
        if memory is not None:
            found[person] = Painting(network, memory, settings.size, strength)
    return found


def _actor(person: int, first: bool, config: ProcessConfig, clock: Clock) -> Actor | None:
    """Whose network paints a person: the one named, for the most prominent of those edited, or one made now."""
    from ned.renderer.neural.actors import load_actor

    if config.finetune_minutes > 0:
        from ned.renderer.neural.finetuning import finetune

        chance = f"-{config.seed}" if config.seed else ""
        name = config.actor or f"{fingerprint(config.input)[:16]}-{person}{chance}"
        return finetune([config.input], name, config.finetune_minutes, clock, number=person, seed=config.seed)
    return load_actor(config.actor) if config.actor and first else None
