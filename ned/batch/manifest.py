"""What is to be done, in one object of the store: the videos, the options, and who may work on them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from ned.batch.store import Store
from ned.config import ProcessConfig
from ned.config.timeline import Keyframe, PersonEdit
from ned.errors import UserError
from ned.pipeline.resolved import ResolvedRun

NAME = "manifest.json"
FORMAT = 1
LEASE_S, TRIES, UNIT_S = 60.0, 3, 300.0
NOT_SHARED = ("input", "output", "alpha", "export_edited", "overwrite", "keep", "provenance_cert", "provenance_key")
"""Options that are each video's own, or the business of who merges: a private key goes to no store."""
_MADE = {cls.__name__: cls for cls in (PersonEdit, Keyframe)}


@dataclass(frozen=True)
class PlannedVideo:
    """One video and what it is made into."""

    key: str
    """Changes with the source's content, the options, what they come to, and the version."""
    source: str
    """An absolute path that workers see too, a URL, or `store:NAME` for an object of the store."""
    digest: str
    """Of its content."""
    options: str
    """Key in `Manifest.options`."""
    output: str
    """Where the result goes unless said otherwise; only a name where the source is a URL."""
    seconds: float
    """How long it is, about; 0 where nobody knows."""


@dataclass(frozen=True)
class Manifest:
    """A plan."""

    version: str
    packages: dict[str, str]
    """Versions of packages that images depend on."""
    device: str
    """`cpu` or `cuda`: what the renderer runs on, the same for all workers."""
    piece_s: float
    per_unit: int
    """Pieces in a unit."""
    lease_s: float
    tries: int
    options: dict[str, Any] = field(default_factory=dict)
    """By key `config` (see `plain_options`) and `run` (facts of a `ResolvedRun`)."""
    videos: tuple[PlannedVideo, ...] = ()

    def save(self, store: Store) -> None:
        """Write it into the store."""
        store.put(NAME, json.dumps({"format": FORMAT, **asdict(self)}, indent=1).encode())

    @classmethod
    def load(cls, store: Store) -> Manifest:
        """Read it. UserError where there is none, or one that this version does not understand."""
        data = store.get(NAME)
        if data is None:
            raise UserError("holds no plan", path=store.url, remedy="make one with `ned batch plan`")
        try:
            said = json.loads(data)
            if said.pop("format") != FORMAT:
                raise ValueError("another format")
            videos = tuple(PlannedVideo(**video) for video in said.pop("videos"))
            return cls(**said, videos=videos)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            remedy = "plan anew into an empty place, or use the version that made it"
            raise UserError(f"its plan cannot be read ({error})", path=store.url, remedy=remedy) from error

    def video(self, key: str) -> PlannedVideo:
        """The one with this key."""
        return next(video for video in self.videos if video.key == key)


def plain_options(config: ProcessConfig, keep: Callable[[Path], str]) -> dict[str, Any]:
    """The options as JSON has them. `keep` says what a file will be called by, and sees to it that it can be had."""
    return {f.name: _plain(getattr(config, f.name), keep) for f in fields(config) if f.name not in NOT_SHARED}


def options_from(plain: dict[str, Any], fetch: Callable[[str], Path], **own: Any) -> ProcessConfig:
    """The inverse, with options of one's `own`; `fetch` gives a file by what `keep` called it."""
    return ProcessConfig(**{name: _thawed(value, fetch) for name, value in plain.items()}, **own)


def plain_run(run: ResolvedRun) -> dict[str, Any]:
    """What a run comes to, as JSON has it."""
    return {**asdict(run), "versions": [list(pair) for pair in run.versions]}


def run_from(plain: dict[str, Any]) -> ResolvedRun:
    """The inverse."""
    return ResolvedRun(**{**plain, "versions": tuple((name, version) for name, version in plain["versions"])})


def key_of_text(*parts: object) -> str:
    """16 hex digits that change with what is said."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()


def _plain(value: Any, keep: Callable[[Path], str]) -> Any:
    if isinstance(value, Path):
        return {"folder": str(value.resolve())} if value.is_dir() else {"file": keep(value)}
    if isinstance(value, Fraction):
        return {"fraction": str(value)}
    if isinstance(value, tuple):
        return [_plain(item, keep) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        inside = {f.name: _plain(getattr(value, f.name), keep) for f in fields(value)}
        return {"made": type(value).__name__, "of": inside}
    return value


def _thawed(value: Any, fetch: Callable[[str], Path]) -> Any:
    if isinstance(value, list):
        return tuple(_thawed(item, fetch) for item in value)
    if not isinstance(value, dict):
        return value
    if "made" in value:
        return _MADE[value["made"]](**{name: _thawed(item, fetch) for name, item in value["of"].items()})
    if "fraction" in value:
        return Fraction(value["fraction"])
    return Path(value["folder"]) if "folder" in value else fetch(value["file"])
