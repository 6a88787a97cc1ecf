"""Workers that are tasks of a Slurm job array: a script is written and submitted; each task is `ned batch work`."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ned.batch.store import Store
from ned.errors import ProcessingError, UserError
from ned.workspace import write_text


@dataclass(frozen=True)
class ArrayTerms:
    """What the job array asks for."""

    workers: int
    cpus: int = 1
    gpus: float = 0.0
    memory_gb: float | None = None
    time: str = ""
    """Limit of each task as Slurm writes it; a unit at work then is given back, and another task goes on."""
    options: tuple[str, ...] = ()
    """Further options of sbatch, such as `--partition=long`."""
    scratch: Path | None = None


def array_script(store: Store, terms: ArrayTerms) -> str:
    """The script: it says all that it needs, so that it can be kept, changed and submitted by hand."""
    asked = ["--job-name=ned-batch", f"--array=0-{terms.workers - 1}", f"--cpus-per-task={terms.cpus}", "--requeue"]
    asked += ["--signal=B:TERM@60"]  # a minute to give back the unit
    if terms.gpus:
        asked.append(f"--gpus-per-task={terms.gpus:g}")
    if terms.memory_gb:
        asked.append(f"--mem={round(terms.memory_gb * 1000)}M")
    if terms.time:
        asked.append(f"--time={terms.time}")
    header = "".join(f"#SBATCH {option}\n" for option in (*asked, *terms.options))
    command = [sys.executable, "-m", "ned.cli", "batch", "work", store.url, "--quiet"]
    command += ["--scratch", str(terms.scratch)] if terms.scratch else []
    return (
        f"#!/bin/sh\n{header}\n"
        f"export NED_CPUS=${{SLURM_CPUS_PER_TASK:-{terms.cpus}}}\n"
        "export OMP_NUM_THREADS=$NED_CPUS\n"
        f"exec {shlex.join(command)} --count {terms.workers} \\\n"
        '    --name "slurm-$SLURM_ARRAY_JOB_ID-$SLURM_ARRAY_TASK_ID-${SLURM_RESTART_COUNT:-0}"\n'
    )


def submit(store: Store, terms: ArrayTerms, script: Path) -> str:
    """Write the script and submit it; the job's number. UserError where there is no sbatch, or it refuses."""
    if not store.shared:
        raise UserError("is seen by this process alone", path=store.url, remedy="use a folder or a bucket")
    sbatch = shutil.which("sbatch")
    if sbatch is None:
        raise UserError("there is no sbatch here", remedy="run this where Slurm's commands are")
    write_text(script, array_script(store, terms))
    done = subprocess.run([sbatch, "--parsable", str(script)], capture_output=True, text=True)
    if done.returncode:
        said = " ".join(done.stderr.split())[-300:] or f"exit {done.returncode}"
        raise UserError(f"sbatch refused it ({said})", path=script, remedy="see --slurm for more of its options")
    number = done.stdout.strip().partition(";")[0]
    if not number:
        raise ProcessingError("sbatch named no job", path=script)
    return number
