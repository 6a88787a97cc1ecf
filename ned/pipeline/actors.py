"""Networks of their own for the edited people: the actor who was named, or one made within this run."""

from __future__ import annotations

from collections.abc import Sequence

from ned import workspace
from ned.config import ProcessConfig
from ned.edit.track_edit import TrackEdit
from ned.renderer.neural.mesh import MeshDrawing
from ned.renderer.protocol import PersonWeights
from ned.runtime.progress import Progress


def weights_of(
    edits: Sequence[TrackEdit], config: ProcessConfig, drawing: MeshDrawing | None, progress: Progress
) -> dict[int, PersonWeights]:
    """By person. A named actor is the most prominent of those edited; fine-tuning is for each of them. Raises
    UserError for an actor who is not there."""
    if config.actor is None and config.finetune_minutes == 0:
        return {}
    from ned.renderer.neural.actors import load_actor

    people = list(dict.fromkeys(edit.track.person for edit in edits))
    if config.finetune_minutes > 0:
        from ned.renderer.neural.training.finetuning import finetune

        chance = f"-{config.seed}" if config.seed else ""
        if config.renderer_weights is not None:  # an actor for each network that it begins from
            chance += f"-{workspace.sha256_of(config.renderer_weights)[:8]}"
        found = {}
        for person in people:
            name = config.actor or f"{workspace.fingerprint(config.input)[:16]}-{person}{chance}"
            minutes, seed = config.finetune_minutes, config.seed
            found[person] = finetune(
                [config.input], name, minutes, progress, config.renderer_weights, person, seed=seed, drawing=drawing
            )
    else:
        found = {people[0]: load_actor(config.actor)}
    return {person: PersonWeights(actor.weights, actor.record.strength) for person, actor in found.items()}
