"""Hostile files: damaged videos and data through the real commands, in workers that may die.

    python scripts/fuzz/fuzz.py --count 2000 --data 500 --work /tmp/fuzz

Every case is drawn from `--seed` and its number alone, so `--only N` repeats one. A case passes when each command
ends within the limit of time and memory, with the output whole or, refused in one line that names the file and a
cause, without any file left. It fails on a crash, a hang, an unexpected exception, a partial output or a stray file.
"""

from __future__ import annotations

import argparse
import json
import random
import select
import shutil
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fuzz_worker import DATA_KINDS, Worker


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=2000, help="damaged videos")
    parser.add_argument("--data", type=int, default=500, help="damaged data files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--begin", type=int, default=0, help="the case to begin with")
    parser.add_argument("--kinds", nargs="+", choices=DATA_KINDS, help="of the data files only these")
    parser.add_argument("--only", type=int, help="repeat one case and show what it said")
    parser.add_argument("--work", type=Path, default=Path("/tmp/ned-fuzz"))
    parser.add_argument("--seconds", type=float, default=60, help="limit of one case")
    parser.add_argument("--memory-gb", type=float, default=8, help="limit of address space of a worker")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.work = options.work.resolve()
    if options.worker:
        return Worker(options).serve()
    return Run(options).main()


class Run:
    """The parent: hands out cases, watches, counts."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.child = options, None
        self.results: list[dict] = []
        (options.work / "failures").mkdir(parents=True, exist_ok=True)

    def main(self) -> int:
        options, began = self.options, time.monotonic()
        total = options.count + options.data
        for index in [options.only] if options.only is not None else range(options.begin, total):
            kind = random.Random(f"{options.seed}:{index}").choice(DATA_KINDS)
            if options.kinds and index >= options.count and kind not in options.kinds:
                continue
            try:
                result = self.case(index)
            except KeyboardInterrupt:
                print(f"stopped before case {index}")
                break
            self.results.append(result)
            if result["failure"] or options.only is not None:
                print(json.dumps(result), flush=True)
            elif index % 100 == 99:
                print(f"{index + 1} of {total}, {time.monotonic() - began:.0f} s", flush=True)
        self.stop()
        (options.work / "results.json").write_text(json.dumps(self.results))
        self.table(time.monotonic() - began)
        return 1 if any(result["failure"] for result in self.results) else 0

    def case(self, index: int) -> dict:
        """One case in the worker; its death or silence is the result too."""
        child = self.start()
        began, said = time.monotonic(), {"index": index, "seed": "?", "how": "?", "seconds": 0.0}
        child.stdin.write(f"{index}\n")
        child.stdin.flush()
        limit = self.options.seconds + (120 if child.fresh else 0)  # a fresh one loads and compiles first
        child.fresh = False
        while True:
            ready, _, _ = select.select([child.stdout], [], [], max(0.0, began + limit - time.monotonic()))
            line = child.stdout.readline() if ready else None
            if line:
                said |= json.loads(line)
                if "failure" in said:
                    return said | {"seconds": time.monotonic() - began}
                began, limit = time.monotonic(), self.options.seconds
                continue
            if line is None:
                cause = f"hang: no end after {limit:.0f} s"
                child.kill()
            else:
                cause = "crash"
            code = child.wait()
            self.child = None
            self.keep(index)
            seconds = time.monotonic() - began
            return said | {"failure": f"{cause} (exit {code})", "outcome": "failed", "seconds": seconds}

    def start(self) -> subprocess.Popen:
        if self.child is None:
            command = [sys.executable, __file__, "--worker", "--work", str(self.options.work)]
            command += ["--seed", str(self.options.seed), "--count", str(self.options.count)]
            command += ["--memory-gb", str(self.options.memory_gb)]
            log = (self.options.work / "worker.log").open("ab")
            self.child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1
            )
            self.child.fresh = True
            if json.loads(self.child.stdout.readline()) != "ready":
                raise SystemExit("the worker did not start; see worker.log")
        return self.child

    def keep(self, index: int) -> None:
        for file in (self.options.work / "case").glob("case.*"):
            shutil.copy(file, self.options.work / "failures" / f"{self.options.seed}-{index}{file.suffix}")

    def stop(self) -> None:
        if self.child is not None:
            self.child.stdin.close()
            self.child.wait(timeout=30)

    def table(self, seconds: float) -> None:
        print(f"\n{'file':<16}{'cases':>7}{'processed':>11}{'refused':>9}{'failed':>8}{'slowest s':>11}")
        groups = defaultdict(list)
        for result in self.results:
            groups[result["seed"]].append(result)
        for name, group in [*sorted(groups.items()), ("all", self.results)]:
            count = Counter(result["outcome"] for result in group)
            slowest = max((result["seconds"] for result in group), default=0.0)
            numbers = f"{len(group):>7}{count['processed']:>11}{count['refused']:>9}{count['failed']:>8}"
            print(f"{name:<16}{numbers}{slowest:>11.1f}")
        print(f"{seconds:.0f} s, peak memory of the last worker {self.results[-1].get('peak_mb', 0):.0f} MB")


if __name__ == "__main__":
    sys.exit(main())
