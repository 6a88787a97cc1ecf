"""Neutral faces made happy, beside the same people's real smiles: what judges of expression read, how near they come.

    python scripts/evaluate/smiles.py NEUTRAL SMILING --judge path/to/judge_stills.py [--people 60] [--intensity 1 1.5]

Two folders with files of the same names. The judge is that of scripts/evaluate/stills.py; its answers are, by network,
probabilities of neutral, happy and five more. Prints, with 95 % intervals over persons drawn anew: how often each
network says happy, the valence that the judge sees, sharpness inside the face against the untouched image, and the mean
distance of colours inside the face to the real smile, laid over it by eyes and nose, against the untouched image's.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from stills import SIDE_PX, load_judge

from ned.errors import NedError
from ned.geometry.landmarks import LANDMARKS
from ned.manipulator.vitl.plane import place_of
from ned.stills.edit import rgb_of
from ned.stills.faces import Face, find_faces
from ned.stills.image import read_image
from ned.stills.sheet import at_place, close_up

HAPPY = 1
"""Among a network's classes."""
STILL = (33, 133, 362, 263, 168, 6, 197, 195)
"""Corners of the eyes and the bridge of the nose: a smile hardly moves them."""
DRAWN = 2000


def laid_over(smiling: np.ndarray, theirs: np.ndarray, ours: np.ndarray) -> np.ndarray:
    """An image of the same person as if its eyes and nose were where ours are."""
    turn, _ = cv2.estimateAffinePartial2D(theirs[list(STILL), :2], ours[list(STILL), :2], method=cv2.LMEDS)
    return cv2.warpAffine(smiling, turn, (SIDE_PX, SIDE_PX), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)


def inside(face: Face) -> np.ndarray:
    """Where the face is."""
    mask = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    cv2.fillConvexPoly(mask, np.round(face.track.landmarks[0][list(LANDMARKS.oval), :2]).astype(np.int32), 1)
    return mask > 0


def sharpness(rgb: np.ndarray, mask: np.ndarray) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.CV_32F)[mask].var())


def rows_of(name: str, neutral: Path, smiling: Path, judge, intensities: list[float]) -> dict[str, list[float]]:
    """What is measured of one person, by row of the table. Raises NedError where no face is found."""
    portrait, real = find_faces(read_image(neutral / name)), find_faces(read_image(smiling / name))
    frame, face = close_up(portrait, portrait.faces[0], SIDE_PX)
    plain, mask, ours = rgb_of(frame), inside(face), face.track.landmarks[0]
    shown = {"untouched": plain, "real smile": laid_over(real.image.pixels, real.faces[0].track.landmarks[0], ours)}
    for intensity in intensities:
        shown[f"happy at {intensity:g}"] = at_place(frame, face, place_of("happy"), portrait.model, intensity)
    goal = shown["real smile"].astype(np.float32)
    before, apart = sharpness(plain, mask), np.abs(plain - goal)[mask].mean()
    found = {}
    for row, rgb in shown.items():
        points = judge.points(np.ascontiguousarray(rgb))
        if points is None:
            continue
        answers, (valence, _) = judge(np.ascontiguousarray(rgb), points)
        hits = [float(answer.argmax() == HAPPY) for answer in answers.values()]
        distance = np.abs(rgb - goal)[mask].mean() / apart
        found[row] = [*hits, float(valence), sharpness(rgb, mask) / before, float(distance)]
    return found


def said(values: np.ndarray) -> str:
    """The mean, and its interval."""
    rng = np.random.default_rng(0)
    means = values[rng.integers(len(values), size=(DRAWN, len(values)))].mean(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return f"{values.mean():.2f} [{low:.2f}, {high:.2f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("neutral", type=Path)
    parser.add_argument("smiling", type=Path)
    parser.add_argument("--judge", type=Path, required=True)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--intensity", type=float, nargs="+", default=[1.0, 1.5])
    given = parser.parse_args()
    judge, table = load_judge(given.judge), {}
    names = sorted(p.name for p in given.neutral.iterdir() if (given.smiling / p.name).is_file())
    for name in names[: given.people]:
        try:
            found = rows_of(name, given.neutral, given.smiling, judge, given.intensity)
        except NedError as error:
            print(error)
            continue
        for row, values in found.items():
            table.setdefault(row, []).append(values)
        print(name, flush=True)
    networks = [name.split("/")[0] for name in judge.nets]
    print(f"\n| {len(names[: given.people])} people | {' | '.join(networks)} | valence | sharpness ÷ | distance ÷ |")
    print("|---" * (len(networks) + 4) + "|")
    for row, values in table.items():
        print(f"| {row} | {' | '.join(said(np.array(column)) for column in zip(*values, strict=True))} |")


if __name__ == "__main__":
    main()
