"""Training the neural renderer on many people, and measuring it: from paths to checkpoints and figures."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from ned import workspace
from ned.errors import UserError
from ned.files.checkpoint import TrainingRecord
from ned.renderer.neural.evaluation import Generator, Row, self_reenactment, warp_of_nearest
from ned.renderer.neural.mesh import MeshDrawing
from ned.renderer.neural.settings import RendererConfig
from ned.renderer.neural.training.crop_sequences import CropSequence
from ned.renderer.neural.training.preparation import Person, by_person, gather
from ned.renderer.neural.training.preview import HeldOut
from ned.renderer.neural.training.start import RendererLearner, Start, build_learner, load_start
from ned.runtime.progress import Progress, Silent
from ned.training.distributed import Ranks, joined_ranks
from ned.training.loop import Schedule, train
from ned.training.oom import within_memory

CROPS = "crops"
META_PEOPLE, META_FRAMES = 8, 6
"""Measured while training: so many people with so many held-out frames each."""


def adapt(
    config: RendererConfig,
    footages: list[CropSequence],
    folder: Path,
    schedule: Schedule,
    record: TrainingRecord,
    progress: Progress,
    start: Start | None = None,
    held: HeldOut | None = None,
    previews: Path | None = None,
    ranks: Ranks | None = None,
    drawing: MeshDrawing | None = None,
) -> tuple[RendererLearner, TrainingRecord]:
    """Trains on `footages` into `folder`, from the weights of `start` or from none, with half the batch where memory
    runs out; `held` is measured, and shown in the folder `previews`. Goes on where a former run stopped."""
    ranks = ranks or Ranks()
    schedule = replace(schedule, ema=config.ema, may_differ=("batch",))

    def preview(step: int, figures: Mapping[str, float]) -> None:
        if held is not None and previews is not None:
            held.show(step, figures, previews, progress)

    def run(batch: int) -> tuple[RendererLearner, TrainingRecord]:
        own = replace(config, batch=batch, seed=ranks.seed(config.seed))
        learner = build_learner(own, footages, held, start, drawing)
        timed = held is not None and math.isfinite(schedule.seconds)
        plan = replace(schedule, measuring_s=held.expected_s(learner)) if timed else schedule
        return learner, train(learner, folder, plan, record, progress, preview, ranks)

    if ranks.count > 1:  # one alone cannot begin again
        return run(config.batch)
    return within_memory(run, config.batch, progress)


def train_renderer(
    config: RendererConfig,
    data: tuple[Path, ...],
    out: Path,
    schedule: Schedule,
    progress: Progress | None = None,
    command: str = "",
    licence: str = "",
    hold_out: tuple[str, ...] = (),
    start: Path | None = None,
    drawing: MeshDrawing | None = None,
) -> TrainingRecord:
    """Trains on everybody in videos, folders of videos and prepared footage; crops are kept in `out`.

    The last tenth of every video is never trained on. People whose names match a pattern of `hold_out` are not trained
    on at all, and the figures are theirs. Under torchrun all processes train together. Raises UserError for bad data.
    """
    with joined_ranks() as ranks:
        progress = (progress if ranks.is_main else None) or Silent()
        begun = load_start(start) if start else None
        if begun and begun.config.networks != config.networks:
            raise UserError(f"holds {begun.config.networks}, not {config.networks}", path=start,
                            remedy="name settings that fit it")  # fmt: skip
        if drawing is not None:
            config = replace(config, face_model="flame", fit=drawing.fit)
            if begun:
                check_drawing(begun, drawing)
        if ranks.is_main:
            footages = gather(data, config.size, out / CROPS, progress, drawing)
        ranks.barrier()
        if not ranks.is_main:  # what the first has cut
            footages = gather(data, config.size, out / CROPS, progress, drawing)
        people = by_person(footages)
        unseen = [p for p in people if any(fnmatch.fnmatch(p.name, pattern) for pattern in hold_out)]
        trained = [p for p in people if p not in unseen]
        if not trained:
            raise UserError("all people are held out", remedy="name fewer with --hold-out, or give more footage")
        said = tuple(f"{p.name}: {len(p.train)} frames of {p.train.source}" for p in trained)
        known = begun.checkpoint.record.people if begun else ()
        record = TrainingRecord(said, command, config.seed, licence=licence,
                                people=tuple(dict.fromkeys((*known, *(p.name for p in trained)))))  # fmt: skip
        note_device(progress, schedule.threads)
        measured = unseen or trained
        chosen = [measured[i] for i in np.unique(np.linspace(0, len(measured) - 1, META_PEOPLE).round().astype(int))]
        held = HeldOut(chosen, META_FRAMES, consecutive=config.networks == "ned2022") if ranks.is_main else None
        _, done = adapt(
            config, [p.train for p in trained], out, schedule, record, progress, begun, held, out / "previews", ranks,
            drawing,
        )
        return done


def check_drawing(start: Start, drawing: MeshDrawing | None) -> None:
    """UserError where a checkpoint was shown another mesh, or the same by another fit."""
    was = start.config.face_model, start.config.fit
    now = ("flame", drawing.fit) if drawing else ("canonical", "landmarks")
    if was != now:
        said, asked = (model if model == "canonical" else f"{model} fitted by {fit}" for model, fit in (was, now))
        remedy = "name no --face-model" if was[0] == "canonical" else f"add --face-model flame --fit {was[1]}"
        raise UserError(f"was shown the mesh of {said}, not of {asked}", path=start.path, remedy=remedy)


def note_device(progress: Progress, threads: int) -> None:
    """Say where a GPU is missed."""
    if not torch.cuda.is_available():
        progress.note(f"no GPU: training on {threads} cores of the processor")


def evaluate_checkpoint(
    path: Path, data: Sequence[Path], progress: Progress | None = None
) -> tuple[list[Row], frozenset[str]]:
    """Rows of a checkpoint and of the nearest frame, bent, for everybody in `data`, without fine-tuning, then of edits
    as they are finished and of what stands in for the edited frames; and who was not trained on."""
    progress = progress or Silent()
    start = load_start(path)
    footages = gather(data, start.config.size, workspace.cache_root() / CROPS, progress)
    people, rows = by_person(footages), []
    with progress.stage("measuring", len(people)) as stage:
        for person in people:
            learner = build_learner(start.config, [person.train], None, start)
            generators: dict[str, Generator] = {"network": learner.generate, "warp": warp_of_nearest}
            edits = learner.finish(person.test, person.train)
            if edits is not None:
                generators |= {"edit": lambda *_, made=edits[1]: made, "edit bent": lambda *_, made=edits[0]: made}
            rows += self_reenactment(generators, person.train, person.test)
            stage.advance()
    return rows, unseen_people(start, people)


def unseen_people(start: Start | None, people: Sequence[Person]) -> frozenset[str]:
    """Those whom the checkpoint's record does not name."""
    known = start.checkpoint.record.people if start else ()
    return frozenset(person.name for person in people if person.name not in known)
