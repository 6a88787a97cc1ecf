"""Edits photographs to a grid of places and has a judge of its own say where in the plane they lie.

    python scripts/evaluate/stills.py PHOTOS --judge path/to/judge_stills.py --out DIR [--people 60] [--grid 7]

The judge is a Python file with a class `Judges`: `points(rgb)` gives a face's landmarks or None, and calling it with
both gives (answers, (valence, arousal)). Writes DIR/judged.csv, which `ned evaluate stills` reads, and DIR/heat.png:
where the images differ from that of the middle of the plane, per label, summed over people (the CAAE's figure); that of
each is kept in DIR/heat. Goes on where it stopped.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from ned.errors import NedError
from ned.files.atomic import atomic_path
from ned.report.sheet import grid
from ned.stills.agreement import COLUMNS, print_agreement, read_judged
from ned.stills.faces import find_faces
from ned.stills.image import read_image
from ned.stills.sheet import REACH, at_place, close_up

SIDE_PX, HEAT_PX = 256, 96


def load_judge(path: Path):
    """The judge's class, from its file; its neighbours are importable."""
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location("judge_stills", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Judges()


def heat_of(images: dict[tuple[int, int], np.ndarray], count: int) -> np.ndarray:
    """By label the largest difference of a channel to the middle's image, "count count HEAT_PX HEAT_PX"."""
    middle = images[count // 2, count // 2].astype(np.int16)
    out = np.zeros((count, count, HEAT_PX, HEAT_PX), np.float32)
    for at, rgb in images.items():
        apart = np.abs(rgb - middle).max(2).astype(np.float32)
        out[at] = np.asarray(Image.fromarray(apart).resize((HEAT_PX, HEAT_PX)))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--judge", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--grid", type=int, default=7)
    parser.add_argument("--intensity", type=float, default=1.0)
    given = parser.parse_args()
    if given.grid % 2 == 0:
        parser.error("--grid is even: give an odd number, so that there is a middle")
    given.out.mkdir(parents=True, exist_ok=True)
    judge, table = load_judge(given.judge), given.out / "judged.csv"
    done = set(read_judged(table).groups) if table.exists() else set()
    steps = np.linspace(-REACH, REACH, given.grid)
    (given.out / "heat").mkdir(exist_ok=True)
    for path in sorted(given.photos.iterdir())[: given.people]:
        if path.stem in done:
            continue
        try:
            portrait = find_faces(read_image(path))
        except NedError as error:
            print(error)
            continue
        frame, face = close_up(portrait, portrait.faces[0], SIDE_PX)
        rows, images = [], {}
        for i, arousal in enumerate(steps[::-1]):
            for j, valence in enumerate(steps):
                place = np.array([valence, arousal])
                place = place / max(1.0, float(np.hypot(*place)))  # corners are drawn in to the rim
                images[i, j] = rgb = at_place(frame, face, place, portrait.model, given.intensity)
                points = judge.points(rgb)
                if points is not None:
                    _, seen = judge(rgb, points)
                    rows.append((valence, arousal, float(seen[0]), float(seen[1]), path.stem))
        kept = given.out / "heat" / f"{path.stem}.npy"
        with atomic_path(kept) as temporary:
            np.save(temporary, heat_of(images, given.grid))
        fresh = not table.exists()
        with table.open("a", newline="") as file:
            writer = csv.writer(file)
            if fresh:
                writer.writerow([*COLUMNS, "person"])
            writer.writerows(rows)
        print(f"{path.name}: {len(rows)} of {given.grid**2} judged", flush=True)
    heat = sum(np.load(kept) for kept in sorted((given.out / "heat").glob("*.npy")))
    if np.any(heat):
        shown = (255 * heat / heat.max()).astype(np.uint8)
        sheet = [[np.repeat(cell[..., None], 3, 2) for cell in row] for row in shown]
        Image.fromarray(grid(sheet, [f"{a:+.2f}" for a in steps[::-1]], [f"{v:+.2f}" for v in steps])).save(
            given.out / "heat.png"
        )
    print_agreement(read_judged(table))


if __name__ == "__main__":
    main()
