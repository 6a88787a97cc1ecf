"""The worker of the fuzzer: damages files and runs the commands on them in its own process, which may die of it."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import re
import resource
import shutil
import sys
from pathlib import Path

import fuzz_mutations as mutations
import fuzz_seeds as seeds

DATA_KINDS = (
    "config.yaml", "expression.csv", "manifest.c2pa", "tracks.npz", "landmarks.npy", "analysis.json",
    "manipulator.safetensors", "actor.safetensors", "actor.json",
)  # fmt: skip


class Worker:
    """Runs cases one after another in this process, by the commands' own entry."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.folder, self.good = options.work / "case", options.work / "good"
        os.environ |= {"NED_CACHE": str(options.work / "cache"), "NED_CONFIG": str(options.work / "config")}
        os.environ |= {"NED_DATA": str(options.work / "data")}
        os.environ |= {"OMP_NUM_THREADS": "1"}

    def serve(self) -> int:
        channel = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(2, 1)
        self.videos = seeds.make_seeds(self.good)
        first = next(iter(self.videos.values()))
        self.data = seeds.make_data(self.good, first, self.ned)
        self.first = first
        seeds.put_actor("", first, self.good)
        whole_actor = ["process", str(first), "-o", str(self.good / "actor.mp4"), "--actor", seeds.ACTOR]
        code, _, err = self.ned([*whole_actor, "-q", "draft", "--overwrite", "--quiet"])
        if code:  # else every damaged one would be refused for that
            raise SystemExit(f"the undamaged actor is refused: {err}")
        self.entry = next((self.options.work / "cache").glob("analysis-*"), None)
        self.kept = self.options.work / "kept-entry"
        if self.entry is not None and not self.kept.is_dir():
            shutil.copytree(self.entry, self.kept)
        limit = int(self.options.memory_gb * 1024**3)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        channel.write('"ready"\n')
        for line in sys.stdin:
            index = int(line)
            rng = random.Random(f"{self.options.seed}:{index}")
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            run = self.video if index < self.options.count else self.other
            said = {"index": index}
            channel.write(json.dumps(run(rng, said, channel)) + "\n")
        return 0

    def video(self, rng: random.Random, said: dict, channel: io.TextIOBase) -> dict:
        """A damaged container through verify, analyse and process."""
        name, other = rng.choice(list(self.videos)), rng.choice(list(self.videos))
        change = rng.choice(mutations.CONTAINER)
        damaged = self.folder / f"case.{name.rsplit('.', 1)[1]}"
        data = self.videos[name].read_bytes()
        for _ in range(rng.choice((1, 1, 2))):
            data = change(data, rng, self.videos[other].read_bytes()) or b"\0"
        damaged.write_bytes(data)
        said |= {"seed": name, "how": change.__name__}
        channel.write(json.dumps(said) + "\n")
        output = self.folder / f"out{rng.choice(('.mp4', '.mp4', '.mov', '.mkv'))}"
        self.clear_cache()
        failure = self.judge(damaged, ["verify", str(damaged)], None, (0, 1, 2))
        failure = failure or self.judge(damaged, ["analyse", str(damaged), "--quiet"], None)
        process = ["process", str(damaged), "-o", str(output), "-q", "draft", "--preset", "ultrafast", "--quiet"]
        if rng.random() < 0.25:
            process += rng.choice((["--start", "0.1"], ["--end", "0.2"], ["--start", "0.04", "--end", "0.16"]))
        return self.result(said, failure or self.judge(damaged, process, output), damaged)

    def other(self, rng: random.Random, said: dict, channel: io.TextIOBase) -> dict:
        """A damaged data file through the command that reads it."""
        kind = rng.choice(DATA_KINDS)
        changes = mutations.TEXT if kind.endswith((".yaml", ".csv", ".json")) else mutations.DATA
        changes = mutations.WEIGHTS if kind.endswith(".safetensors") else changes
        change, output = rng.choice(changes), self.folder / "out.mp4"
        said |= {"seed": kind, "how": change.__name__}
        damaged = self.folder / f"case.{kind.rsplit('.', 1)[1]}"
        source = self.kept / kind if kind not in self.data else self.data[kind]
        damaged.write_bytes(change(source.read_bytes(), rng, self.first.read_bytes()) or b"\0")
        channel.write(json.dumps(said) + "\n")
        process = ["process", str(self.first), "-o", str(output), "-q", "draft", "--preset", "ultrafast", "--quiet"]
        if kind == "config.yaml":
            few = ["process", str(self.first), "-o", str(output), "--config", str(damaged), "--overwrite", "--quiet"]
            failure = self.judge(damaged, few, output)
        elif kind == "expression.csv":
            failure = self.judge(damaged, [*process, "--expression", str(damaged)], output)
        elif kind == "manipulator.safetensors":
            failure = self.judge(damaged, [*process, "--manipulator-weights", str(damaged)], output)
        elif kind.startswith("actor."):
            seeds.put_actor(kind, damaged, self.good)
            failure = self.judge(damaged, [*process, "--actor", seeds.ACTOR], output)
        elif kind == "manifest.c2pa":
            shutil.copy(self.good / "signed.mkv", self.folder / "case.mkv")
            failure = self.judge(damaged, ["verify", str(self.folder / "case.mkv")], None, (0, 1, 2))
        else:
            failure = self.cached(kind, damaged, [*process], output)
        return self.result(said, failure, damaged)

    def cached(self, kind: str, damaged: Path, process: list[str], output: Path) -> str:
        """The cache with one damaged file whose digest is right, as somebody would who means harm."""
        from ned.analysis.cached import _digest

        shutil.rmtree(self.entry, ignore_errors=True)
        shutil.copytree(self.kept, self.entry)
        shutil.copy(damaged, self.entry / kind)
        if kind != "analysis.json":
            head = json.loads((self.entry / "analysis.json").read_text())
            head["digests"][kind] = _digest(self.entry / kind)
            (self.entry / "analysis.json").write_text(json.dumps(head))
        return self.judge(self.first, process, output)

    def clear_cache(self) -> None:
        for entry in (self.options.work / "cache").glob("analysis-*"):
            if entry != self.entry:
                shutil.rmtree(entry, ignore_errors=True)

    def ned(self, arguments: list[str]) -> tuple[int, str, str]:
        """A command in this process: exit code, output, errors."""
        from ned.cli import main

        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(arguments)
        return code, out.getvalue(), err.getvalue()

    def judge(self, damaged: Path, arguments: list[str], output: Path | None, accepted=(0,)) -> str:
        """What is wrong with how a command took the file; empty where nothing is."""
        before = {file.name for file in self.folder.iterdir()}
        if output is not None:
            output.unlink(missing_ok=True)
        code, out, err = self.ned(arguments)
        self.code, self.said = code, (err or out).strip().split("\n")[-1]
        stray = {file.name for file in self.folder.iterdir()} - before - {output.name if output else ""}
        beside = output.with_suffix(".c2pa").name if output else ""
        if code == 1 and f"goes on from {output and output.name}.part" in err:  # said, and meant to stay
            stray.discard(f"{output.name}.part")
        if stray - ({beside} if not code else set()):
            return f"left {sorted(stray)}"
        if re.search(r"unexpected \w+: .*--debug|Traceback|out of memory", err):
            return f"{arguments[0]}: {self.said}"
        if code in accepted:
            return "" if output is None or code else whole(output)
        errors = [line for line in err.split("\n") if line.startswith("ned: error: ")]
        if len(errors) != 1 or code not in (1, 2) or len(errors[0]) < 25:
            return f"{arguments[0]} ended with {code} and said {self.said!r}"
        if output is not None and output.exists():
            return "refused, but an output is there"
        return ""

    def result(self, said: dict, failure: str, damaged: Path) -> dict:
        outcome = "failed" if failure else "processed" if self.code == 0 else "refused"
        if failure:
            name = f"{self.options.seed}-{said['index']}{damaged.suffix}"
            shutil.copy(damaged, self.options.work / "failures" / name)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return said | {"failure": failure, "outcome": outcome, "said": self.said[:300], "peak_mb": peak}


def whole(path: Path) -> str:
    """Empty where a video can be decoded to its end without a complaint."""
    import av

    if not path.is_file():
        return "done, but no output"
    try:
        with av.open(str(path), metadata_errors="replace") as video:
            if not sum(1 for _ in video.decode(video=0)):
                return "an output without a frame"
    except av.error.FFmpegError as error:
        return f"the output is damaged ({error})"
    return ""
