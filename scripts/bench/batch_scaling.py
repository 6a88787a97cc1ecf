"""Two workers beside one on this machine: the same plan run by each number of workers of one core.

    python scripts/bench/batch_scaling.py [--videos 4] [--seconds 15] [--workers 1 2]

Each number of workers has as many cores and no more: without that, one worker's programs (ffmpeg) use what a second
worker would. Prints the time of the clock and of the processor for each, and how many times faster than the first it
was. Only a machine that does nothing else gives a meaningful time of the clock; the processor's says what the division
costs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "evaluate"))
from batch_kills import cuts


def run(store: Path, videos: list[Path], workers: int) -> tuple[float, float]:
    """Plan and run; seconds of the clock and of the processor, children's included, of the run alone."""
    ned = [sys.executable, "-m", "ned.cli", "batch"]
    options = ["--emotion", "sad", "--renderer", "warp", "--no-cache", "--device", "cpu"]
    subprocess.run([*ned, "plan", *map(str, videos), *options, "--to", str(store)], check=True)
    before, began = os.times(), time.monotonic()
    command = [*ned, "run", str(store), "--workers", str(workers), "--cpus", "1", "--quiet"]
    everything = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, sorted(everything)[:workers])  # the children inherit it
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    finally:
        os.sched_setaffinity(0, everything)
    seconds, after = time.monotonic() - began, os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return seconds, spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path, help="default: the sample clip")
    parser.add_argument("--videos", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        videos = cuts(Path(name), args.clip, args.videos, args.seconds)
        found: list[tuple[float, float]] = []
        for workers in args.workers:
            found.append(run(Path(name) / f"store{workers}", videos, workers))
            seconds, spent = found[-1]
            faster, costs = found[0][0] / seconds, spent / found[0][1]
            print(f"{workers} workers: {seconds:.1f} s, {faster:.2f} times as fast; {spent:.1f} s of the processor, "
                  f"{costs:.2f} times as many", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
