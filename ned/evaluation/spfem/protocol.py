"""The figures of the protocol, from edits and real frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ned.errors import NedError, ProcessingError
from ned.evaluation.judges.mesh import FaceMesh
from ned.evaluation.judges.protocol import FeatureJudge, SyncJudge
from ned.evaluation.metrics import cosine, frechet_distance
from ned.evaluation.sheets import read_at
from ned.evaluation.spfem.layout import ACTORS, Task
from ned.evaluation.sync import lip_sync_of
from ned.runtime.progress import Progress
from ned.video import probe

FRAMES = 100
"""Of each actor, generated and real."""

PUBLISHED = {
    "ICface": {"same": (6.795, 10.083, 0.775), "cross": (9.540, 11.238, 0.688)},
    "NED 2022": {"same": (2.108, 9.454, 0.831), "cross": (4.448, 9.906, 0.773)},
    "NED + CDRL 2025": {"same": (1.025, 9.378, 0.914), "cross": (4.344, 9.351, 0.792)},
    "NED + STCCL 2026": {"same": (1.077, 9.359, 0.914), "cross": (4.169, 9.216, 0.795)},
}
"""FAD, LSE-D, CSIM as their authors give them."""


@dataclass(frozen=True)
class ProtocolRow:
    """One method in one setting, means over actors; None where a judge is missing."""

    method: str
    setting: str
    fad: float | None
    lse_d: float | None
    csim: float | None
    actors: int
    frames: int


@dataclass(frozen=True)
class FeatureJudges:
    """What the figures are made of."""

    identity: FeatureJudge | None
    """ArcFace-ResNet18: FAD."""
    expression: FeatureJudge | None
    """EfficientFace of AffectNet-7: CSIM."""
    sync: SyncJudge | None = None
    """SyncNet: LSE-D."""


def run_protocol(
    tasks: Sequence[Task],
    edit: Callable[[Task], Path],
    judges: FeatureJudges,
    seed: int,
    progress: Progress,
    frames: int = FRAMES,
) -> list[ProtocolRow]:
    """Rows of the edits and of the sources left as they are, in both settings, of `frames` frames an actor.

    `edit` makes the edited video of a task. One that fails is told and left out; ProcessingError where all of an
    actor's do.
    """
    made: dict[Task, Path] = {}
    with progress.stage("editing", len(tasks)) as stage:
        for task in tasks:
            try:
                made[task] = edit(task)
            except NedError as error:
                progress.note(f"left out: {error}")
            stage.advance()
    out = []
    for setting in ("same", "cross"):
        some = [task for task in tasks if task.setting == setting and task in made]
        for method, video in (("copy-input", lambda task: task.source), ("ned", made.__getitem__)):
            row = _row(method, setting, some, video, judges, seed, progress, frames)
            out.append(row)
    return out


def _row(
    method: str,
    setting: str,
    tasks: list[Task],
    video: Callable[[Task], Path],
    judges: FeatureJudges,
    seed: int,
    progress: Progress,
    wanted: int,
) -> ProtocolRow:
    if judges.identity is None and judges.expression is None and judges.sync is None:
        return ProtocolRow(method, setting, None, None, None, 0, 0)
    fads, distances, cosines, frames = [], [], [], 0
    with progress.stage(f"{method}, {setting}", len(ACTORS)) as stage:
        for actor in ACTORS:
            own = [task for task in tasks if task.actor == actor]
            if not own:
                raise ProcessingError(f"no edit of {actor} succeeded", remedy="look at the notes above")
            rng = np.random.default_rng(seed)
            generated, real = _pairs(own, video, judges, rng, wanted)
            if len(generated["any"]) < 2:
                raise ProcessingError(f"no face is found in the videos of {actor}", remedy="check that they are MEAD's")
            frames += len(generated["any"])
            if judges.identity is not None:
                try:
                    fads.append(frechet_distance(np.stack(generated["identity"]), np.stack(real["identity"])))
                except ValueError as error:
                    raise ProcessingError(f"no FAD of {actor}: {error}", remedy="fetch the model again") from error
            if judges.expression is not None:
                alike = cosine(np.stack(generated["expression"]), np.stack(real["expression"]))
                if not np.isfinite(alike).all():
                    raise ProcessingError(f"no CSIM of {actor}: features that are not finite, or zero",
                                          remedy="fetch the model again")  # fmt: skip
                cosines.append(float(alike.mean()))
            distances += _distances(own, video, judges)
            stage.advance()
    mean = lambda values: float(np.mean(values)) if values else None  # noqa: E731
    return ProtocolRow(method, setting, mean(fads), mean(distances), mean(cosines), len(ACTORS), frames)


def _distances(tasks: list[Task], video: Callable[[Task], Path], judges: FeatureJudges) -> list[float]:
    """LSE-D of each video that has sound and a face; none without SyncNet."""
    if judges.sync is None:
        return []
    found = [lip_sync_of(video(task), judges.sync) for task in tasks]
    return [one.distance for one in found if one is not None]


def _pairs(
    tasks: list[Task], video: Callable[[Task], Path], judges: FeatureJudges, rng: np.random.Generator, wanted: int
) -> tuple[dict[str, list[np.ndarray]], dict[str, list[np.ndarray]]]:
    """Features of `wanted` frames generated and as many real ones, spread over an actor's tasks; each pair shows the
    same emotion."""
    sides: tuple[dict[str, list[np.ndarray]], dict[str, list[np.ndarray]]] = (
        {"any": [], "identity": [], "expression": []}, {"any": [], "identity": [], "expression": []},
    )  # fmt: skip
    share = np.array_split(np.arange(wanted), len(tasks))
    with FaceMesh(still=True) as mesh:
        for task, part in zip(tasks, share, strict=True):
            found = [_features(path, len(part), judges, mesh, rng) for path in (video(task), task.truth)]
            for a, b in zip(*found, strict=False):
                for side, values in zip(sides, (a, b), strict=True):
                    for name, value in values.items():
                        side[name].append(value)
    return sides


def _features(
    path: Path, count: int, judges: FeatureJudges, mesh: FaceMesh, rng: np.random.Generator
) -> list[dict[str, Float[np.ndarray, "features"]]]:
    """Of up to `count` frames with a face, drawn without order."""
    total = max(1, probe(path).num_frames)
    wanted = np.sort(rng.choice(total, min(count, total), replace=False))
    out = []
    for _, rgb in sorted(read_at(path, wanted).items()):
        points = mesh(rgb)
        if points is None:
            continue
        row = {"any": np.zeros(1)}
        for name in ("identity", "expression"):
            judge = getattr(judges, name)
            if judge is not None:
                row[name] = judge.features(rgb, points)
        out.append(row)
    return out


def as_text(rows: Sequence[ProtocolRow], missing: dict[str, str]) -> str:
    """The table with the published rows; a figure without its judge is named, never 0."""
    lines = [
        f"{'':20s}"
        + "".join(f"{f'{s} identity: {n}':>24s}" for s in ("same", "cross") for n in ("FAD", "LSE-D", "CSIM"))
    ]
    table: dict[str, dict[str, tuple[float | None, ...]]] = {name: dict(v) for name, v in PUBLISHED.items()}
    for row in rows:
        table.setdefault(row.method + " (here)", {})[row.setting] = (row.fad, row.lse_d, row.csim)
    for name, settings in table.items():
        cells = [v for s in ("same", "cross") for v in settings[s]]
        lines.append(f"{name:20s}" + "".join(f"{'not computed' if v is None else f'{v:.3f}':>24s}" for v in cells))
    lines += [f"{figure} not computed: {why}" for figure, why in missing.items()]
    return "\n".join(lines) + "\n"
