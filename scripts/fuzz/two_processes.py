"""Many runs of two processes that train together, to their very end: once a run aborted there in four of ten.

    OMP_NUM_THREADS=1 python scripts/fuzz/two_processes.py [--runs 100]

Both are forked from a process that has imported PyTorch and nothing of its distributed functions, so that a run costs
about a second; each ends as an interpreter does, and fails if a thread of the group is left. Linux only.
"""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch import distributed

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ned.files.checkpoint import TrainingRecord
from ned.training.distributed import joined_ranks
from ned.training.loop import train
from tests.training.test_distributed import PLAN, Cloud

LAZY = "torch.distributed.nn.functional"
"""What kept the group alive where it was imported too late."""


def take_part(rank: int, folder: Path) -> None:
    """One of the two: joins, trains two steps, leaves."""
    os.environ |= {"WORLD_SIZE": "2", "RANK": str(rank), "LOCAL_RANK": str(rank)}
    meeting = f"file://{folder / 'meeting'}"
    distributed.init_process_group = functools.partial(
        distributed.init_process_group, init_method=meeting, rank=rank, world_size=2
    )
    with joined_ranks() as ranks:
        train(Cloud([ranks.rank]), folder / str(ranks.rank), PLAN, TrainingRecord(), ranks=ranks)
    left = [comm.read_text().strip() for comm in Path("/proc/self/task").glob("*/comm")]
    if any("gloo" in name for name in left):
        raise SystemExit(f"threads are left: {left}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100)
    runs, began, passed = parser.parse_args().runs, time.monotonic(), 0
    if LAZY in sys.modules or torch.cuda.is_initialized():
        raise SystemExit(f"{LAZY} is imported already: this would show nothing")
    for number in range(runs):
        folder, children = Path(tempfile.mkdtemp()), []
        for rank in range(2):
            if (child := os.fork()) == 0:
                take_part(rank, folder)
                sys.exit(0)  # through all of an interpreter's end, where it aborted
            children.append(child)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        shutil.rmtree(folder)
        passed += codes == [0, 0]
        if codes != [0, 0]:
            print(f"run {number + 1} ended with {codes}", flush=True)
    print(f"{passed} of {runs} passed, {time.monotonic() - began:.0f} s")
    return int(passed < runs)


if __name__ == "__main__":
    sys.exit(main())
