"""Learners of the renderer by kind of networks, and the checkpoints that they begin from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from ned.errors import UserError
from ned.face_model import FLAME50, load_face_model
from ned.files.checkpoint import Checkpoint, load_checkpoint, load_strictly, part_of, read_head
from ned.renderer.neural.mesh import MeshDrawing
from ned.renderer.neural.settings import RendererConfig
from ned.renderer.neural.training.crop_sequences import CropSequence
from ned.training.learner import Learner
from ned.training.loop import MAX_RESUME_BYTES

IN_TRAINING = " in training"


@runtime_checkable
class RendererLearner(Learner, Protocol):
    """A learner that can paint."""

    def generate(self, wanted: CropSequence, reference: CropSequence) -> Float[np.ndarray, "n s s 3"]:
        """The faces of `wanted` with the appearance of `reference`, RGB in [0, 1]."""
        ...

    def finish(
        self, wanted: CropSequence, reference: CropSequence
    ) -> tuple[Float[np.ndarray, "n s s 3"], Float[np.ndarray, "n s s 3"]] | None:
        """What stands in for edited frames of `wanted`, and what it is made into; None where the networks do not look
        at the edited frame."""
        ...


@dataclass(frozen=True)
class Start:
    """A checkpoint to begin from."""

    path: Path
    config: RendererConfig
    checkpoint: Checkpoint


def learner_class(networks: str) -> type[Any]:
    """The learner of a kind of networks."""
    if networks == "ned2022":
        from ned.renderer.neural.training.learner2022 import Ned2022Learner

        return Ned2022Learner
    from ned.renderer.neural.training.learner import CandidateLearner

    return CandidateLearner


def load_start(path: Path) -> Start:
    """A renderer's checkpoint, either kind of file that training writes. Raises UserError for any other."""
    head = read_head(path, MAX_RESUME_BYTES)
    kinds = {learner_class(networks).kind for networks in RendererConfig.NETWORKS}
    said = head.get("kind", "")
    if said.removesuffix(IN_TRAINING) not in kinds:
        known = load_checkpoint(path, sorted(kinds)[0], max_bytes=MAX_RESUME_BYTES)  # refuses it
    else:
        known = load_checkpoint(path, said, max_bytes=MAX_RESUME_BYTES)
    config = RendererConfig.build(known.config, path)
    wanted = load_face_model().space.name if config.face_model == "canonical" else FLAME50.name
    if known.space != wanted:
        raise UserError(f"speaks the expression space {known.space[:40]}, not {wanted}", path=path,
                        remedy="name another file")  # fmt: skip
    return Start(path, config, known)


def build_learner(
    config: RendererConfig,
    footages: list[CropSequence],
    measure: Callable[[RendererLearner], dict[str, float]] | None = None,
    start: Start | None = None,
    drawing: MeshDrawing | None = None,
) -> RendererLearner:
    """Ready to train on `footages`, or to paint. Raises UserError where the weights of `start` do not fit, or FLAME's
    mesh is to be shown and cannot be."""
    kind, more = learner_class(config.networks), {}
    if config.face_model != "canonical":
        if drawing is None:
            raise UserError("is shown the mesh of FLAME", path=start.path if start else None,
                            remedy="add --face-model flame --flame-folder DIR")  # fmt: skip
        more = {"drawing": drawing}
    learner = kind(config, footages, load_face_model(), measure, **more)
    if start is not None:
        take_weights(learner, start)
    return learner


def take_weights(learner: RendererLearner, start: Start) -> None:
    """Strictly. Discriminators, which finished checkpoints do not hold, stay fresh."""
    tensors, path = start.checkpoint.tensors, start.path
    if start.checkpoint.kind.removesuffix(IN_TRAINING) != learner.kind:
        raise UserError(f"holds a {start.checkpoint.kind}, not a {learner.kind}", path=path, remedy="name another file")
    unfinished = start.checkpoint.kind.endswith(IN_TRAINING)
    for name, average in learner.averages.items():
        load_strictly(average, part_of(tensors, f"average.{name}." if unfinished else f"{name}."), path)
    for name, module in learner.modules.items():
        if unfinished:
            load_strictly(module, part_of(tensors, f"now.{name}."), path)
        elif name in learner.averages:
            load_strictly(module, part_of(tensors, f"{name}."), path)
