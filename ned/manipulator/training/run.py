"""Training and measuring the manipulator: from paths to checkpoints and figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ned.errors import UserError
from ned.face_model import load_face_model
from ned.face_model.spaces import SPACES
from ned.files.checkpoint import TrainingRecord
from ned.manipulator import effects_of, evaluation
from ned.manipulator.corpus.store import Corpus, load_corpus
from ned.manipulator.learned import LearnedManipulator, load_manipulator
from ned.manipulator.prototypes import PrototypeManipulator
from ned.manipulator.settings import ManipulatorConfig
from ned.manipulator.training.batches import BatchSource, LabelledBatches, MixedBatches, SyntheticBatches
from ned.manipulator.training.data import LabelledTrack, load_labelled
from ned.manipulator.training.items import TracksOf
from ned.manipulator.training.learner import ManipulatorLearner
from ned.runtime.progress import Progress, Silent
from ned.training.loop import Schedule, train
from ned.types import EMOTIONS, ExpressionSpace

HELD_OUT = 0.2
"""Share of the people of labelled data that is not trained on."""

MEASURED_SOURCES = 14


def train_manipulator(
    settings: ManipulatorConfig,
    data: tuple[Path, ...],
    out: Path,
    schedule: Schedule,
    space: str = "arkit52",
    progress: Progress | None = None,
    command: str = "",
    licence: str = "",
    tracks_of: TracksOf | None = None,
) -> TrainingRecord:
    """Trains on corpora and labelled folders together; checkpoints go to `out`. `tracks_of`: see `load_labelled`.
    Raises UserError for bad data."""
    progress = progress or Silent()
    known = SPACES[space]
    corpora = [load_corpus(path) for path in data if path.is_file()]
    for corpus, path in zip(corpora, [p for p in data if p.is_file()], strict=True):
        if corpus.space.name != space:
            raise UserError(f"speaks {corpus.space.name}, not {space}", path=path, remedy="pass --space")
    folders = [path for path in data if not path.is_file()]
    labelled = [track for folder in folders for track in load_labelled(folder, known, progress, tracks_of)]
    trained, held = hold_out(labelled, settings.seed)
    sources: list[BatchSource] = [SyntheticBatches(known, corpus.of("train")) for corpus in corpora]
    shares = [2.0] * len(sources)
    if trained:
        labels = [EMOTIONS.index(t.emotion) for t in trained]
        sources.append(LabelledBatches(known, [t.values for t in trained], labels))
        shares.append(1.0)
    if not sources:
        raise UserError("no data", remedy="name a corpus or a folder of labelled tracks")
    effects, measure = None, None
    if space == "arkit52":
        effects = effects_of(load_face_model())
        if corpora:
            bench = evaluation.make_bench(corpora[0], effects, MEASURED_SOURCES, settings.seed)
            measure = lambda family: evaluation.measure_family(family, bench)  # noqa: E731
    if measure is None and held:
        labelled_bench = evaluation.labelled_bench(known, trained, held, settings.seed)
        measure = lambda family: evaluation.measure_labelled(family, labelled_bench)  # noqa: E731
    source = sources[0] if len(sources) == 1 else MixedBatches(sources, shares)
    learner = ManipulatorLearner(settings, source, effects and effects.opening, measure)
    said = [f"{path.name}: {len(c.clean)} synthetic people from {', '.join(c.sources)}"
            for path, c in zip([p for p in data if p.is_file()], corpora, strict=True)]  # fmt: skip
    said += [f"{path.name}: labelled tracks" for path in data if not path.is_file()]
    record = TrainingRecord(tuple(said), command, settings.seed, licence=licence)
    return train(learner, out, schedule, record, progress)


def hold_out(tracks: list[LabelledTrack], seed: int) -> tuple[list[LabelledTrack], list[LabelledTrack]]:
    """Tracks to train on and those of the people held out; none held out where there are fewer than three people."""
    people = sorted({track.person for track in tracks})
    if len(people) < 3:
        return tracks, []
    np.random.default_rng(seed).shuffle(people)
    held = set(people[: max(1, round(HELD_OUT * len(people)))])
    return [t for t in tracks if t.person not in held], [t for t in tracks if t.person in held]


def compare_manipulators(
    checkpoint: Path, data: Path, sources: int, seed: int, progress: Progress | None = None
) -> tuple[dict[str, evaluation.Figures], float]:
    """The figures of a checkpoint beside copy-input, mean-offset and the prototypes; and the judge's own accuracy."""
    corpus: Corpus = load_corpus(data)
    space: ExpressionSpace = corpus.space
    family = load_manipulator(checkpoint, space)
    effects = effects_of(load_face_model())
    with (progress or Silent()).stage("measuring", 5) as stage:
        bench = evaluation.make_bench(corpus, effects, sources, seed)
        stage.advance()
        learned = LearnedManipulator(space, effects, family=family)
        editors = {
            "learned": evaluation.editor_of(learned, bench),
            "prototypes": evaluation.editor_of(PrototypeManipulator(space, effects), bench),
            "mean offset": evaluation.mean_offset(bench),
            "copy input": evaluation.copy_input(bench),
        }
        rows = {}
        for name, edit in editors.items():
            rows[name] = evaluation.measure(edit, bench, learned if name == "learned" else None)
            stage.advance()
    return rows, bench.judge_accuracy


def print_rows(rows: dict[str, evaluation.Figures], judge_accuracy: float) -> None:
    """One row a manipulator, to standard output."""
    print(f"the judge itself: {judge_accuracy:.3f} of real displays of the same people")
    names = ("accuracy", "jaw_pcc", "closures", "style_ratio", "imitated", "cycle", "monotone")
    titles = ("accuracy", "jaw pcc", "closures", "style ÷", "imitated", "cycle", "monotone", *EMOTIONS)
    print(f"{'':12s}" + "".join(f"{title:>11s}" for title in titles))
    for row, figures in rows.items():
        values = [getattr(figures, name) for name in names] + list(figures.per_emotion)
        cells = "".join(f"{'–':>11s}" if np.isnan(value) else f"{value:11.3f}" for value in values)
        print(f"{row:12s}{cells}")
