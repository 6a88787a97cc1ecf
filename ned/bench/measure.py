"""All figures, one after another, each in a process of its own."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ned.bench.clips import SIZES, Size, make_clips
from ned.bench.table import NEEDS_GPU, Row, as_markdown, said
from ned.runtime import devices
from ned.runtime.cores import available
from ned.runtime.extras import has, missing
from ned.runtime.progress import Progress
from ned.version import __version__

QUICK = (SIZES[0],)
STAGES_OF = "720p"
"""The clip whose stages are listed, where it is measured."""
MOST_S = 3600.0


def ask(kind: str, **given: Any) -> dict[str, Any]:
    """The answer of a measurement, or its error in a line."""
    command = [sys.executable, "-m", "ned.bench.child", kind, json.dumps(given)]
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=MOST_S, env=environment)
    except subprocess.TimeoutExpired:
        return {"error": f"failed: no answer in {MOST_S / 60:g} minutes"}
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
        return {"error": f"failed: {lines[-1][:100]}"}
    return json.loads(done.stdout.strip().splitlines()[-1])


def measure(device: str, quick: bool, seconds: float, finetune_minutes: float, progress: Progress) -> str:
    """The whole table as Markdown. `device`: of `ned.runtime.devices`, for the column of the GPU; "cpu" leaves it
    empty. Raises UserError for a device that cannot be used."""
    gpu = devices.settle(device)
    sizes = QUICK if quick else SIZES
    on = ("cpu",) if gpu == "cpu" else ("cpu", gpu)
    with tempfile.TemporaryDirectory() as folder, progress.stage("measuring", 2 + len(sizes)) as stage:
        clips = make_clips(Path(folder), seconds, sizes)
        ask("process", video=str(clips[sizes[0]]), renderer="neural", device="cpu")  # compiles the kernels
        stage.advance()
        rows = []
        for size, clip in clips.items():
            rows += _of_clip(size, clip, on)
            stage.advance()
        rows += _of_network(on)
        rows += _of_finetuning(clips[sizes[-1] if quick else SIZES[1]], on, finetune_minutes)
        stage.advance()
    return as_markdown(_machine(), "" if gpu == "cpu" else devices.said_of(gpu), rows)


def _of_clip(size: Size, clip: Path, on: tuple[str, ...]) -> list[Row]:
    person = {"person": "all"} if size.faces > 1 else {}
    floor = ask("floor", video=str(clip))
    rows = [Row(f"{size.name}: floor (decode, landmarks, encode), frames/s", said(floor, "fps"), "—")]
    for renderer in ("warp", "neural"):
        # the warp renderer has no use for a GPU
        runs_on = on if renderer == "neural" else ("cpu",)
        answers = [ask("process", video=str(clip), renderer=renderer, device=d, **person) for d in runs_on]
        absent = NEEDS_GPU if renderer == "neural" else "—"
        rows.append(_row(f"{size.name}: `--renderer {renderer}`, frames/s", answers, "fps", absent))
        for answer in answers:
            if "error" not in answer and "error" not in floor:
                answer["ratio"] = floor["fps"] / answer["fps"]
        rows.append(_row(f"{size.name}: {renderer}, time ÷ floor", answers, "ratio", absent, "{:.2f}"))
        rows.append(_row(f"{size.name}: {renderer}, memory of the process, GiB", answers, "host_gib", absent, "{:.2f}"))
        if renderer == "neural":
            rows.append(_memory(f"{size.name}: neural", answers))
        if size.name == STAGES_OF:
            for name in answers[0].get("stages", ()):
                figure = f"{size.name}: {renderer}, {name}, ms a frame"
                rows.append(_row(figure, [_stage(answer, name) for answer in answers], "ms", absent))
    return rows


def _of_network(on: tuple[str, ...]) -> list[Row]:
    answers = [ask("network", device=d) for d in on]
    what = "network of the neural renderer, crop of 256²"
    return [_row(f"{what}, ms a frame", answers, "ms", NEEDS_GPU), _memory(what, answers)]


def _of_finetuning(clip: Path, on: tuple[str, ...], minutes: float) -> list[Row]:
    if not has("torch"):
        answers: list[dict[str, Any]] = [{"error": str(missing("torch", "it"))}]
    elif minutes <= 0:
        answers = [{"error": "left out (--finetune-minutes 0)"} for _ in on]
    else:
        answers = [ask("finetune", video=str(clip), minutes=minutes, device=d) for d in on]
    for answer in answers:
        if "error" not in answer:
            answer["said"] = " ".join(f"{value:.2f}" for value in (*answer["curve"], answer["fapd"]))
            answer["said"] += f" (bent frame {answer['warp_fapd']:.2f})"
    return [
        _row("fine-tuning, steps/s", answers, "steps", NEEDS_GPU, "{:.2f}"),
        _row("fine-tuning, held-out MAE from minute to minute, then the best", answers, "said", NEEDS_GPU, "{}"),
        _row("fine-tuning, memory of the process, GiB", answers, "host_gib", NEEDS_GPU, "{:.2f}"),
        _memory("fine-tuning", answers),
    ]


def _row(figure: str, answers: list[dict[str, Any]], name: str, absent: str, form: str = "{:.1f}") -> Row:
    return Row(figure, said(answers[0], name, form), said(answers[1], name, form) if len(answers) > 1 else absent)


def _memory(what: str, answers: list[dict[str, Any]]) -> Row:
    on_gpu = said(answers[1], "device_gib", "{:.2f}") if len(answers) > 1 else NEEDS_GPU
    return Row(f"{what}, memory of the GPU, GiB", "—", on_gpu)


def _stage(answer: Mapping[str, Any], name: str) -> dict[str, Any]:
    return dict(answer) if "error" in answer else {"ms": answer["stages"].get(name)}


def _machine() -> list[str]:
    """What was measured, in lines."""
    import importlib.metadata

    versions = [f"ned {__version__}", f"Python {platform.python_version()}"]
    for package in ("onnxruntime", "torch", "numpy", "numba"):
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return [f"{_processor()}, {available()} cores{load}; {platform.platform()}", ", ".join(versions)]


def _processor() -> str:
    try:
        known = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in known.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()
