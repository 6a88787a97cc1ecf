"""How heavy an installation is and how soon it answers: size on disk, `ned --help`, the first analysed frame.

    .venv/bin/python scripts/bench/start.py [--repeat 5]

Every figure is of fresh processes, the best of the repeats: seconds by the clock and of processor time, which says more
on a busy machine. The sample clip is made first, so kernels are compiled.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

FIRST = """
import sys
from ned.analysis.detection import Detector
from ned.analysis.landmarks import Landmarker
from ned.video import read_frames
rgb = next(iter(read_frames(sys.argv[1]))).rgb()
points, _ = Landmarker()(rgb, Detector().everywhere(rgb)[0].roi)
assert points is not None
"""


def seconds(command: Sequence[str], repeat: int) -> tuple[float, float]:
    """By the clock and of processor time, the best of some runs after one that fills the disk's cache."""
    clock, load = [], []
    for _ in range(repeat + 1):
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        clock.append(time.perf_counter() - began)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        load.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(clock[1:]), min(load[1:])


def size_of(folder: Path) -> int:
    """Bytes on disk, links not followed."""
    files = (Path(root, name) for root, _, names in os.walk(folder) for name in names)
    return sum(512 * path.lstat().st_blocks for path in files)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args().repeat
    ned = [sys.executable, "-m", "ned.cli"]
    print(f"environment {sys.prefix}: {size_of(Path(sys.prefix)) / 2**20:.0f} MiB")
    with tempfile.TemporaryDirectory() as folder:
        clip = str(Path(folder, "s.mp4"))
        subprocess.run([*ned, "sample", clip, "--seconds", "1"], check=True, stdout=subprocess.DEVNULL)
        for name, command in (
            ("python -c pass", [sys.executable, "-c", "pass"]),
            ("ned --help", [*ned, "--help"]),
            ("first frame analysed", [sys.executable, "-c", FIRST, clip]),
            ("ned analyse of a second", [*ned, "analyse", clip]),
        ):
            clock, load = seconds(command, repeat)
            print(f"{name:24s} {clock:6.2f} s by the clock, {load:6.2f} s of processor time")


if __name__ == "__main__":
    main()
