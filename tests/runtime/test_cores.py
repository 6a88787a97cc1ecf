"""The command's algebra keeps to one thread."""

import json
import os
import subprocess
import sys

import pytest

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
