"""The command's algebra keeps to one thread; workers to their cores."""

import json
import os
import subprocess
import sys

import pytest

from ned.runtime import cores

CODE = """
import json, os, sys
from ned.cli import main
assert "numpy" not in sys.modules
main(["--version"])
import numpy as np
a = np.random.default_rng(0).random((1500, 1500))
a @ a
print(json.dumps(len(os.listdir("/proc/self/task"))))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts threads in /proc")
@pytest.mark.parametrize(("said", "threads"), [(None, 1), ("2", min(2, os.cpu_count() or 1))])
def test_the_command_calculates_with_one_thread_unless_told(monkeypatch, said, threads):
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "GOTO_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    if said:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", said)
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == threads


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system has no masks")
def test_shares_are_disjoint_and_a_process_keeps_to_its_own():
    usable = os.sched_getaffinity(0)
    singles = cores.shares(1)
    assert sorted(core for share in singles for core in share) == sorted(usable)
    assert len(cores.shares(2)) == len(usable) // 2 and not cores.shares(len(usable) + 1)
    code = "import os; input(); print(sorted(os.sched_getaffinity(0)))"
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True) as process:
        cores.confine(process.pid, singles[-1])
        said, _ = process.communicate("\n", timeout=60)
    assert json.loads(said) == sorted(singles[-1])
    cores.confine(process.pid, singles[0])  # it has ended
