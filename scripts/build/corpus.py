"""Builds the corpus that the shipped manipulator is trained on: synthetic people from clips that may be used so.

    python scripts/build/corpus.py CLIP_OR_FOLDER … --out corpus.npz [--only 'lp_*'] [--same ann 'a1*' 'a2*']

Every clip is analysed and fitted as `ned analyse` does it. Clips are taken for one real person each; `--same`
NAME PATTERN … joins those that match. People are held out, not windows: each real one gives pieces to one split.
"""

from __future__ import annotations

import argparse
import fnmatch
from pathlib import Path

import numpy as np

from ned.analysis.cached import analyse_cached
from ned.exchange.persons import person_expressions
from ned.face_model.spaces import ARKIT52
from ned.manipulator.corpus.people import RealTrack
from ned.manipulator.corpus.store import build_corpus, save_corpus
from ned.manipulator.resample import resample
from ned.manipulator.settings import NOMINAL_RATE
from ned.runtime.progress import Silent
from ned.workspace import Cache

VIDEOS = (".mp4", ".mov", ".mkv", ".webm", ".avi")
SHORTEST_S = 1.5


def clips_in(paths: list[Path], only: list[str]) -> list[Path]:
    """Videos among files and folders whose names match a pattern."""
    found = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    return [f for f in found if f.suffix.lower() in VIDEOS and any(fnmatch.fnmatch(f.name, p) for p in only)]


def real_tracks(clip: Path, person: str) -> list[RealTrack]:
    """The most prominent person's runs without gaps, at the nominal rate."""
    analysis = analyse_cached(clip, Silent(), cache=Cache())
    if not analysis.tracks:
        return []
    found, rate = person_expressions(analysis)[0], float(analysis.video.frame_rate)
    runs = np.split(np.arange(len(found.frames)), np.flatnonzero(np.diff(found.frames) > 1) + 1)
    return [
        RealTrack(person, resample(found.expression.pack()[run], rate, NOMINAL_RATE))
        for run in runs
        if len(run) >= SHORTEST_S * rate
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("inputs", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=["*"], help="patterns of file names")
    parser.add_argument("--same", nargs="+", action="append", default=[], metavar="NAME PATTERN")
    parser.add_argument("--people", type=int, default=480)
    parser.add_argument("--seconds", type=float, default=15.0, help="length of each person's track")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    tracks, used = [], []
    for clip in clips_in(given.inputs, given.only):
        joined = [name for name, *patterns in given.same if any(fnmatch.fnmatch(clip.name, p) for p in patterns)]
        found = real_tracks(clip, joined[0] if joined else clip.stem)
        used += [clip.name] if found else []
        tracks += found
        print(f"{clip.name}: {sum(len(t.values) for t in found)} frames", flush=True)
    corpus = build_corpus(
        ARKIT52, tracks, given.people, round(given.seconds * NOMINAL_RATE), given.seed, tuple(used)
    )
    save_corpus(corpus, given.out)
    print(f"{given.out}: {len(corpus.clean)} people of {len({t.person for t in tracks})} real ones, {len(used)} clips")


if __name__ == "__main__":
    main()
