"""Makes the pairs that the small editor learns from: portraits, edited by `ned` itself to places of the plane.

    python scripts/build/still_pairs.py PORTRAITS --out pairs.npz [--each 4] [--people 600] [--seed 0]

About a fifth of a second a pair on one core; what is done is kept every 50 portraits, and goes on from there.
"""

from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path

import numpy as np

from ned.stills.gan.pairs import apart, joined, load_pairs, render_pairs, save_pairs

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
    made = apart(load_pairs(given.out)) if given.out.exists() else []
    known = {one.file for one in made}
    rng = np.random.default_rng([given.seed, len(made)])
    # portraits without a face leave no trace, so after an interruption they are looked at again, in vain
    rendered = render_pairs([path for path in files if path.name not in known], given.each, rng)
    for one in islice(rendered, max(0, given.people - len(made))):
        made.append(one)
        if len(made) % KEEP_EVERY == 0:
            save_pairs(given.out, joined(made))
            print(f"{len(made)} portraits", flush=True)
    if not made:
        raise SystemExit(f"{given.folder}: no face was found")
    save_pairs(given.out, joined(made))
    print(f"{given.out}: {len(made)} portraits, {sum(len(one.after) for one in made)} pairs")


if __name__ == "__main__":
    main()
