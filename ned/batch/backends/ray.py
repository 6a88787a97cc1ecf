"""Workers that are tasks of a Ray cluster. Ray starts them and says when they are gone; nothing else lies in it: videos
and results go through the store, so that a head, a node or this process may go at any moment.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ned.batch.backends.pool import Ended
from ned.batch.manifest import Manifest
from ned.batch.store import Store
from ned.errors import Cancelled, ProcessingError, UserError

STOP_S = 30.0


@dataclass(frozen=True)
class Needs:
    """What one worker is given."""

    cpus: int = 1
    gpus: float = 0.0
    memory_gb: float | None = None
    """For scheduling alone; Ray does not hold anybody to it."""


def connect(address: str | None) -> tuple[Any, str]:
    """Ray, connected to the cluster at `address` (None: `RAY_ADDRESS`, or one of this machine alone), and the address
    of its dashboard, empty where it has none. UserError without the package, ProcessingError without the cluster."""
    try:
        import ray
    except ImportError as error:
        raise UserError("the backend needs the package ray", remedy="install ned with the extra `ray`") from error
    try:
        known = ray.init(address=address, log_to_driver=False, logging_level="ERROR", ignore_reinit_error=True)
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        remedy = "check --address, or start it with `ray start --head`"
        raise ProcessingError(f"no Ray cluster can be reached ({said})", path=address, remedy=remedy) from error
    link = getattr(known, "dashboard_url", None) or ""
    return ray, f"http://{link}" if link and "://" not in link else link


def check_resources(resources: dict[str, float], nodes: list[dict[str, float]], needs: Needs, device: str) -> int:
    """How many workers the cluster has room for now, by its resources in all and by node. UserError where there is none
    for a single one, since Ray would wait for ever."""
    gpus = resources.get("GPU", 0.0)
    has = f"the Ray cluster has {resources.get('CPU', 0):g} CPUs and {gpus:g} GPUs on {len(nodes)} nodes"
    if device == "cuda" and not needs.gpus:
        raise UserError("the plan asks for a GPU, the workers get none", remedy="give --gpus 1, or less to share one")
    if needs.gpus and gpus < needs.gpus:
        why = "the plan asks for a GPU" if device == "cuda" else f"{needs.gpus:g} GPUs a worker are asked for"
        raise UserError(f"{why}, but {has}", remedy="add nodes with GPUs, or plan with --device cpu")
    room = sum(_fits(node, needs) for node in nodes)
    if not room:
        memory = f" and {needs.memory_gb:g} GB" if needs.memory_gb else ""
        cause = f"no node has room for a worker of {needs.cpus} CPUs{memory}: {has}"
        raise UserError(cause, remedy="give --cpus and --memory that fit")
    return room


class Tasks:
    """A pool of tasks of a Ray cluster."""

    def __init__(self, ray: Any, store: Store, needs: Needs, scratch: Path | None = None) -> None:
        """UserError for a store that only this machine or process sees."""
        if not store.shared:
            raise UserError("is seen by this process alone", path=store.url, remedy="use a folder or a bucket")
        self._ray, self._url, self._scratch = ray, store.url, str(scratch) if scratch else None
        threads = {"NED_CPUS": str(needs.cpus), "OMP_NUM_THREADS": str(needs.cpus)}
        memory = {"memory": int(needs.memory_gb * 1e9)} if needs.memory_gb else {}
        self._task = ray.remote(work_here).options(
            num_cpus=needs.cpus, num_gpus=needs.gpus, max_retries=0, runtime_env={"env_vars": threads}, **memory
        )
        self._running: dict[Any, str] = {}

    def start(self, name: str, count: int) -> None:
        with _connected():
            self._running[self._task.remote(self._url, name, count, self._scratch)] = name

    def ended(self, wait_s: float) -> Iterator[Ended]:
        with _connected():
            ready, _ = self._ray.wait(list(self._running), timeout=wait_s) if self._running else ([], [])
        for task in ready:
            name = self._running.pop(task)
            try:
                how, said = self._ray.get(task)
                yield Ended(name, how, said)
            except Exception as error:  # its process, its node, its memory
                lines = [line.strip() for line in str(error).splitlines() if line.strip()]
                said = lines[0][:160] if lines else ""
                yield Ended(name, "lost", f"{type(error).__name__}: {said}")

    def stop(self) -> None:
        for task in self._running:
            with suppress(Exception):
                self._ray.cancel(task, force=False, recursive=False)
        with suppress(Exception):
            self._ray.wait(list(self._running), num_returns=len(self._running), timeout=STOP_S)
        self._running.clear()


def work_here(url: str, name: str, count: int, scratch: str | None) -> tuple[str, str]:
    """A worker in this process: how it ended, and what it said. For Ray, whose processes have our threads set."""
    from ned.batch.worker import BrokenWorker, Worker
    from ned.runtime.cores import quiet_algebra
    from ned.runtime.heap import share_heaps

    share_heaps()
    quiet_algebra()
    started = time.monotonic()
    while True:
        try:
            folder = Path(scratch) if scratch else None
            Worker(Store(url), name, count=count, scratch=folder).work()
            return "done", ""
        except UserError as error:
            return "refused", str(error)
        except (Cancelled, BrokenWorker) as error:
            return "lost", str(error)
        except ProcessingError as error:
            if time.monotonic() - started < 60:
                return "lost", str(error)
            started = time.monotonic()


def room_of(ray: Any, manifest: Manifest, needs: Needs) -> int:
    """See `check_resources`, for the cluster that we are connected to."""
    nodes = [node["Resources"] for node in ray.nodes() if node.get("Alive")]
    return check_resources(ray.cluster_resources(), nodes, needs, manifest.device)


@contextmanager
def _connected() -> Iterator[None]:
    """ProcessingError where the cluster is gone."""
    try:
        yield
    except Exception as error:
        said = " ".join(str(error).split())[:160]
        remedy = "start it again; then the same command goes on"
        raise ProcessingError(f"the Ray cluster is gone ({type(error).__name__}: {said})", remedy=remedy) from error


def _fits(node: dict[str, float], needs: Needs) -> int:
    """Workers that fit on a node."""
    counts = [node.get("CPU", 0.0) / needs.cpus]
    if needs.gpus:
        counts.append(node.get("GPU", 0.0) / needs.gpus)
    if needs.memory_gb:
        counts.append(node.get("memory", 0.0) / (needs.memory_gb * 1e9))
    return int(min(counts))


def quieten() -> None:
    """Nothing is reported to anybody, and a lost head is noticed in seconds."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", "20")
