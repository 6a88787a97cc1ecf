"""Workers that others start: Slurm (a stand-in for sbatch that really runs the array), Ray, and Kubernetes' file."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from ned.batch.backends.slurm import ArrayTerms, submit
from ned.batch.merge import MergeTerms, merge_batch
from ned.batch.plan import plan_batch
from ned.batch.status import look
from ned.batch.store import Store
from ned.errors import UserError
from ned.runtime.progress import Silent
from tests.batch.conftest import TERMS, config_of, decoded

DOCS = Path(__file__).resolve().parents[2] / "docs" / "batch.md"

SBATCH = """#!{python}
import os, re, subprocess, sys
script = sys.argv[-1]
text = open(script).read()
last = int(re.search(r"#SBATCH --array=0-(\\d+)", text)[1])
cpus = re.search(r"#SBATCH --cpus-per-task=(\\d+)", text)[1]
assert "#SBATCH --partition=long" in text and "--parsable" in sys.argv
tasks = [
    subprocess.Popen(["sh", script], env=os.environ | {{
        "SLURM_ARRAY_JOB_ID": "77", "SLURM_ARRAY_TASK_ID": str(k), "SLURM_ARRAY_TASK_COUNT": str(last + 1),
        "SLURM_CPUS_PER_TASK": cpus,
    }}, stdout=open(script + f".{{k}}.log", "w"), stderr=subprocess.STDOUT)
    for k in range(last + 1)
]
print("77;cluster")
sys.stdout.flush()
sys.exit(max(task.wait(240) for task in tasks))
"""


def test_an_array_of_workers_does_what_one_machine_does(clip, single, tmp_path, monkeypatch):
    store = Store(str(tmp_path / "store"))
    manifest, _ = plan_batch([(str(clip), config_of(clip, tmp_path / "out.mp4"))], store, TERMS)
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "sbatch").write_text(SBATCH.format(python=sys.executable))
    (bin_ / "sbatch").chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(DOCS.parents[1]))
    script = tmp_path / "store" / "ned-batch.sh"
    assert submit(store, ArrayTerms(2, options=("--partition=long",)), script) == "77"
    logs = {path.name: path.read_text() for path in script.parent.glob("*.log")}
    state = look(store, manifest)
    assert state.over and state.units_done == 3 and state.attempts == 3, logs
    assert sorted(logs) == ["ned-batch.sh.0.log", "ned-batch.sh.1.log"]
    assert sum(int(re.search(r"(\d+) units done by slurm-77-[01]-0", said)[1]) for said in logs.values()) == 3
    assert [merged.state for merged in merge_batch(store, MergeTerms(), Silent())] == ["merged"]
    assert decoded(tmp_path / "out.mp4") == single[0]


def test_without_slurm_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="there is no sbatch here"):
        submit(Store(str(tmp_path)), ArrayTerms(1), tmp_path / "x.sh")
    (tmp_path / "sbatch").write_text("#!/bin/sh\necho invalid partition >&2\nexit 1\n")
    (tmp_path / "sbatch").chmod(0o755)
    with pytest.raises(UserError, match="sbatch refused it .invalid partition."):
        submit(Store(str(tmp_path)), ArrayTerms(1), tmp_path / "x.sh")


def test_the_kubernetes_job_in_the_docs_is_one():
    text = re.search(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)[1]
    job = yaml.safe_load(text)
    spec = job["spec"]
    assert (job["apiVersion"], job["kind"], spec["completionMode"]) == ("batch/v1", "Job", "Indexed")
    assert spec["completions"] == spec["parallelism"]
    pod = spec["template"]["spec"]
    container = pod["containers"][0]
    assert pod["restartPolicy"] == "OnFailure" and container["command"][:3] == ["ned", "batch", "work"]
    given = container["command"]
    assert given[given.index("--count") + 1] == str(spec["completions"])
    image = re.search(rf"docker build -t {container['image']} .*EXTRAS=(\S+) .*MORE=(\S+) ", DOCS.read_text("utf-8"))
    assert "batch" in image[1].split(",") and given[3].startswith("s3://") and image[2] == "s3fs"
    assert container["resources"]["requests"]["cpu"] == {e["name"]: e["value"] for e in container["env"]}["NED_CPUS"]


def run_with_ray(address, store, *more):
    """`ned batch run --backend ray` as a process of its own."""
    command = [sys.executable, "-m", "ned.cli", "batch", "run", store.url, "--backend", "ray", "--address", address]
    environment = os.environ | {"RAY_gcs_rpc_server_reconnect_timeout_s": "5"}
    return subprocess.Popen([*command, "--cpus", "1", *more], env=environment, stderr=subprocess.PIPE, text=True,
                            stdout=subprocess.PIPE)  # fmt: skip


def test_ray_goes_on_after_a_lost_node(clip, single, tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_raylet_start_wait_time_s", "180")  # on a busy machine
    cluster_utils = pytest.importorskip("ray.cluster_utils", reason="needs the extra `ray`")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(DOCS.parents[1]), os.environ.get("PYTHONPATH", "")]))
    store = Store(str(tmp_path / "store"))
    manifest, _ = plan_batch([(str(clip), config_of(clip, tmp_path / "out.mp4"))], store, TERMS)
    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        nodes = [cluster.add_node(num_cpus=1), cluster.add_node(num_cpus=1)]
        driver = run_with_ray(cluster.address, store)
        until = time.monotonic() + 240
        while look(store, manifest, claims=False).pieces_done == 0 and time.monotonic() < until:
            assert driver.poll() is None, driver.communicate()
            time.sleep(0.2)
        cluster.remove_node(nodes[0], allow_graceful=False)
        out, err = driver.communicate(timeout=240)
        assert driver.returncode == 0, err
        assert "1 of 1 videos finished, 4 of 4 pieces" in out
    finally:
        cluster.shutdown()
    state = look(store, manifest)
    assert state.units_done == 3 and max(state.states[manifest.videos[0].key].claims.values()) <= 2
    assert [merged.state for merged in merge_batch(store, MergeTerms(), Silent())] == ["merged"]
    assert decoded(tmp_path / "out.mp4") == single[0]
