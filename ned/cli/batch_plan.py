"""`ned batch plan`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ned.cli.arguments import Command, add_options
from ned.config import ProcessConfig, load_overrides
from ned.config.options import check_choice, convert_all, option
from ned.errors import UserError
from ned.workspace import CONTAINERS, compare_path
from ned.workspace.inputs import check_apart, expand

DEVICES = ("auto", "cpu", "cuda")
OF_MERGE = ("overwrite", "keep", "provenance_cert", "provenance_key")


@dataclass(frozen=True)
class Plan(Command):
    """Write down what is to be done: which videos, with which options of `ned process`."""

    name = "plan"
    jobs: tuple[tuple[str, ProcessConfig], ...]
    """Each source, as a path or a URL, and its options."""
    to: str = option("", metavar="STORE", help="where the plan goes, and all that comes of it: a folder or a URL")
    device: str = option("auto", choices=DEVICES, help="what renderers run on, for all workers; auto: as here")
    upload: bool = option(False, help="copy the videos into the store, for workers that do not see these files")
    unit_s: float = option(300.0, flag="--unit", metavar="TIME", help="length of video that a worker takes at a time")
    piece_s: float = option(
        30.0, flag="--piece", metavar="TIME", help="length of a piece; frames are those of `ned process` at the default"
    )
    lease_s: float = option(60.0, flag="--lease", metavar="TIME", help="silence after which a worker is taken for lost")
    tries: int = option(3, metavar="N", help="how often a unit may fail")
    config: Path | None = option(
        None, short="-c", metavar="YAML", help="take options from this file; the command line comes before it"
    )

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        add_options(parser, ProcessConfig, many=("input",))
        add_options(parser, cls)

    @classmethod
    def from_arguments(cls, given: Mapping[str, Any]) -> Command:
        given = dict(given)
        names = ("to", "device", "upload", "unit_s", "piece_s", "lease_s", "tries", "config")
        own = convert_all(cls, {name: given.pop(name) for name in names if name in given})
        if not own.get("to"):
            raise UserError("missing: --to", remedy="say where the plan goes, a folder or a URL")
        for name in OF_MERGE:
            if name in given:
                flag = "--" + name.replace("_", "-")
                raise UserError(f"{flag} is no option of a plan", remedy="`ned batch merge` writes and signs")
        check_choice("device", own.get("device", "auto"), DEVICES)
        overrides = load_overrides(own["config"]) if own.get("config") else {}
        return cls(_jobs(given.pop("input"), {**overrides, **given}), **own)

    def main(self) -> int:
        from ned.batch.plan import Terms, plan_batch
        from ned.batch.store import Store

        for name, value in (("unit", self.unit_s), ("piece", self.piece_s), ("tries", self.tries)):
            if value <= 0:
                raise UserError(f"{name} is {value:g}", remedy="give more than 0")
        if self.lease_s < 2:
            raise UserError(f"lease is {self.lease_s:g} s", remedy="give 2 or more")
        terms = Terms(self.device, self.piece_s, self.unit_s, self.lease_s, self.tries, self.upload)
        store = Store(self.to)
        if not store.shared:
            raise UserError("would be gone with this process", path=store.url, remedy="use a folder or a bucket")
        manifest, new = plan_batch(self.jobs, store, terms)
        before = f", {len(manifest.videos) - new} were planned before" if len(manifest.videos) > new else ""
        length_s = sum(video.seconds for video in manifest.videos)
        print(f"{store.url}: {new} videos planned{before}, {length_s / 3600:.2f} hours in all; "
              f"`ned batch run {store.url}` begins")  # fmt: skip
        return 0


def _jobs(inputs: list[str], options: dict[str, Any]) -> tuple[tuple[str, ProcessConfig], ...]:
    """Each source and its options; `--output` is a folder, for a single video a file too."""
    options.pop("input", None)
    asked = options.pop("output", None)
    output = None if asked is None else Path(asked).expanduser()
    urls = [text for text in inputs if "://" in text]

    def config(source: Path) -> ProcessConfig:
        plain = ProcessConfig.build(options, input=source)
        if output is None:
            return plain
        one_file = len(inputs) == 1 and output.suffix.lower() in CONTAINERS and not Path(inputs[0]).is_dir()
        return replace(plain, output=output if one_file else output / plain.output_path.name)

    def made_of(source: Path) -> list[Path]:
        one = config(source)
        return [path for path in (one.output_path, compare_path(one.output_path)) if path != source]

    files = expand([text for text in inputs if text not in urls], made_of)
    jobs = [(str(path), config(path)) for path in files]
    jobs += [(url, config(Path(url.partition("?")[0].rpartition("/")[2] or "video"))) for url in urls]
    check_apart((Path(source), one.output_path) for source, one in jobs)
    return tuple(jobs)
