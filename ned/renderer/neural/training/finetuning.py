"""Fine-tuning the renderer to one actor: from videos to an entry of the actor store."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ned import workspace
from ned.analysis.appearance import appearance_distance
from ned.errors import UserError
from ned.files.atomic import atomic_path, write_text
from ned.files.checkpoint import TrainingRecord, check_digest, load_checkpoint
from ned.renderer.neural import actors
from ned.renderer.neural.mesh import MeshDrawing
from ned.renderer.neural.training.crop_sequences import (
    MOST_FRAMES,
    CropBudget,
    CropSequence,
    embedding_of,
    load_footage,
    person_like,
)
from ned.renderer.neural.training.preparation import PREPARED, by_person, fitting, prepare
from ned.renderer.neural.training.preview import HeldOut
from ned.renderer.neural.training.run import adapt, check_drawing, note_device
from ned.renderer.neural.training.start import IN_TRAINING, load_start
from ned.renderer.neural.weights import SHIPPED
from ned.runtime.progress import Progress, Silent
from ned.training.loop import BEST, LAST, Schedule

LOOK_S = 50.0
"""Seconds between checkpoints: with the time that one takes, a kill loses less than a minute."""

LEAST_S, ENOUGH_S = 2.0, 10.0
"""CropSequence below which nothing is learnt, and from which what was learnt counts in full."""

MEASURED_FRAMES = 24
OTHER_PERSON = 0.3
"""Difference of appearances beyond which two videos may show two people. Between halves of 22 clips it is at most .17;
of 231 pairs of clips all but three, which come from one recording, have at least .34."""
_JOB = "job.json"


def finetune(
    videos: Sequence[Path],
    name: str,
    minutes: float,
    progress: Progress | None = None,
    weights: Path | None = None,
    number: int | None = None,
    threads: int = 2,
    seed: int = 0,
    overwrite: bool = False,
    command: str = "",
    began: float | None = None,
    drawing: MeshDrawing | None = None,
) -> actors.Actor:
    """Fits the renderer to the most prominent person of the first of `videos` (or the one with this `number` in
    `ned analyse`), in the others to who looks most alike, and keeps the result as the actor `name`.

    The same call goes on after an interruption, and with more minutes from where the shorter one ended. `weights`: a
    checkpoint to begin from instead of the shipped one. Raises UserError for footage that does not do, and for an
    actor of this name that was made of other videos unless `overwrite`. The minutes are all told, of this run and of
    those that it goes on from, preparation and the last measurement included; they count from `began`, a moment of
    `time.monotonic` (default: now). `drawing` is for checkpoints that are shown FLAME's mesh.
    """
    progress, began = progress or Silent(), time.monotonic() if began is None else began
    folder = workspace.actor_folder(name)
    for video in videos:
        workspace.check_input(video)
    if weights is None and not SHIPPED.exists():
        raise UserError("no trained renderer is shipped with this ned", remedy="pass --weights")
    check_digest(weights or SHIPPED)
    start = load_start(weights or SHIPPED)
    check_drawing(start, drawing)
    config = replace(start.config, seed=seed)
    key = {"videos": sorted(workspace.fingerprint(video) for video in videos), "number": number,
           "weights": workspace.sha256_of(start.path), "seed": seed}  # fmt: skip
    if drawing is not None:
        key["mesh"] = drawing.digest
    with workspace.alone_in(folder, name):
        work = folder / actors.WORK
        _claim(work, key, name, overwrite)
        kept, seconds, budget = [], 0.0, CropBudget(MOST_FRAMES)
        for video in videos:
            path = _crops_of(video, config.size, folder / actors.CROPS, number, budget.footages, progress, drawing)
            footage = fitting(load_footage(path), config.size, video, drawing)
            _say_who(footage, number, budget.footages, progress)
            budget.add(replace(footage, person=name))
            seconds += len(footage) / footage.rate
            kept.append(path.name)
        strength = _strength(seconds, videos[0], progress)
        person = by_person(budget.footages)[0]
        del footage, budget  # gigabytes
        note_device(progress, threads)
        held = HeldOut([person], MEASURED_FRAMES, consecutive=config.networks == "ned2022")
        record = TrainingRecord(
            tuple(video.name for video in videos), command, seed, people=(*start.checkpoint.record.people, name)
        )
        never = 10**9
        schedule = Schedule(never, 60.0 * minutes, never, never, threads=threads, checkpoint_seconds=LOOK_S,
                            look_seconds=LOOK_S, began=began)  # fmt: skip
        _, done = adapt(
            config, [person.train], work, schedule, record, progress, start, held, folder / actors.PREVIEWS,
            drawing=drawing,
        )
        best = load_checkpoint(work / BEST, start.checkpoint.kind.removesuffix(IN_TRAINING))
        figures = dict(best.record.metrics)
        with atomic_path(workspace.actor_weights(name)) as temporary:
            shutil.copyfile(work / BEST, temporary)
        found = actors.ActorRecord(
            name, tuple(video.name for video in videos), tuple(kept), round(seconds, 2), round(strength, 3),
            round(done.seconds / 60.0, 2), done.steps, config.size, figures["fapd"], figures["warp_fapd"],
            workspace.sha256_of(workspace.actor_weights(name)),
        )  # fmt: skip
        actors.save_record(folder, found)
        for path in (folder / actors.CROPS).iterdir():
            if path.name not in kept:
                path.unlink()
    return actors.Actor(folder, found)


def _crops_of(
    video: Path, size: int, crops: Path, number: int | None, before: Sequence[CropSequence], progress: Progress,
    drawing: MeshDrawing | None,
) -> Path:
    """The actor's own file of crops of a video: of the person with this number, or who looks most like the person of
    the videos `before`."""
    if before and video.suffix.lower() != PREPARED:
        number = person_like(video, embedding_of(before[0]), progress)
    path = prepare(video, size, crops, progress, number, drawing)
    if path.parent == crops:
        return path
    crops.mkdir(exist_ok=True)
    copy = crops / f"{path.stem[:60]}-{workspace.fingerprint(path)[:12]}{PREPARED}"
    with atomic_path(copy) as temporary:
        shutil.copyfile(path, temporary)
    return copy


def _claim(work: Path, key: dict[str, object], name: str, overwrite: bool) -> None:
    """The training folder holds this work, or nothing; UserError where it holds another."""
    try:
        known = json.loads((work / _JOB).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = None
    if known != key and work.exists():
        trained = (work / LAST).exists() or (work.parent / actors.RECORD).exists()
        if known is not None and trained and not overwrite:
            raise UserError(f"actor {name!r} was made of other footage or weights", path=work.parent,
                            remedy="choose another --name, or pass --overwrite to begin anew")  # fmt: skip
        for old in (work, work.parent / actors.PREVIEWS):
            shutil.rmtree(old, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    write_text(work / _JOB, json.dumps(key, indent=1, sort_keys=True) + "\n")


def _say_who(footage: CropSequence, number: int | None, before: Sequence[CropSequence], progress: Progress) -> None:
    """Notes on whom the footage shows."""
    if before:
        if appearance_distance(embedding_of(before[0]), embedding_of(footage)) > OTHER_PERSON:
            progress.note(
                f"{footage.source}: looks like another person than {before[0].source}; one actor is one person, so "
                "leave it out unless you know better"
            )
    elif footage.people > 1 and number is None:
        progress.note(f"{footage.source}: {footage.people} people; learnt is the most prominent, or pass --person")


def _strength(seconds: float, video: Path, progress: Progress) -> float:
    """What so many seconds of footage are good for, said where it is not all. UserError where they are too few."""
    if seconds < LEAST_S:
        raise UserError(
            f"the face is seen for {seconds:.1f} s, {LEAST_S:g} s are the least, {ENOUGH_S:g} s are enough",
            path=video, remedy="give a longer video, or several",
        )  # fmt: skip
    strength = min(1.0, seconds / ENOUGH_S)
    if strength < 1:
        progress.note(
            f"{seconds:.1f} s of footage, {ENOUGH_S:g} s are enough: what is learnt counts {strength:.0%}, "
            "what the shipped network knows the rest"
        )
    return strength
