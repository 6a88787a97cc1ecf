"""Speed of the learned manipulator: edited frames a second, as a ratio to real time and to the prototypes.

    python scripts/bench/manipulator.py [--checkpoint FILE] [--minutes 2] [--rate 25] [--threads 2]

The whole edit is timed, guards included, on invented speech.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from ned.face_model import load_face_model
from ned.manipulator import build_manipulator, effects_of
from ned.manipulator.corpus.visemes import speak
from ned.manipulator.evaluation import articulate
from ned.types import Edit, Emotion, ExpressionTrack


def frames_per_second(manipulator, track, articulation, rate: float, repeats: int) -> tuple[float, float]:
    """By the clock and by processor time: the best of some runs, after a short one that warms up."""
    short = track[:100]
    manipulator.translate(short, articulate(short, effects_of(load_face_model())), rate, Edit(Emotion("sad")))
    times, loads = [], []
    for _ in range(repeats):
        began, used = time.perf_counter(), time.process_time()
        manipulator.translate(track, articulation, rate, Edit(Emotion("happy")))
        times.append(time.perf_counter() - began)
        loads.append(time.process_time() - used)
    return len(track) / min(times), len(track) / min(loads)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--rate", type=float, default=25.0, help="frames a second of the track")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    import torch

    torch.set_num_threads(given.threads)
    model = load_face_model()
    frames = round(60 * given.minutes * given.rate)
    track = ExpressionTrack.unpack(model.space, speak(model.space, frames, given.rate, np.random.default_rng(0)))
    articulation = articulate(track, effects_of(model))
    speeds = {
        name: frames_per_second(
            build_manipulator(name, model, given.checkpoint if name == "learned" else None), track, articulation,
            given.rate, given.repeats,
        )
        for name in ("learned", "prototypes")
    }  # fmt: skip
    for name, (speed, by_load) in speeds.items():
        print(
            f"{name:12s} {speed:9.0f} frames/s, {speed / given.rate:7.0f} × real time on {given.threads} threads; "
            f"{by_load:9.0f} frames per second of processor time"
        )
    print(f"learned ÷ prototypes: {speeds['learned'][0] / speeds['prototypes'][0]:.2f}")


if __name__ == "__main__":
    main()
