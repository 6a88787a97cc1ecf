"""How well a manipulator does on people it never saw, beside what changes nothing and a mean offset.

The judge is a classifier of sequences trained on people of its own. All rows are judged on what a fit would
see of the edited track, and go the whole way of an edit, guards included. A constant offset fools many
classifiers, so its row says how far that gets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from ned.manipulator.corpus.overlays import half_seen, random_display
from ned.manipulator.corpus.store import Corpus
from ned.manipulator.family import Family, as_seen
from ned.manipulator.graphs import TorchNetworks
from ned.manipulator.learned import LearnedManipulator
from ned.manipulator.protocol import Articulation, Effects, Manipulator
from ned.manipulator.settings import LATENT, NOMINAL_RATE, SEEN
from ned.manipulator.speech import CLOSED_SHARE
from ned.manipulator.temporal import TemporalDiscriminator
from ned.manipulator.training.batches import LabelledBatches, SyntheticBatches
from ned.manipulator.training.data import LabelledTrack
from ned.manipulator.training.losses import pearson
from ned.types import EMOTIONS, Edit, Emotion, ExpressionSpace, ExpressionTrack, Reference

WINDOW = 64
JUDGE_STEPS, JUDGE_BATCH = 300, 64
FACE_HEIGHT_CM = 11.5
LID_OPENING_CM = 1.0
INTENSITIES = (0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Figures:
    """One row. NaN where a figure makes no sense for the row."""

    accuracy: float
    """Share of edited tracks that the judge takes for the target, all seven emotions evenly."""
    per_emotion: tuple[float, ...]
    jaw_pcc: float
    """Median correlation of the mouth's opening with the original's."""
    closures: float
    """Share of the frames with closed lips whose lips stay closed (surprise, which opens silent mouths, left out)."""
    style_ratio: float
    """Median distance to a reference's style, edited ÷ source."""
    imitated: float
    """Share of edits after a reference that the judge takes for the reference's emotion."""
    cycle: float
    """Mean error of the coefficients after an edit back to the source's own style, seen scale."""
    monotone: float
    """Share of tracks whose probability of the target rises with the intensity in five steps: it never falls by
    more than .01, and ends higher than it began, or at .95 or more."""


@dataclass(frozen=True)
class Bench:
    """Held-out sources, references and the judge; the same for every row."""

    corpus: Corpus
    judge: TemporalDiscriminator
    sources: list[ExpressionTrack]
    articulations: list[Articulation]
    references: list[ExpressionTrack]
    """One a source, by another person; emotions in turn."""
    mean_shown: Float[np.ndarray, "emotions width"]
    """Mean difference that each emotion makes on the training people."""
    effects: Effects
    judge_accuracy: float
    """Of the judge on real displays of the people under test."""


def train_judge(corpus: Corpus, seed: int, steps: int) -> TemporalDiscriminator:
    """A classifier of windows, trained on the split `judge`, any display of intensity 0.3 to 1.1."""
    people = SyntheticBatches(corpus.space, corpus.of("judge"))

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        shows = random_display(corpus.space, JUDGE_BATCH, rng, (0.3, 1.1))
        return people.references(JUDGE_BATCH, WINDOW, shows, rng), shows.emotion

    return _taught(corpus.space, 0.15, draw, seed, steps)


def _taught(
    space: ExpressionSpace,
    scale: float,
    draw: Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]],
    seed: int,
    steps: int,
) -> TemporalDiscriminator:
    """A classifier of the windows that `draw` gives with their emotions; `scale` is about their size."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        judge = TemporalDiscriminator(space.width, len(EMOTIONS))
    judge.scale.fill_(scale)
    optimizer = torch.optim.Adam(judge.parameters(), lr=2e-3)
    for step in range(steps):
        windows, emotions = map(torch.from_numpy, draw(np.random.default_rng([seed, step, 7])))
        loss = torch.nn.functional.cross_entropy(judge(windows), emotions)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return judge.eval().requires_grad_(False)


def make_bench(corpus: Corpus, effects: Effects, sources: int, seed: int = 0) -> Bench:
    """`sources` tracks of test people with random moods, flanks and other emotions; a few seconds each."""
    judge = train_judge(corpus, seed, JUDGE_STEPS)
    people = SyntheticBatches(corpus.space, corpus.of("test"))
    rng = np.random.default_rng([seed, 99])
    frames = min(corpus.clean.shape[1], 300)
    batch = people.draw(sources, frames, rng)
    shows = random_display(corpus.space, sources, rng, (0.8, 1.0))
    shows.emotion[:] = np.arange(sources) % len(EMOTIONS)
    references = people.references(sources, frames, half_seen(shows, corpus.space, rng), rng)
    tracks = [ExpressionTrack.unpack(corpus.space, values) for values in batch.source]
    trained = SyntheticBatches(corpus.space, corpus.of("train"))
    seen = random_display(corpus.space, 350, rng)
    seen.emotion[:] = np.arange(350) % len(EMOTIONS)
    shown = trained.references(350, WINDOW, seen, rng).mean(1)
    means = np.stack([shown[seen.emotion == e].mean(0) for e in range(len(EMOTIONS))])
    right = _judged(judge, references).argmax(1) == shows.emotion
    return Bench(
        corpus, judge, tracks, [articulate(track, effects) for track in tracks],
        [ExpressionTrack.unpack(corpus.space, values) for values in references], means - means.mean(0), effects,
        float(right.mean()),
    )  # fmt: skip


def articulate(track: ExpressionTrack, effects: Effects) -> Articulation:
    """Openings as the coefficients alone say them."""
    values = track.pack().astype(np.float64)
    return Articulation(
        np.maximum(values @ effects.opening, 0.0), np.maximum(LID_OPENING_CM + values @ effects.lids, 0.0),
        FACE_HEIGHT_CM,
    )


Editor = Callable[[int, str, float], np.ndarray]
"""(index of the source, emotion, intensity) → packed coefficients as an edit needs them."""


def editor_of(manipulator: Manipulator, bench: Bench) -> Editor:
    """The edit of a manipulator."""

    def edit(i: int, emotion: str, intensity: float) -> np.ndarray:
        wanted = Edit(Emotion(emotion), intensity, seed=i)
        return manipulator.translate(bench.sources[i], bench.articulations[i], NOMINAL_RATE, wanted).pack()

    return edit


def copy_input(bench: Bench) -> Editor:
    """Changes nothing."""
    return lambda i, emotion, intensity: bench.sources[i].pack()


def mean_offset(bench: Bench) -> Editor:
    """Adds the emotion's mean difference, the same to everyone and in every frame."""

    def edit(i: int, emotion: str, intensity: float) -> np.ndarray:
        return bench.sources[i].pack() + intensity * bench.mean_shown[EMOTIONS.index(emotion)] / SEEN

    return edit


def measure(
    edit: Editor, bench: Bench, learned: LearnedManipulator | None = None, monotone: bool = True
) -> Figures:
    """The figures of one row; `learned` where references and the way back can be tried."""
    hits = np.zeros((len(bench.sources), len(EMOTIONS)))
    correlations, kept, rises = [], [], []
    for i, (source, said) in enumerate(zip(bench.sources, bench.articulations, strict=True)):
        original = source.pack()
        edited = [edit(i, emotion, 1.0) for emotion in EMOTIONS]
        seen = np.stack([as_fit_sees(original, values) for values in edited])
        hits[i] = _judged(bench.judge, seen).argmax(1) == np.arange(len(EMOTIONS))
        for emotion, values in zip(EMOTIONS, edited, strict=True):
            opening = said.mouth_opening + (values - original) @ bench.effects.opening
            if said.mouth_opening.std() > 0.02:
                correlations.append(np.corrcoef(opening, said.mouth_opening)[0, 1])
            shut = said.mouth_opening < CLOSED_SHARE * FACE_HEIGHT_CM / 2
            if shut.any() and emotion != "surprised":
                kept.append((opening[shut] < CLOSED_SHARE * FACE_HEIGHT_CM).mean())
        if monotone:
            e = i % len(EMOTIONS)
            steps = [as_fit_sees(original, edit(i, EMOTIONS[e], k)) for k in INTENSITIES]
            said_so = _judged(bench.judge, np.stack(steps))[:, e]
            ended = said_so[-1] >= 0.95 or said_so[-1] > said_so[0] + 0.05
            rises.append(ended and bool((np.diff(said_so) > -0.01).all()))
    ratio, imitated, cycle = _imitation(bench, learned) if learned else (np.nan,) * 3
    return Figures(
        float(hits.mean()), tuple(map(float, hits.mean(0))), float(np.median(correlations)), float(np.mean(kept)),
        ratio, imitated, cycle, float(np.mean(rises)) if rises else np.nan,
    )  # fmt: skip


def as_fit_sees(original: np.ndarray, edited: np.ndarray) -> np.ndarray:
    """Edited coefficients as a fit of the edited video would find them."""
    return np.clip(original + SEEN * (edited - original), 0.0, 1.0).astype(np.float32)


def _judged(judge: TemporalDiscriminator, tracks: Float[np.ndarray, "tracks frames width"]) -> np.ndarray:
    """Mean probabilities of the emotions over the windows of each track."""
    starts = range(0, tracks.shape[1] - WINDOW + 1, WINDOW // 2)
    windows = np.stack([tracks[:, s : s + WINDOW] for s in starts], 1)
    with torch.inference_mode():
        logits = judge(torch.from_numpy(windows.reshape(-1, WINDOW, tracks.shape[2]).astype(np.float32)))
    return torch.softmax(logits, -1).reshape(len(tracks), len(starts), -1).mean(1).numpy()


def _imitation(bench: Bench, learned: LearnedManipulator) -> tuple[float, float, float]:
    """Distance to the references' styles (edited ÷ source), their emotions hit, and the error after the way back."""
    ratios, hits, errors = [], [], []
    pairs = zip(bench.sources, bench.articulations, bench.references, strict=True)
    for i, (source, said, reference) in enumerate(pairs):
        wanted = learned.reference_style((reference,), (NOMINAL_RATE,))
        edit = Edit(Reference((reference,), (NOMINAL_RATE,)))
        original = source.pack()
        seen = as_fit_sees(original, learned.translate(source, said, NOMINAL_RATE, edit).pack())
        distance = lambda values: np.abs(learned.window_styles(values) - wanted).mean()  # noqa: E731, B023
        ratios.append(distance(seen) / max(distance(original), 1e-6))
        hits.append(_judged(bench.judge, seen[None])[0].argmax() == i % len(EMOTIONS))
        own = learned.reference_style((source,), (NOMINAL_RATE,))
        back = seen + learned.residual(seen, own[None])
        errors.append(np.abs(back - original).mean())
    return float(np.median(ratios)), float(np.mean(hits)), float(np.mean(errors))


@dataclass(frozen=True)
class LabelledBench:
    """Held-out labelled tracks and a judge; for data without known answers, in any expression space."""

    space: ExpressionSpace
    judge: TemporalDiscriminator
    windows: Float[np.ndarray, "windows frames width"]


def labelled_bench(
    space: ExpressionSpace, trained: list[LabelledTrack], held: list[LabelledTrack], seed: int
) -> LabelledBench:
    """The judge is taught on the people that are trained on, for few are held out."""
    source = LabelledBatches(space, [t.values for t in trained], [EMOTIONS.index(t.emotion) for t in trained])
    size = float(np.concatenate([t.values for t in trained]).std())

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        batch = source.draw(JUDGE_BATCH, WINDOW, rng)
        return batch.source, batch.source_emotion

    judge = _taught(space, max(size, 1e-3), draw, seed, JUDGE_STEPS)
    rng = np.random.default_rng([seed, 98])
    people = LabelledBatches(space, [t.values for t in held], [EMOTIONS.index(t.emotion) for t in held])
    return LabelledBench(space, judge, people.draw(56, WINDOW, rng).source)


def measure_labelled(family: Family, bench: LabelledBench) -> dict[str, float]:
    """Accuracy over all emotions and the jaw's correlation on windows of held-out people, without guards."""
    windows, halo = torch.from_numpy(bench.windows), family.halo
    padded = torch.nn.functional.pad(windows.mT, (halo, halo), mode="replicate").mT if halo else windows
    hits, correlations = [], []
    with torch.inference_mode():
        for e in range(len(EMOTIONS)):
            styles = family.mapping(torch.zeros(len(windows), LATENT), torch.full((len(windows),), e))
            edited = as_seen(family.translator(padded, styles), bench.space)
            hits.append((bench.judge(edited).argmax(1) == e).float().mean())
            correlations.append(pearson(windows[..., 0], edited[..., 0]).mean())
    accuracy, jaw = float(torch.stack(hits).mean()), float(torch.stack(correlations).mean())
    return {"accuracy": accuracy, "jaw_pcc": jaw, "score": accuracy + 0.5 * min(jaw - 0.97, 0.0)}


def measure_family(family: Family, bench: Bench) -> dict[str, float]:
    """For the training loop; the score is the accuracy, less what imitation falls short of."""
    learned = LearnedManipulator(bench.corpus.space, bench.effects, networks=TorchNetworks(family))
    figures = measure(editor_of(learned, bench), bench, learned, monotone=False)
    score = figures.accuracy - 0.5 * max(figures.style_ratio - 0.4, 0.0)
    return {"accuracy": figures.accuracy, "jaw_pcc": figures.jaw_pcc, "closures": figures.closures,
            "style_ratio": figures.style_ratio, "cycle": figures.cycle, "score": score}  # fmt: skip
