"""`ned batch`: many videos on many machines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ned.cli.arguments import Command
from ned.cli.batch_plan import Plan
from ned.cli.groups import Group
from ned.config.options import check_choice, option
from ned.errors import UserError

if TYPE_CHECKING:
    from ned.batch.manifest import Manifest
    from ned.batch.status import BatchState
    from ned.batch.store import Store

BACKENDS = ("local", "ray", "slurm")
STORE_HELP = "where the plan lies: a folder, or a URL such as s3://bucket/folder"


@dataclass(frozen=True)
class Run(Command):
    """Start workers and watch them; what was interrupted goes on with the same command."""

    name = "run"
    store: str = option(help=STORE_HELP, metavar="STORE")
    backend: str = option("local", choices=BACKENDS, help="processes here, tasks of a Ray cluster, a Slurm job array")
    workers: int | None = option(None, metavar="N", help="how many; default: as many as there is room for")
    cpus: int | None = option(None, metavar="N", help="cores for each; default: all here, 2 on ray and slurm")
    gpus: float = option(0.0, metavar="N", help="GPUs for each, on ray and slurm")
    memory_gb: float | None = option(None, flag="--memory", metavar="GB", help="memory for each, on ray and slurm")
    address: str | None = option(
        None, metavar="HOST:PORT", help="of the Ray cluster; default: RAY_ADDRESS, or one on this machine alone"
    )
    time: str = option("", metavar="TIME", help="limit of each task of the Slurm array, as Slurm writes it")
    slurm: tuple[str, ...] = option(
        (), metavar="OPTION", repeat=True, help="option of sbatch, such as --slurm=--partition=long; repeatable",
        parse=lambda value: tuple(value) if isinstance(value, list | tuple) else (str(value),),
    )  # fmt: skip
    scratch: Path | None = option(None, metavar="DIR", help="where workers keep copies meanwhile; default: temporary")
    quiet: bool = option(False, help="say nothing but the last line and errors")

    def main(self) -> int:
        check_choice("backend", self.backend, BACKENDS)
        for name, value in (("workers", self.workers), ("cpus", self.cpus)):
            if value is not None and value < 1:
                raise UserError(f"{name} is {value}", remedy="give 1 or more")
        store, manifest = opened(self.store)
        return {"local": self._local, "ray": self._ray, "slurm": self._slurm}[self.backend](store, manifest)

    def _local(self, store: Store, manifest: Manifest) -> int:
        from ned.batch.backends.local import Processes, workers_for
        from ned.batch.backends.pool import run_pool
        from ned.batch.display import Display
        from ned.batch.worker import check_suits
        from ned.runtime.cores import available

        check_suits(manifest)
        count = self.workers or (workers_for(self.cpus) if self.cpus else 1)
        cpus = self.cpus or max(1, available() // count)
        with Display(quiet=self.quiet) as display:
            state = run_pool(Processes(store, cpus, self.scratch), count, store, manifest, display, 1.0)
        return said(state, store)

    def _ray(self, store: Store, manifest: Manifest) -> int:
        from ned.batch.backends.pool import run_pool
        from ned.batch.backends.ray import Needs, Tasks, connect, quieten, room_of
        from ned.batch.display import Display

        needs = Needs(self.cpus or 2, self.gpus, self.memory_gb)
        quieten()
        ray, link = connect(self.address)
        try:
            count = self.workers or room_of(ray, manifest, needs)
            room_of(ray, manifest, needs)
            with Display(quiet=self.quiet) as display:
                if link:
                    display.note(f"Ray's dashboard: {link}")
                pool = Tasks(ray, store, needs, self.scratch)
                state = run_pool(pool, count, store, manifest, display, max(1.0, count / 20))
        finally:
            ray.shutdown()
        return said(state, store)

    def _slurm(self, store: Store, manifest: Manifest) -> int:
        from ned.batch.backends.slurm import ArrayTerms, submit

        if not self.workers:
            raise UserError("a job array needs a number of workers", remedy="give --workers N")
        if manifest.device == "cuda" and not self.gpus:
            raise UserError("the plan asks for a GPU, the workers get none", remedy="give --gpus 1")
        terms = ArrayTerms(
            self.workers, self.cpus or 2, self.gpus, self.memory_gb, self.time, self.slurm, self.scratch
        )  # fmt: skip
        script = (store.local or Path()) / "ned-batch.sh"
        number = submit(store, terms, script)
        print(f"{script}: submitted as job {number}, {self.workers} workers; `ned batch status {store.url}` follows it")
        return 0


@dataclass(frozen=True)
class Work(Command):
    """Be a worker: do what is free until nothing is left. Run it anywhere, as often as you like."""

    name = "work"
    store: str = option(help=STORE_HELP, metavar="STORE")
    worker: str = option(
        "", flag="--name", metavar="NAME", help="what it is called in claims; default: host and process"
    )
    count: int | None = option(None, metavar="N", help="how many work together, about; default: the job array's")
    scratch: Path | None = option(None, metavar="DIR", help="where copies are kept meanwhile; default: temporary")
    quiet: bool = option(False, help="say nothing but the last line and errors")

    def main(self) -> int:
        from ned.batch.backends.local import orphaned
        from ned.batch.place import worker_name, workers_together
        from ned.batch.store import Store
        from ned.batch.worker import UnitDone, UnitFailed, Worker

        name = worker_name(self.worker)

        def listen(event: object) -> None:
            match event:
                case UnitDone() if not self.quiet:
                    print(
                        f"{event.source}: {event.unit.name}, {event.frames} frames, {event.seconds:.1f} s", flush=True
                    )
                case UnitFailed() if not self.quiet:
                    print(f"{event.source}: {event.unit.name} failed: {event.said}", flush=True)

        worker = Worker(
            Store(self.store), name, count=workers_together(self.count), scratch=self.scratch, listen=listen,
            orphaned=orphaned,
        )  # fmt: skip
        print(f"{worker.work()} units done by {name}")
        return 0


@dataclass(frozen=True)
class Status(Command):
    """Say how a batch stands: what is done, who is at work, what failed and why."""

    name = "status"
    store: str = option(help=STORE_HELP, metavar="STORE")
    watch: bool = option(False, help="go on until it is over")

    def main(self) -> int:
        import time

        from ned.batch.display import Display, row
        from ned.batch.status import look

        store, manifest = opened(self.store)
        state = look(store, manifest)
        if self.watch and not state.over:
            with Display() as display:
                while not state.over:
                    display.show(state)
                    time.sleep(max(2.0, len(state.at_work) / 20))
                    state = look(store, manifest)
        for work in state.at_work:
            print("  ".join(row(work)))
        return said(state, store, over=False)


@dataclass(frozen=True)
class Retry(Command):
    """Have what failed or was lost done again, by the workers that run or will."""

    name = "retry"
    store: str = option(help=STORE_HELP, metavar="STORE")

    def main(self) -> int:
        from ned.batch.status import retry

        store, manifest = opened(self.store)
        count = retry(store, manifest)
        print(f"{count} units will be tried again; `ned batch run {store.url}` does it")
        return 0


@dataclass(frozen=True)
class Merge(Command):
    """Put the finished videos together, by copying, and sign them."""

    name = "merge"
    store: str = option(help=STORE_HELP, metavar="STORE")
    output: Path | None = option(
        None, short="-o", metavar="FOLDER", help="where the videos go; default: where `ned process` puts them"
    )
    overwrite: bool = option(False, short="-y", help="replace output files that exist")
    scratch: Path | None = option(None, metavar="DIR", help="where copies are kept meanwhile; default: temporary")
    provenance_cert: Path | None = option(None, metavar="PEM", help="as of `ned process`")
    provenance_key: Path | None = option(None, metavar="PEM", help="as of `ned process`")
    quiet: bool = option(False, help="say nothing but the results and errors")

    def main(self) -> int:
        from ned.batch.merge import MergeTerms, merge_batch, source_said
        from ned.batch.store import Store
        from ned.runtime.progress import for_stream

        if (self.provenance_cert is None) != (self.provenance_key is None):
            raise UserError("a certificate and its key go together", remedy="give both")
        terms = MergeTerms(self.output, self.overwrite, self.scratch, self.provenance_cert, self.provenance_key)
        counts = dict.fromkeys(("merged", "skipped", "unfinished", "failed"), 0)
        for merged in merge_batch(Store(self.store), terms, for_stream(quiet=self.quiet)):
            counts[merged.state] += 1
            if merged.state == "failed":
                print(f"{source_said(merged.video)}: failed: {merged.error}", flush=True)
            elif merged.state == "unfinished":
                print(f"{source_said(merged.video)}: not finished", flush=True)
            else:
                print(f"{merged.output}{': done already' if merged.state == 'skipped' else ''}", flush=True)
        print(f"{counts['merged']} merged, {counts['skipped']} done before, {counts['unfinished']} not finished, "
              f"{counts['failed']} failed")  # fmt: skip
        return 1 if counts["failed"] or counts["unfinished"] else 0


@dataclass(frozen=True)
class Batch(Group):
    """Edit many videos on many machines: plan, run, status, merge."""

    name = "batch"
    commands = (Plan, Run, Work, Status, Retry, Merge)


def opened(url: str) -> tuple[Store, Manifest]:
    """A store and the plan in it. UserError where there is none."""
    from ned.batch.manifest import Manifest
    from ned.batch.store import Store

    store = Store(url)
    return store, Manifest.load(store)


def said(state: BatchState, store: Store, over: bool = True) -> int:
    """Print what failed and how it stands; 1 where something failed, or is left to do although it should be `over`."""
    from ned.batch.merge import source_said

    for failure in state.failures:
        print(f"{source_said(failure.video)}: {failure.unit.name} failed: {failure.said}")
    print(state.line())
    if state.finished and over:
        print(f"`ned batch merge {store.url}` puts them together")
    return 1 if state.failures or (over and not state.over) else 0
