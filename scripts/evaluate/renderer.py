"""Self-reenactment of people, after fine-tuning for the same time: our renderer, that of 2022, and a bent frame.

    python scripts/evaluate/renderer.py CLIPS --work runs/table --minutes 10 --threads 2 \
        --ours meta/best.safetensors --ned2022 meta2022/last.safetensors

CLIPS are videos, prepared crops, or folders of them (of folders, one a person). Each method begins from its checkpoint,
or from none, learns from the first 90 % of every clip and paints the last 10 %; nothing is chosen by the latter: the
weights are the last ones. People whom a checkpoint's record names were seen in meta-training. Rows that were measured,
and training that was interrupted, are kept in the folder `--work`; the same command goes on there.
"""

from __future__ import annotations

import argparse
import fnmatch
import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from ned.files.checkpoint import TrainingRecord
from ned.renderer.neural.evaluation import (
    Figures,
    RegionFigures,
    Row,
    print_rows,
    self_reenactment,
    warp_of_nearest,
)
from ned.renderer.neural.settings import RendererConfig
from ned.renderer.neural.training.preparation import Person, by_person, gather
from ned.renderer.neural.training.run import adapt, unseen_people
from ned.renderer.neural.training.start import Start, build_learner, load_start
from ned.report.sheet import grid, save_image
from ned.runtime.progress import Lines
from ned.training.loop import Schedule
from ned.workspace import sha256_of, write_text

CHECKPOINT_S = 50.0
NEVER = 10**9
IMAGES = 8


class Table:
    """Rows in a JSON file, by what they depend on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def find(self, key: str) -> Row | None:
        found = self._known.get(key)
        return None if found is None else _row(found)

    def keep(self, key: str, row: Row) -> None:
        self._known[key] = asdict(row)
        write_text(self._path, json.dumps(self._known, indent=1) + "\n")


def _row(plain: dict) -> Row:
    def figures(values: dict | None) -> Figures | None:
        if values is None:
            return None
        return Figures(values["frames"], *(RegionFigures(**values[region]) for region in ("face", "mouth")))

    return Row(plain["person"], plain["method"], figures(plain["everything"]), figures(plain["opened"]))


def content(person: Person) -> str:
    """Names the footage by its content."""
    said = hashlib.blake2b(digest_size=8)
    for part in (person.train, person.test):
        for values in (part.frames, part.faces, part.coefficients):
            said.update(np.ascontiguousarray(values).data)
    return said.hexdigest()


def tuned_row(
    method: str, config: RendererConfig, start: Start | None, person: Person, given: argparse.Namespace, folder: Path
) -> Row:
    """Fine-tunes one method to one person for the given time and measures it."""
    print(f"{person.name}: {method}, {given.minutes:g} min on {len(person.train)} frames", flush=True)
    if given.minutes > 0:
        schedule = Schedule(NEVER, 60 * given.minutes, NEVER, NEVER, threads=given.threads,
                            checkpoint_seconds=CHECKPOINT_S)  # fmt: skip
        record = TrainingRecord((person.train.source,), seed=config.seed)
        progress = Lines(interval_s=60.0, unit="steps")
        learner, done = adapt(config, [person.train], folder, schedule, record, progress, start)
        print(f"{person.name}: {method}, {done.steps} steps", flush=True)
    else:
        learner = build_learner(config, [person.train], None, start)
    images = []

    def generate(test, train):
        images.append(learner.generate(test, train))
        return images[-1]

    row = self_reenactment({method: generate}, person.train, person.test)[0]
    save_sheet(folder.with_suffix(".png"), person, images[0], method)
    return row


def save_sheet(path: Path, person: Person, made: np.ndarray, method: str) -> None:
    """Held-out frames: truth, bent nearest frame, the method's."""
    columns = np.unique(np.linspace(0, len(made) - 1, IMAGES).round().astype(int))
    bent = warp_of_nearest(person.test.part(columns), person.train)
    rows = [(255 * np.clip(x, 0, 1) + 0.5).astype(np.uint8) for x in (bent, made[columns])]
    path.parent.mkdir(parents=True, exist_ok=True)
    save_image(path, grid([list(person.test.frames[columns]), *map(list, rows)], ("target", "warp", method)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="folder for crops, training and measured rows")
    parser.add_argument("--minutes", type=float, default=10.0, help="fine-tuning of each method for each person")
    parser.add_argument("--ours", type=Path, help="checkpoint to begin from; default: fresh weights")
    parser.add_argument("--ned2022", type=Path, help="the same for the networks of 2022")
    parser.add_argument("--ours-config", type=Path, help="YAML settings where --ours is not given")
    parser.add_argument("--ned2022-config", type=Path, help="YAML settings where --ned2022 is not given")
    parser.add_argument("--size", type=int, help="side of the crops where no checkpoint says it")
    parser.add_argument("--learning-rate", type=float, help="in place of the settings' own, for both")
    parser.add_argument("--methods", nargs="+", default=["ours", "ned2022", "warp"])
    parser.add_argument("--only", nargs="+", default=["*"], help="patterns of people")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    starts = {name: load_start(path) for name in ("ours", "ned2022") if (path := getattr(given, name))}
    configs: dict[str, RendererConfig] = {}
    for name, networks in (("ours", "candidates"), ("ned2022", "ned2022")):
        yaml = getattr(given, f"{name}_config")
        fresh = RendererConfig.load(yaml) if yaml else RendererConfig(networks=networks)
        fresh = replace(fresh, networks=networks, size=given.size or fresh.size)
        configs[name] = starts[name].config if name in starts else fresh
        if configs[name].networks != networks:
            raise SystemExit(f"--{name}: holds the networks {configs[name].networks}")
        if given.learning_rate:
            configs[name] = replace(configs[name], learning_rate=given.learning_rate)
    sizes = {configs[name].size for name in given.methods if name in configs} or {given.size or 128}
    if len(sizes) > 1:
        raise SystemExit(f"crops of different sizes ({sorted(sizes)}) cannot be compared; give --size or one size")
    footages = gather(given.data, sizes.pop(), given.work / "crops", Lines())
    people = [p for p in by_person(footages) if any(fnmatch.fnmatch(p.name, pattern) for pattern in given.only)]
    table, rows = Table(given.work / "rows.json"), []
    for person in people:
        what = content(person)
        for method in given.methods:
            plain = "" if method == "warp" else json.dumps(configs[method].plain(), sort_keys=True)
            begun = sha256_of(starts[method].path) if method in starts else ""
            minutes = 0.0 if method == "warp" else given.minutes
            key = f"{person.name} {method} {hashlib.sha256(f'{what}{plain}{begun}{minutes}'.encode()).hexdigest()[:16]}"
            row = table.find(key)
            if row is None:
                if method == "warp":
                    row = self_reenactment({method: warp_of_nearest}, person.train, person.test)[0]
                else:
                    folder = given.work / "training" / key.replace(" ", "_")
                    row = tuned_row(method, configs[method], starts.get(method), person, given, folder)
                table.keep(key, row)
            rows.append(row)
    unseen = [unseen_people(start, people) for start in starts.values()]
    common = frozenset.intersection(*unseen) if unseen else frozenset(person.name for person in people)
    print(f"fine-tuned for {given.minutes:g} min on {given.threads} cores; crops of {people[0].test.size} pixels")
    print_rows(rows, common)
    for name, start in starts.items():
        seen = sorted({p.name for p in people} - unseen_people(start, people))
        print(f"{name} began from {start.path.name}, {start.checkpoint.record.steps} steps on "
              f"{len(start.checkpoint.record.people)} people; of these here: {', '.join(seen) or 'none'}")  # fmt: skip


if __name__ == "__main__":
    main()
