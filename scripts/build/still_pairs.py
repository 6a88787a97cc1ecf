"""Makes the pairs that the small editor learns from: portraits, edited by `ned` itself to places of the plane.

    python scripts/build/still_pairs.py PORTRAITS --out pairs.npz [--each 4] [--people 600] [--seed 0]

About a fifth of a second a pair on one core; what is done is kept every 50 portraits, and goes on from there.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from ned.stills.gan.pairs import Pairs, load_pairs, render_pairs, save_pairs

ENDINGS = (".jpg", ".jpeg", ".png")
KEEP_EVERY = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--each", type=int, default=4, help="places a portrait")
    parser.add_argument("--people", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    files = sorted(p for p in given.folder.iterdir() if p.suffix.lower() in ENDINGS)
    files = [files[k] for k in np.random.default_rng(given.seed).permutation(len(files))]
    before, after, source, places = [], [], [], []
    if given.out.exists():
        known = load_pairs(given.out)
        before, after = list(known.before), list(known.after)
        source, places = known.source.tolist(), list(known.places)
    rng = np.random.default_rng([given.seed, len(before)])
    # portraits without a face are skipped, so a few are met again after an interruption and looked at in vain
    for plain, edited, at in render_pairs(files[len(before) :], given.each, rng):
        source += [len(before)] * len(edited)
        before.append(plain)
        after += edited
        places += list(at)
        if len(before) % KEEP_EVERY == 0 or len(before) >= given.people:
            save_pairs(given.out, Pairs(np.stack(before), np.stack(after), np.array(source), np.array(places)))
            print(f"{len(before)} portraits, {len(after)} pairs", flush=True)
        if len(before) >= given.people:
            break


if __name__ == "__main__":
    main()
