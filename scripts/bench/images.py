"""What numbered images cost beside the edit: processor time of reading them into a view, and of writing them back.

    python scripts/bench/images.py [--width 1920 --height 1080 --count 6]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np

from ned.runtime.progress import Silent
from ned.sequences import deliver
from ned.sequences.conform import conform
from ned.sequences.exr import write_light
from ned.sequences.view import SPACES
from ned.workspace import Numbered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=1920)
    parser.add_argument("--height", type=int, default=1080)
    parser.add_argument("--count", type=int, default=6)
    given = parser.parse_args()
    rng, numbers = np.random.default_rng(0), tuple(range(1, given.count + 1))
    y, x = np.mgrid[: given.height, : given.width] / given.height
    smooth = np.stack([0.4 + 0.3 * np.sin(9 * x), 0.3 + 0.2 * np.cos(7 * y), 0.3 * x], -1)

    def cost(work: Callable[[], object]) -> float:
        began = time.process_time()
        work()
        return (time.process_time() - began) / given.count

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        source, target = Numbered.of(root / "in.%04d.exr"), Numbered.of(root / "out.%04d.exr")
        for number in numbers:
            light = np.abs(smooth + rng.normal(0, 0.01, smooth.shape)).astype(np.float32)
            write_light(source.path(number), light, Fraction(24), SPACES["acescg"], 1.0, "")
        view = root / "view.nut"
        print(f"reading: {cost(lambda: conform(source, numbers, view, Silent())):.2f} s an image")
        print(f"the view: {view.stat().st_size / given.count / 1e6:.1f} MB an image")
        seen = conform(source, numbers, view, Silent())

        def write() -> None:
            deliver.into_images(seen, view, target, root, (None, None), "edited", lambda: None)

        print(f"writing, nothing changed: {cost(write):.2f} s an image")
        deliver.differs = lambda before, after: True
        print(f"writing, all taken for changed: {cost(write):.2f} s an image")


if __name__ == "__main__":
    main()
