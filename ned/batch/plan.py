"""Plan a batch: which videos, with which options, by which renderer; nothing is decoded yet."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ned import workspace
from ned.batch.manifest import LEASE_S, TRIES, UNIT_S, Manifest, PlannedVideo, key_of_text, plain_options, plain_run
from ned.batch.sources import IN_STORE, file_digest, is_url, url_digest
from ned.batch.store import Store
from ned.config import ProcessConfig
from ned.config.roles import AUTO, RENDERERS
from ned.errors import UserError
from ned.pipeline.resolved import ResolvedRun, package_versions, resolve
from ned.rendering.second_pass import SEGMENT_S
from ned.runtime import devices
from ned.version import __version__
from ned.video import probe

DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Terms:
    """How the work is divided and held together."""

    device: str = "auto"
    piece_s: float = SEGMENT_S
    unit_s: float = UNIT_S
    lease_s: float = LEASE_S
    tries: int = TRIES
    upload: bool = False
    """Whether sources are copied into the store, for workers that do not see this machine's files."""

    @property
    def per_unit(self) -> int:
        """Pieces in a unit."""
        return max(1, round(self.unit_s / self.piece_s))


def plan_batch(jobs: Sequence[tuple[str, ProcessConfig]], store: Store, terms: Terms) -> tuple[Manifest, int]:
    """Write a plan for these sources (a path or a URL each, whose `input` and `output` the options name) into the
    store; and how many are new. A store that has a plan keeps what is in it; the terms are then those of the first.

    UserError for what cannot be done anywhere, and where a store's plan is of another version.
    """
    manifest = _begun(store, terms)
    known = {video.key for video in manifest.videos}
    options, videos = dict(manifest.options), list(manifest.videos)
    kept: dict[Path, str] = {}
    for source, config in jobs:
        check(source, config)
        run = settled(config, manifest.device)
        plain = plain_options(replace(config, renderer=run.renderer), lambda path: _keep(path, store, kept))
        runs_on = manifest.device if RENDERERS[run.renderer].trained else "cpu"
        facts = plain_run(replace(run, device=manifest.device, runs_on=runs_on, why=""))
        digest = url_digest(source) if is_url(source) else file_digest(config.input)
        name = key_of_text(sorted(plain.items()), sorted(facts.items()))
        suffix = config.output_path.suffix.lower()
        key = key_of_text(digest, name, suffix, manifest.piece_s, manifest.per_unit, config.output_path.name)
        options[name] = {"config": plain, "run": facts}
        if key in known:
            continue
        known.add(key)
        where = source if is_url(source) else str(config.input.resolve())
        if terms.upload and not is_url(source):
            where = f"{IN_STORE}sources/{digest}{config.input.suffix.lower()}"
            store.put_file(where.removeprefix(IN_STORE), config.input)
        out = config.output_path.name if is_url(source) and config.output is None else str(config.output_path.resolve())
        seconds = 0.0 if is_url(source) else _seconds(config)
        videos.append(PlannedVideo(key, where, digest, name, out, seconds))
    now = _begun(store, terms)  # somebody else may have planned while this was prepared
    there = {video.key for video in now.videos}
    new = [video for video in videos if video.key not in there]
    whole = replace(now, options={**now.options, **options}, videos=(*now.videos, *new))
    whole.save(store)
    return whole, len(new)


def check(source: str, config: ProcessConfig) -> None:
    """UserError for what could not be done whichever machine tries."""
    if config.finetune_minutes:
        remedy = "run `ned finetune` once and pass --actor"
        raise UserError("fine-tuning is no part of a batch", remedy=remedy)
    if config.alpha is not None or config.export_edited is not None:
        remedy = "leave --alpha and --export-edited out, or use `ned process`"
        raise UserError("mattes and tracks are no part of a batch", remedy=remedy)
    cut = config.input.suffix.lower() == ".otio"
    if cut or any(workspace.is_numbered(path) for path in (config.input, config.output_path)):
        raise UserError("a batch takes and gives videos only", path=source, remedy="use `ned process`")
    with tempfile.TemporaryDirectory() as folder:
        there = replace(
            config, output=Path(folder) / config.output_path.name, provenance_cert=None, provenance_key=None
        )
        if is_url(source):
            stand_in = Path(folder) / config.input.name
            stand_in.touch()
            there = replace(there, input=stand_in)
        there.check_files()


def settled(config: ProcessConfig, device: str) -> ResolvedRun:
    """What the options come to on workers with this device."""
    if config.renderer == AUTO:
        neural = config.actor is not None or (device == "cuda" and RENDERERS["neural"].weights.exists())
        config = replace(config, renderer="neural" if neural else "warp")
    return resolve(config)


def versions() -> dict[str, str]:
    """Of the packages that images depend on, `ned` not among them."""
    return {name: version.partition("+")[0] for name, version in package_versions(torch=True)}


def _begun(store: Store, terms: Terms) -> Manifest:
    """The plan that is there, or an empty one."""
    from ned.batch.manifest import NAME

    if store.get(NAME) is None:
        device = terms.device
        if device == devices.AUTO:
            device = devices.settle()
        terms_said = (terms.piece_s, terms.per_unit, terms.lease_s, terms.tries)
        return Manifest(__version__, versions(), device, *terms_said)
    manifest = Manifest.load(store)
    if manifest.version != __version__:
        cause = f"holds a plan of ned {manifest.version}, this is {__version__}"
        raise UserError(cause, path=store.url, remedy="plan into an empty place")
    if terms.device not in ("auto", manifest.device):
        raise UserError(f"holds a plan for {manifest.device}", path=store.url, remedy="plan into another place")
    return manifest


def _keep(path: Path, store: Store, kept: dict[Path, str]) -> str:
    """A file that options name goes into the store; its name there."""
    if path not in kept:
        name = f"files/{workspace.sha256_of(path)[:32]}/{path.name}"
        store.put_file(name, path)
        kept[path] = name
    return kept[path]


def _seconds(config: ProcessConfig) -> float:
    length_s = probe(config.input).duration_s
    return max(0.0, min(config.end_s or length_s, length_s) - (config.start_s or 0.0))
