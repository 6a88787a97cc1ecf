"""Run a batch on a Ray cluster of two one-core nodes, and kill nodes, heads and drivers at random moments.

    python scripts/evaluate/batch_kills.py [--videos 12] [--nodes 10] [--heads 2] [--drivers 2] [--seed 0]

Videos are short cuts of the sample clip (or of --clip), made in pieces of 0.4 s, two to a unit. A kill comes once a
random number of units is done, after a random part of two seconds. A lost node is replaced; after a head or a driver
the same command is given again. In the end all videos must be there, with the decoded frames, times and sound packets
that a single machine makes, and no result of a unit may have been delivered more than twice. Prints what happened, and
apart from each other how often units were begun (as often as their workers were killed, and once more), how often they
were done (their result delivered), and what was kept of those that were cut short. Needs the extra `ray`.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from resume import decoded

PIECE_S, UNIT_S, LEASE_S = 0.4, 0.8, 10.0
SINGLE = f"""
import sys, ned.rendering.second_pass
ned.rendering.second_pass.SEGMENT_S = {PIECE_S}
from ned.cli import main
sys.exit(main(sys.argv[1:]))
"""


def cuts(folder: Path, clip: Path | None, count: int, seconds: float) -> list[Path]:
    """Short videos, no two alike."""
    from ned.pipeline.sample import make_sample
    from ned.video.ffmpeg import find_ffmpeg

    if clip is None:
        clip = make_sample(folder / "sample.mp4", seconds=4.0).path
    made = []
    for k in range(count):
        made.append(folder / f"cut{k:02d}.mp4")
        command = [find_ffmpeg(), "-v", "error", "-ss", f"{0.12 * k:.2f}", "-t", f"{seconds:.2f}", "-i", str(clip)]
        subprocess.run([*command, "-crf", str(14 + k % 5), str(made[-1])], check=True)
    return made


class Cluster:
    """A head without cores, and two nodes of one core."""

    def __init__(self) -> None:
        os.environ.setdefault("RAY_raylet_start_wait_time_s", "180")  # on a busy machine
        from ray.cluster_utils import Cluster as RayCluster

        head = {"num_cpus": 0, "include_dashboard": False}
        self._ray = RayCluster(initialize_head=True, head_node_args=head)
        self._nodes = [self._ray.add_node(num_cpus=1) for _ in range(2)]
        self.address = self._ray.address

    def lose_node(self, which: int) -> None:
        """Kill one, and have another."""
        self._ray.remove_node(self._nodes.pop(which), allow_graceful=False)
        self._nodes.append(self._ray.add_node(num_cpus=1))

    def lose_head(self) -> None:
        """Kill the head, and so all."""
        for node in [self._ray.head_node, *self._nodes]:
            node.kill_all_processes(check_alive=False, allow_graceful=False)
        self._ray.shutdown()

    def close(self) -> None:
        self._ray.shutdown()


def driver(store: str, address: str) -> subprocess.Popen:
    """`ned batch run`."""
    command = [sys.executable, "-m", "ned.cli", "batch", "run", store, "--backend", "ray", "--address", address]
    environment = os.environ | {"RAY_gcs_rpc_server_reconnect_timeout_s": "5"}
    return subprocess.Popen([*command, "--cpus", "1", "--workers", "2", "--quiet"], env=environment)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path, help="default: the sample clip")
    parser.add_argument("--videos", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=1.6, help="length of a cut")
    parser.add_argument("--nodes", type=int, default=10, help="kills of a node")
    parser.add_argument("--heads", type=int, default=2)
    parser.add_argument("--drivers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    from ned.batch.manifest import Manifest
    from ned.batch.status import look
    from ned.batch.store import Store

    rng = random.Random(args.seed)
    ned = [sys.executable, "-m", "ned.cli"]
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        videos = cuts(root, args.clip, args.videos, args.seconds)
        url = str(root / "store")
        out = ["--output", str(root / "batch")]
        plan = ["--to", url, "--piece", str(PIECE_S), "--unit", str(UNIT_S), "--lease", str(LEASE_S), "--device", "cpu"]
        options = ["--emotion", "sad", "--renderer", "warp", "--no-provenance", "--no-cache"]
        subprocess.run([*ned, "batch", "plan", *map(str, videos), *options, *plan, *out], check=True)
        store = Store(url)
        manifest = Manifest.load(store)
        total = args.videos * (1 + max(1, round(args.seconds / UNIT_S)))
        kinds = ["node"] * args.nodes + ["head"] * args.heads + ["driver"] * args.drivers
        moments = sorted((rng.uniform(0, total - 1), rng.uniform(0, 2), kind) for kind in kinds)
        cluster, began = Cluster(), time.monotonic()
        running = driver(url, cluster.address)
        for after, delay_s, kind in moments:
            while (done := look(store, manifest, claims=False).units_done) < after and running.poll() is None:
                time.sleep(0.3)
            time.sleep(delay_s)
            said = f"{time.monotonic() - began:.0f} s, {done} of {total} units done: {kind} killed"
            if kind == "node":
                cluster.lose_node(rng.randrange(2))
            elif kind == "head":
                cluster.lose_head()
                try:
                    said += f"; the command ended with {running.wait(90)}"
                except subprocess.TimeoutExpired:
                    said += "; the command was killed too, after 90 s"
                    running.kill()
                    running.wait()
                cluster = Cluster()
                running = driver(url, cluster.address)
            else:
                running.kill()
                running.wait()
                running = driver(url, cluster.address)
            print(said, flush=True)
        code = running.wait(3600)
        cluster.close()
        print(f"{time.monotonic() - began:.0f} s: the last command ended with {code}", flush=True)
        state = look(store, manifest)
        units = [(s, unit) for s in state.states.values() for unit in s.units]
        attempts, done = [s.attempts(unit) for s, unit in units], [s.times_done(unit) for s, unit in units]
        kept = [bool(s.kept.get(unit.name)) for s, unit in units]
        merged = subprocess.run([*ned, "batch", "merge", url, "--quiet"], capture_output=True, text=True)
        print(merged.stdout.strip().splitlines()[-1])
        (root / "single").mkdir()
        given = ["process", *map(str, videos), *options, "--quiet", "--output", str(root / "single")]
        algebra = {"OPENBLAS_NUM_THREADS": "1"}  # as `ned` sets it, here too late: last digits depend on it
        subprocess.run([sys.executable, "-c", SINGLE, *given], check=True, stdout=subprocess.DEVNULL,
                       env=os.environ | algebra)  # fmt: skip
        names = [f"{video.stem}_sad.mp4" for video in videos]
        pairs = [(root / "single" / name, root / "batch" / name) for name in names]
        equal = sum(one.exists() and other.exists() and decoded(one) == decoded(other) for one, other in pairs)
        print(f"{state.finished} of {len(videos)} finished, {equal} equal to a single machine's")
        print(f"{len(units)} units; by how often they were begun: {by_count(attempts)}; by how often they were done: "
              f"{by_count(done)}; {sum(kept)} of them kept pieces before they were done")  # fmt: skip
    sys.exit(not (state.finished == equal == len(videos) and max(done) <= 2))


def by_count(numbers: list[int]) -> str:
    """How many of each, in words."""
    return ", ".join(f"{numbers.count(n)} × {n}" for n in sorted(set(numbers)))


if __name__ == "__main__":
    main()
