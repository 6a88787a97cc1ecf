"""Do edited expressions move like real ones? Statistics that need no common face model, real sequences beside ours.

    python scripts/evaluate/dynamics.py SEQUENCES CLIPS [--manipulator prototypes]

SEQUENCES: a folder of MATLAB files of 3DMM coefficients (`coeff`, expression in columns 80 to 143), named
`ACTOR_view_EMOTION_…`, with a neutral one of each actor. CLIPS: videos that are made neutral and then emotional; ours
are the edited coefficients, before rendering. For each emotion, against the same person's neutral sequence:

lasting ÷ moving: how far the mean moves, against the spread around it; pace: speed from frame to frame, against that
of neutral; spread: standard deviation, against that of neutral. Medians over people.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.io import loadmat

from ned.analysis.cached import analyse_cached
from ned.edit.track_edit import measure_articulation
from ned.face_model import load_face_model
from ned.fitting.least_squares import fit_face
from ned.manipulator import build_manipulator
from ned.runtime.progress import Silent
from ned.types import EMOTIONS, Edit, Emotion
from ned.workspace import Cache

EXPRESSION = slice(80, 144)
RATE = 25.0


def dynamics(neutral: Float[np.ndarray, "a k"], emotional: Float[np.ndarray, "b k"]) -> list[float]:
    """Lasting ÷ moving, pace, spread."""
    spread = lambda x: float(np.sqrt(x.var(0).sum()))  # noqa: E731
    pace = lambda x: float(np.sqrt((np.diff(x, axis=0) ** 2).sum(1)).mean())  # noqa: E731
    lasting = float(np.linalg.norm(emotional.mean(0) - neutral.mean(0)))
    return [lasting / spread(emotional), pace(emotional) / pace(neutral), spread(emotional) / spread(neutral)]


def real(folder: Path) -> dict[str, list[list[float]]]:
    """By emotion, a row an actor."""
    sequences: dict[str, dict[str, np.ndarray]] = {}
    for path in sorted(folder.glob("*.mat")):
        actor, _, emotion, *_ = path.stem.split("_")
        sequences.setdefault(actor, {})[emotion] = loadmat(path)["coeff"][:, EXPRESSION].astype(np.float64)
    whole = [of for of in sequences.values() if set(EMOTIONS) <= of.keys()]
    return {emotion: [dynamics(of["neutral"], of[emotion]) for of in whole] for emotion in EMOTIONS[1:]}


def edited(clips: list[Path], manipulator: str) -> dict[str, list[list[float]]]:
    """By emotion, a row a clip."""
    model, rows = load_face_model(), {emotion: [] for emotion in EMOTIONS[1:]}
    editor = build_manipulator(manipulator, model)
    # coefficients differ in what they move; landmarks are the common currency
    moved = lambda packed: model.displacements(packed).reshape(len(packed), -1)  # noqa: E731
    for clip in clips:
        analysis = analyse_cached(clip, Silent(), cache=Cache())
        track, rate = max(analysis.tracks, key=len), float(analysis.video.frame_rate)
        fit = fit_face(track, model, rate)
        spoken = measure_articulation(track, fit, model)
        packed = {e: editor.translate(fit.expression, spoken, rate, Edit(Emotion(e))).pack() for e in EMOTIONS}
        for emotion in rows:
            rows[emotion].append(dynamics(*(moved(packed[e].astype(np.float32)) for e in ("neutral", emotion))))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sequences", type=Path)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--manipulator", default="learned")
    given = parser.parse_args()
    known, ours = real(given.sequences), edited(sorted(given.clips.glob("*.mp4")), given.manipulator)
    print(f"{'':12s}" + "".join(f"{name:>22s}" for name in ("lasting ÷ moving", "pace ÷ neutral", "spread ÷ neutral")))
    for emotion in EMOTIONS[1:]:
        cells = ""
        for k in range(3):
            pair = (np.median([row[k] for row in rows[emotion]]) for rows in (known, ours))
            cells += "{:14.2f} | {:5.2f}".format(*pair)
        print(f"{emotion:12s}{cells}")
    print("real | ours")


if __name__ == "__main__":
    main()
