"""The actors that a renderer was fine-tuned to: a folder each, kept on the user's computer.

A folder holds `actor.safetensors` (weights), `actor.json` (what is known of them, with the weights' SHA-256), `crops`
(the footage that the actor's appearance is taken from) and, after training, `previews`.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ned import workspace
from ned.errors import UserError
from ned.files.atomic import write_text
from ned.workspace.data import ACTOR_WEIGHTS

RECORD, CROPS, PREVIEWS, WORK = "actor.json", "crops", "previews", "training"
FORMAT = 1
MAX_RECORD_BYTES = 1024**2


@dataclass(frozen=True)
class ActorRecord:
    """What is known of an actor."""

    name: str
    videos: tuple[str, ...]
    """Names of the files, without folders."""
    crops: tuple[str, ...]
    """Files of prepared footage in the actor's folder, one a video."""
    seconds: float
    """CropSequence altogether."""
    strength: float
    """0 to 1: how far the network may be trusted; below 1 where there was little footage."""
    minutes: float
    steps: int
    size: int
    """Side of the crops, pixels."""
    fapd: float
    """MAE of the network in held-out frames, see `ned.renderer.neural.evaluation`; named when that was called FAPD."""
    warp_fapd: float
    """Of the nearest frame, bent, in the same ones."""
    sha256: str
    """Of the weights."""

    def beats_warp(self) -> bool:
        """Whether the network came nearer to the held-out frames than bending a frame does."""
        return self.fapd < self.warp_fapd


@dataclass(frozen=True)
class Actor:
    """A folder whose record could be read."""

    folder: Path
    record: ActorRecord

    @property
    def weights(self) -> Path:
        """The checkpoint."""
        return self.folder / ACTOR_WEIGHTS

    @property
    def footage(self) -> tuple[Path, ...]:
        """Prepared footage, for `ned.renderer.neural.training.crop_sequences.load_footage`."""
        return tuple(self.folder / CROPS / name for name in self.record.crops)


def list_actors() -> list[Actor]:
    """All actors whose record can be read, by name."""
    root, found = workspace.actors_root(), []
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        try:
            found.append(Actor(folder, read_record(folder)))
        except UserError:
            continue
    return found


def load_actor(name: str) -> Actor:
    """An actor whose files are as they were written. Raises UserError where there is none, or they are damaged."""
    folder = workspace.actor_folder(name)
    if not (folder / RECORD).is_file():
        known = ", ".join(actor.record.name for actor in list_actors()[:8])
        hint = f"known are: {known}; or " if known else ""
        raise UserError(f"no actor {name!r}", remedy=f"{hint}make one with `ned finetune VIDEO --name {name}`")
    actor = Actor(folder, read_record(folder))
    workspace.check_input(actor.weights, what="checkpoint")
    for path in actor.footage:
        workspace.check_input(path, what="footage")
    if workspace.sha256_of(actor.weights) != actor.record.sha256:
        raise UserError(f"differs from its entry in {RECORD}", path=actor.weights, remedy="fine-tune the actor again")
    return actor


def read_record(folder: Path) -> ActorRecord:
    """Raises UserError where it is missing, damaged or not of this folder's actor."""
    path = folder / RECORD
    try:
        if path.stat().st_size > MAX_RECORD_BYTES:
            raise ValueError
        values = json.loads(path.read_text(encoding="utf-8"))
        if values.pop("format") != FORMAT or values.keys() != {f.name for f in fields(ActorRecord)}:
            raise ValueError
        for key in ("videos", "crops"):
            values[key] = tuple(map(str, values[key]))
        for key in ("seconds", "strength", "minutes", "fapd", "warp_fapd"):
            values[key] = float(values[key])
            if not math.isfinite(values[key]):
                raise ValueError
        record = ActorRecord(**values)
        plain = all(Path(crop).name == crop and crop not in ("", "..") for crop in record.crops)
        if record.name != folder.name or not plain or not 0 <= record.strength <= 1:
            raise ValueError
        if not isinstance(record.sha256, str) or not all(isinstance(n, int) for n in (record.steps, record.size)):
            raise ValueError
        return record
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError("is no actor's record", path=path, remedy="fine-tune the actor again") from error


def save_record(folder: Path, record: ActorRecord) -> None:
    """Write atomically; the actor exists from then on."""
    write_text(folder / RECORD, json.dumps({"format": FORMAT} | asdict(record), indent=1, sort_keys=True) + "\n")
