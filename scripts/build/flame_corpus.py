"""Write labelled expression tracks in FLAME's coefficients: invented speech in seven emotions, nobody's face.

    python scripts/build/flame_corpus.py FLAME_FOLDER OUT [--people 8] [--seconds 6] [--seed 0]

Speech and emotions are those of the embedded model's corpus (visemes, prototypes) in ARKit's coefficients, carried over
by the bridge. OUT becomes what `ned train manipulator --space flame50 --data OUT` reads.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from ned.emotions import EMOTIONS
from ned.face_model import ARKIT52, load_face_model
from ned.face_model.flame.face import FlameFace
from ned.files.atomic import write_text
from ned.fitting.bridge import bridge
from ned.manipulator.corpus.visemes import speak
from ned.manipulator.prototypes import PROTOTYPES, sided
from ned.manipulator.settings import NOMINAL_RATE
from ned.types import ExpressionTrack


def write_corpus(face: FlameFace, out: Path, people: int = 8, seconds: float = 6.0, seed: int = 0) -> None:
    """One track a person and emotion, and `labels.csv`, which is written last and whole."""
    canonical = load_face_model()
    over = bridge(canonical, face, canonical.topology)
    out.mkdir(parents=True, exist_ok=True)
    frames = round(seconds * NOMINAL_RATE)
    rows = ["file,emotion,person"]
    for person in range(people):
        for number, emotion in enumerate(EMOTIONS):
            rng = np.random.default_rng([seed, person, number])
            values = speak(ARKIT52, frames, NOMINAL_RATE, rng)
            for name, amount in PROTOTYPES[emotion].adds.items():
                values[:, sided(ARKIT52, name)] += amount * rng.uniform(0.6, 1.2)
            track = ExpressionTrack.unpack(ARKIT52, np.clip(values, 0.0, 1.0).astype(np.float32))
            name = f"person{person}_{emotion}.npz"
            np.savez(out / name, packed=over.convert(track).pack(), frame_rate=NOMINAL_RATE)
            rows.append(f"{name},{emotion},person{person}")
    write_text(out / "labels.csv", "\n".join(rows) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flame", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    write_corpus(FlameFace.load(given.flame), given.out, given.people, given.seconds, given.seed)
    print(given.out)


if __name__ == "__main__":
    main()
