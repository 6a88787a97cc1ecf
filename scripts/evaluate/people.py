"""Are people told apart, and known again, across the cuts of an edit? Builds edits whose answer is known.

    python scripts/evaluate/people.py CLIPS [--people vr_1 vr_2 vr_5] [--shots 20] [--out DIR]

CLIPS is a folder of videos of single persons. Without --people every set of three that are neighbours in the
alphabet is taken. An edit alternates between three clips; the pieces of one clip go on where the last one ended.
Each set is cut twice: as the clips are at 25 fps, and with other sizes of the face from shot to shot at 30 fps.
Prints one row an edit; a switch is a shot whose main face has not the number that this person has elsewhere.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from ned.analysis import analyse
from ned.errors import NedError
from ned.types import Analysis
from ned.video import find_ffmpeg, probe

SHOT_S = 1.0
SIZE = (640, 480)
SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi"}


def cut_edit(clips: list[Path], shots: int, varied: bool, out: Path) -> list[int]:
    """Write an edit that alternates between clips; who is seen in each shot."""
    rng = np.random.default_rng(len(clips) * 1000 + shots)
    rate, (width, height) = 30 if varied else 25, SIZE
    truth, inputs, chains = [], [], []
    for k in range(shots):
        who = k % len(clips)
        info = probe(clips[who])
        start_s = (k // len(clips)) * SHOT_S % max(0.1, info.duration_s - SHOT_S)
        inputs += ["-ss", f"{start_s:.3f}", "-t", f"{SHOT_S:g}", "-i", str(clips[who])]
        zoom = float(rng.uniform(0.35, 1.0)) if varied else 1.0
        small_w, small_h = (2 * int(zoom * side / 2) for side in SIZE)
        chains.append(
            f"[{k}:v]fps={rate},scale={small_w}:{small_h}:force_original_aspect_ratio=decrease,"
            f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuv420p[v{k}]"
        )
        truth.append(who)
    joined = "".join(f"[v{k}]" for k in range(shots))
    graph = ";".join(chains) + f";{joined}concat=n={shots}:v=1:a=0[out]"
    command = [find_ffmpeg(), "-v", "error", "-y", *inputs, "-filter_complex", graph, "-map", "[out]", "-crf", "20"]
    subprocess.run([*command, str(out)], check=True)
    return truth


def judge(analysis: Analysis, truth: list[int]) -> tuple[int, int, int]:
    """Shots whose face has another number than the same person elsewhere, shots without a face, persons found."""
    starts = np.linspace(0, analysis.num_frames, len(truth) + 1).round().astype(int)
    middles = (starts[:-1] + starts[1:]) // 2
    numbers, people = [], max((track.person for track in analysis.tracks), default=0)
    for middle in middles:
        here = [t for t in analysis.tracks if t.frames[0] <= middle <= t.frames[-1]]
        largest = max(here, key=lambda t: float((t.boxes[:, 2] - t.boxes[:, 0]).mean()), default=None)
        numbers.append(largest.person if largest else 0)
    votes = np.zeros((max(truth) + 1, people + 1), int)
    for who, number in zip(truth, numbers, strict=True):
        votes[who, number] += number > 0
    rows, columns = linear_sum_assignment(-votes)
    missing = numbers.count(0)
    return len(truth) - missing - int(votes[rows, columns].sum()), missing, people


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--people", nargs="+", help="stems of the clips of one edit")
    parser.add_argument("--shots", type=int, default=20)
    parser.add_argument("--out", type=Path, help="keep the edits here")
    given = parser.parse_args()
    files = sorted(path for path in given.clips.iterdir() if path.suffix.lower() in SUFFIXES)
    if given.people:
        sets = [[next(path for path in files if path.stem == stem) for stem in given.people]]
    else:
        sets = [[files[(k + j) % len(files)] for j in range(3)] for k in range(len(files))]
    total = [0, 0, 0]
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.out or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for clips in sets:
            for varied in (False, True):
                edit = folder / f"{'_'.join(path.stem for path in clips)}{'_varied' if varied else ''}.mp4"
                try:
                    truth = cut_edit(clips, given.shots, varied, edit)
                    found = analyse(edit)
                except (NedError, subprocess.CalledProcessError) as error:
                    print(f"{edit.stem}: {error}")
                    continue
                switches, missing, people = judge(found, truth)
                total = [total[0] + len(truth), total[1] + switches, total[2] + missing]
                print(
                    f"{edit.stem:70s} shots {len(found.shots):3d} of {len(truth)}  persons {people} of {len(clips)}  "
                    f"switches {switches}  without a face {missing}",
                    flush=True,
                )
    print(f"{total[0]} shots: {total[1]} identity switches, {total[2]} without a face")


if __name__ == "__main__":
    main()
