"""What each part of the manipulator is worth: trained without it for as long, beside the whole and the paper's.

    python scripts/evaluate/ablate_manipulator.py corpus.npz --work runs [--minutes 6] [--only ours no_gan …]

Every row is measured on the corpus's held-out people, without the guards of an edit, which hide differences: share of
edits that the judge takes for the target; median correlation of the mouth's opening; closures kept; style distance to
a reference, edited ÷ source; distance to the true answers ÷ that of the untouched source; how much faster the answer
moves from frame to frame than the true one. Runs go on where they stopped.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from ned.face_model import load_face_model
from ned.files.checkpoint import load_checkpoint, part_of
from ned.manipulator import effects_of, evaluation
from ned.manipulator.corpus.store import Corpus, load_corpus
from ned.manipulator.family import Family, load_family
from ned.manipulator.graphs import TorchNetworks
from ned.manipulator.learned import LearnedManipulator
from ned.manipulator.resample import resample
from ned.manipulator.settings import NOMINAL_RATE, SEEN, ManipulatorConfig
from ned.manipulator.training.batches import SyntheticBatches
from ned.manipulator.training.run import train_manipulator
from ned.runtime.progress import for_stream
from ned.training.loop import LAST, Schedule
from ned.types import EMOTIONS

OURS = ManipulatorConfig()
PAPER = Path(__file__).resolve().parents[2] / "configs" / "ned2022.yaml"
ANSWERS = 128


def variants() -> dict[str, ManipulatorConfig]:
    """By name; the paper's last."""
    paper = ManipulatorConfig.load(PAPER)
    return {
        "ours": OURS,
        "no_gan": replace(OURS, adversarial=0.0, gradient_penalty=0.0),
        "no_r1": replace(OURS, gradient_penalty=0.0),
        "no_closure": replace(OURS, closure=0.0),
        "no_spread": replace(OURS, spread=0.0),
        "no_answers": replace(OURS, supervised=0.0),
        "short_context": replace(OURS, levels=2),
        "paper_nets": replace(OURS, networks="ned2022", window=paper.window, batch=paper.batch, learning_rate=1e-4),
        "paper": paper,
    }


def measure(family: Family, corpus: Corpus, bench: evaluation.Bench) -> list[float]:
    """One row of the table."""
    learned = LearnedManipulator(corpus.space, bench.effects, networks=TorchNetworks(family))

    def bare(i: int, emotion: str, intensity: float) -> np.ndarray:
        values = bench.sources[i].pack()
        nominal = resample(values.astype(np.float32), NOMINAL_RATE, NOMINAL_RATE)
        styles = learned.emotion_styles(emotion, i, len(nominal))
        return values + intensity * learned.residual(nominal, styles) / SEEN

    figures = evaluation.measure(bare, bench, learned, monotone=False)
    error, speed = answer_errors(family, corpus)
    return [figures.accuracy, figures.jaw_pcc, figures.closures, figures.style_ratio, error, speed]


def answer_errors(family: Family, corpus: Corpus) -> tuple[float, float]:
    """Distance to the true answers ÷ that of the source; speed of the answers ÷ that of the true ones."""
    halo = family.halo
    frames = 96 + 2 * halo if halo else family.window
    batch = SyntheticBatches(corpus.space, corpus.of("test")).draw(ANSWERS, frames, np.random.default_rng(5))
    with torch.inference_mode():
        style = family.mapping(torch.from_numpy(batch.latent), torch.from_numpy(batch.target_emotion))
        answer = family.translator(torch.from_numpy(batch.source), style).numpy()
    inner = slice(halo, frames - halo)
    source, true = batch.source[:, inner], batch.by_label[:, inner]
    moved = lambda values: np.abs(np.diff(values, axis=1)).mean()  # noqa: E731
    return float(np.abs(answer - true).mean() / np.abs(source - true).mean()), float(moved(answer) / moved(true))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--minutes", type=float, default=6.0, help="training time of each")
    parser.add_argument("--only", nargs="+", choices=[*variants()], default=[*variants()])
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    corpus = load_corpus(given.corpus)
    bench = evaluation.make_bench(corpus, effects_of(load_face_model()), 2 * len(EMOTIONS))
    titles = ("steps", "accuracy", "jaw pcc", "closures", "style ÷", "answer ÷", "speed ÷")
    print(f"{'':16s}" + "".join(f"{title:>10s}" for title in titles), flush=True)
    for name in given.only:
        config, folder = variants()[name], given.work / name
        schedule = Schedule(10**6, 60 * given.minutes, 200, 10**6, config.ema, given.threads)
        train_manipulator(config, (given.corpus,), folder, schedule, progress=for_stream(quiet=True))
        known = load_checkpoint(folder / LAST, "manipulator in training", corpus.space.name)
        kinds = {"": "average." if config.ema else "now."} | ({" (no mean)": "now."} if name == "ours" else {})
        for said, prefix in kinds.items():
            family = load_family(corpus.space, config, part_of(known.tensors, prefix), folder / LAST)
            row = measure(family, corpus, bench)
            cells = "".join(f"{value:10.3f}" for value in row)
            print(f"{name + said:16s}{known.record.steps:10d}{cells}", flush=True)


if __name__ == "__main__":
    main()
