"""Fits the slider that `ned` ships, in seconds and without any clip, and says how good it is.

    python scripts/build/slider.py [--out ned/assets/vitl.safetensors] [--data corpus.npz] [--choose]

Displays are read from `ned/manipulator/prototypes.py` and `ned/manipulator/vitl/plane.py`: run it after changing them.
`--data` is a corpus of scripts/build/corpus.py: its test people, who come from clips of real ones, are measured on, and
with `--choose` the width and λ are chosen on its judge people instead of the defaults. Without it, invented people.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from ned.face_model.spaces import ARKIT52
from ned.files.checkpoint import TrainingRecord
from ned.manipulator.vitl.evaluation import compare, print_rows, smoothness
from ned.manipulator.vitl.settings import SliderConfig
from ned.manipulator.vitl.slider import SHIPPED, load_slider
from ned.manipulator.vitl.training.displays import half_seen
from ned.manipulator.vitl.training.fit import fit_slider, save_slider
from ned.manipulator.vitl.training.run import known_people, people_of


def choose(start: SliderConfig, data: Path | None) -> SliderConfig:
    """The width and λ that are best on the judge people."""
    judged, found = people_of(data, "judge"), []
    for gamma_x, ridge in product((0.3, 0.5, 0.7, 1.0), (1e-7, 1e-6, 1e-5)):
        config = replace(start, gamma_x=gamma_x, ridge=ridge)
        slider = fit_slider(ARKIT52, config)
        error = compare(slider, judged, judged)[-1].rms
        found.append((error, config))
        print(f"gamma_x {gamma_x:g}, ridge {ridge:g}: {error:.4f}", flush=True)
    return min(found, key=lambda item: item[0])[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--data", type=Path, help="corpus to measure on")
    parser.add_argument("--choose", action="store_true", help="choose width and λ on the corpus's judge people")
    given = parser.parse_args()
    config = choose(SliderConfig(), given.data) if given.choose else SliderConfig()
    began = time.monotonic()
    slider = fit_slider(ARKIT52, config)
    seconds = time.monotonic() - began
    known = known_people(config)
    test = people_of(given.data, "test")
    rows = compare(slider, known, test)
    metrics = tuple((row.name, round(row.rms, 4)) for row in rows)
    record = TrainingRecord(
        ("invented resting faces, displays of ned's prototypes",), "python scripts/build/slider.py", config.seed, 1,
        round(seconds, 1), metrics, "MIT",
    )  # fmt: skip
    save_slider(given.out, slider, config, ARKIT52, record)
    kept = load_slider(given.out)
    print(f"{given.out}: {given.out.stat().st_size / 2**20:.2f} MiB, fitted in {seconds:.1f} s ({config})\n")
    print_rows(compare(kept, known, test), smoothness(kept, test))
    half = half_seen(test, np.random.default_rng(5))
    print("\ninputs as fits of real faces show them:\n")
    print_rows(compare(kept, known, half), smoothness(kept, half))


if __name__ == "__main__":
    main()
