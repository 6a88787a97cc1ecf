"""`ned train vitl` and `ned evaluate vitl`: the slider on the resting faces of a corpus."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ned.errors import UserError
from ned.face_model.spaces import ARKIT52
from ned.files.checkpoint import TrainingRecord
from ned.manipulator.corpus.store import load_corpus
from ned.manipulator.vitl.evaluation import compare, smoothness
from ned.manipulator.vitl.settings import SliderConfig
from ned.manipulator.vitl.training.displays import Displays, invented_faces, make_displays, resting_faces
from ned.manipulator.vitl.training.fit import fit_slider, save_slider
from ned.training.loop import BEST

_SEEDS = {"train": 2**19, "judge": 2**20, "test": 2**21}
MEASURED_PEOPLE = 60


def people_of(data: Path | None, split: str, count: int = MEASURED_PEOPLE) -> Displays:
    """Displays by people with the resting faces of a corpus's split; by invented ones where there is no corpus."""
    rng = np.random.default_rng(_SEEDS[split])
    if data is None:
        return make_displays(ARKIT52, invented_faces(ARKIT52, count, rng), rng)
    corpus = load_corpus(data)
    if corpus.space.name != ARKIT52.name:
        raise UserError(f"speaks {corpus.space.name}", path=data, remedy="the slider speaks arkit52")
    return make_displays(ARKIT52, resting_faces(ARKIT52, corpus.of(split), rng)[:count], rng)


def known_people(config: SliderConfig) -> Displays:
    """Whom the trivial answers know: those that the shipped slider was fitted to."""
    rng = np.random.default_rng(config.seed)
    return make_displays(ARKIT52, invented_faces(ARKIT52, config.people, rng), rng)


def train_slider(
    config: SliderConfig, data: Sequence[Path], out: Path, *, command: str = "", licence: str = ""
) -> TrainingRecord:
    """Fit on a corpus's train people and write `best.safetensors` into `out`; measured on its test people. Raises
    UserError for anything but one corpus."""
    if len(data) != 1:
        raise UserError(f"{len(data)} data sets were given", remedy="give one corpus of scripts/build/corpus.py")
    known = people_of(data[0], "train", config.people)
    began = time.monotonic()
    slider = fit_slider(ARKIT52, config, known)
    seconds = time.monotonic() - began
    test = people_of(data[0], "test")
    metrics = [(row.name, row.rms) for row in compare(slider, known, test)]
    metrics.append(("5 degrees", smoothness(slider, test).step_largest))
    record = TrainingRecord(
        (f"{data[0].name}: resting faces",), command, config.seed, 1, round(seconds, 1), tuple(metrics), licence
    )
    out.mkdir(parents=True, exist_ok=True)
    save_slider(out / BEST, slider, config, ARKIT52, record)
    return record
