"""Which renderer paints, and what it is given to know of each person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ned.config import ProcessConfig
from ned.face_model import FaceModel
from ned.plan import TrackEdit
from ned.progress import Clock
from ned.renderer import Renderer, build_renderer
from ned.video import frames_at

if TYPE_CHECKING:
    from ned.renderer.neural.renderer import Painting

META = Path(__import__("os").environ.get("NED_META") or Path(__file__).resolve().parent.parent / "assets" / "meta_renderer.safetensors")
"""The shipped network, trained on many people."""


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

    if torch.cuda.is_available() and META.exists():
        clock.note("renderer: neural, since there is a GPU (`--renderer warp` for the plain one)")
        return True
    return False


def _paintings(
    edits: Sequence[TrackEdit], frame_rate: float, config: ProcessConfig, clock: Clock
) -> dict[int, Painting]:
    """By person."""
    from ned.renderer.neural.appearance import remember
    from ned.renderer.neural.renderer import Painting, load_network

    network, settings = load_network(META)
    people = {edit.track.person: [e for e in edits if e.track.person == edit.track.person] for edit in edits}
    found = {}
    with clock.stage("remembering", settings.memory * len(people)) as stage:
        for person, tracks in people.items():
            read = lambda indices: frames_at(config.input, indices, frame_rate)  # noqa: E731
            memory = remember(tracks, settings.size, settings.memory, read, stage)
            if memory is not None:
                found[person] = Painting(network, memory, settings.size)
    return found
