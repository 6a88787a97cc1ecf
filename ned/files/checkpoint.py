"""Checkpoints: safetensors with a strict header, read as if their author were hostile.

A file holds tensors by name and, in its metadata, what they are: format, kind of network, expression space,
configuration, and the record of the training. Nothing is pickled; sizes are bounded before anything is read.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ned.errors import UserError
from ned.files.atomic import atomic_path, write_text
from ned.files.reading import check_input, sha256_of
from ned.runtime.extras import need

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = "ned-1"
MAX_BYTES = 1024**3
MAX_HEADER_BYTES = 4 * 1024**2
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class TrainingRecord:
    """How weights came about."""

    data: tuple[str, ...] = ()
    command: str = ""
    seed: int = 0
    steps: int = 0
    seconds: float = 0.0
    metrics: tuple[tuple[str, float], ...] = ()
    licence: str = ""
    people: tuple[str, ...] = ()
    """Who was trained on, where that matters to a later measurement."""


@dataclass(frozen=True)
class Checkpoint:
    """The content of a checkpoint file."""

    kind: str
    space: str
    config: Mapping[str, Any]
    """Plain JSON of the network's configuration dataclass."""
    record: TrainingRecord
    tensors: Mapping[str, Tensor] | Mapping[str, np.ndarray]
    """Of torch from `load_checkpoint`, of NumPy from `load_arrays`."""


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write atomically and note the file's SHA-256 in `manifest.json` beside it."""
    head = {
        "format": FORMAT, "kind": checkpoint.kind, "space": checkpoint.space,
        "config": json.dumps(checkpoint.config, sort_keys=True), "record": json.dumps(asdict(checkpoint.record)),
    }  # fmt: skip
    data = _encoded(checkpoint.tensors, head)
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
    note_digest(path, hashlib.sha256(data).hexdigest())


def _encoded(tensors: Mapping[str, Any], head: dict[str, str]) -> bytes:
    if all(isinstance(tensor, np.ndarray) for tensor in tensors.values()):
        from safetensors.numpy import save as save_arrays

        return save_arrays({name: np.ascontiguousarray(array) for name, array in tensors.items()}, head)
    from safetensors.torch import save

    return save({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, head)


def load_checkpoint(path: Path, kind: str, space: str | None = None, max_bytes: int = MAX_BYTES) -> Checkpoint:
    """Its tensors as torch's. Raises UserError where the file is missing, damaged, of another format, kind or
    expression space."""
    need("torch", "reading weights to train or for a GPU")
    from safetensors.torch import load

    return _load(path, kind, space, max_bytes, load)


def load_arrays(path: Path, kind: str, space: str | None = None, max_bytes: int = MAX_BYTES) -> Checkpoint:
    """`load_checkpoint` without torch: tensors are arrays, in single precision. Raises UserError as it does, and where
    values are no numbers."""
    from safetensors.numpy import load

    found = _load(path, kind, space, max_bytes, load)
    tensors = {}
    for name, array in found.tensors.items():
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise UserError(f"tensor {name[:80]} has values that are no numbers", path=path, remedy="train anew")
        tensors[name] = np.ascontiguousarray(array, np.float32)
    return replace(found, tensors=tensors)


def _load(
    path: Path, kind: str, space: str | None, max_bytes: int, decode: Callable[[bytes], Mapping[str, Any]]
) -> Checkpoint:
    head = read_head(path, max_bytes)
    if head.get("format") != FORMAT:
        raise UserError("is no checkpoint of ned", path=path, remedy="give one that `ned train` wrote")
    if head.get("kind") != kind:
        raise UserError(f"holds a {str(head.get('kind'))[:40]}, not a {kind}", path=path, remedy="name another file")
    if space is not None and head.get("space") != space:
        raise UserError(
            f"speaks the expression space {str(head.get('space'))[:40]}, the face model {space}", path=path,
            remedy=f"train one on {space} tracks",
        )  # fmt: skip
    from safetensors import SafetensorError

    try:
        config, record = json.loads(head["config"]), json.loads(head["record"])
        if not isinstance(config, dict) or not isinstance(record, dict):
            raise ValueError
        known = {f.name for f in fields(TrainingRecord)}
        values = {key: value for key, value in record.items() if key in known}
        for name in ("data", "people"):
            values[name] = tuple(map(str, values.get(name, ())))
        values["metrics"] = tuple((str(name), float(value)) for name, value in values.get("metrics", ()))
        tensors = decode(path.read_bytes())
        return Checkpoint(kind, head["space"], config, TrainingRecord(**values), tensors)
    except (SafetensorError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise UserError("is damaged", path=path, remedy="copy it again or train anew") from error


def read_head(path: Path, max_bytes: int = MAX_BYTES) -> dict[str, str]:
    """The metadata of a safetensors file, sizes checked first; UserError where it is none."""
    check_input(path, what="checkpoint")
    size = path.stat().st_size
    if size > max_bytes:
        raise UserError(f"larger than {max_bytes // 1024**2} MB", path=path, remedy="is it a checkpoint?")
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if not 2 <= length <= min(MAX_HEADER_BYTES, size - 8):
                raise ValueError
            head = json.loads(file.read(length))
        metadata = head["__metadata__"]
        if not all(isinstance(value, str) for value in metadata.values()):
            raise ValueError
        return metadata
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, struct.error) as error:
        raise UserError(
            "is no safetensors checkpoint", path=path, remedy="give one that `ned train` wrote"
        ) from error


def load_strictly(module: Any, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Fill a module; UserError unless names and shapes are exactly its own and all numbers are finite."""
    import torch

    wanted = module.state_dict()
    for name in sorted(wanted.keys() ^ tensors.keys()):
        what = "lacks" if name in wanted else "holds an unknown"
        raise UserError(f"{what} tensor {name[:80]}", path=path, remedy="use the version of ned that wrote it")
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name].shape:
            said = f"{tuple(tensor.shape)}, not {tuple(wanted[name].shape)}"
            raise UserError(f"tensor {name[:80]} is {said}", path=path, remedy="use the version of ned that wrote it")
        if not tensor.dtype.is_floating_point or not torch.isfinite(tensor).all():
            raise UserError(f"tensor {name[:80]} has values that are no numbers", path=path, remedy="train anew")
    module.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})


def part_of(tensors: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The tensors under a prefix, without it."""
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def note_digest(path: Path, digest: str, weights: Mapping[str, list[int]] | None = None) -> None:
    """Enter a file's SHA-256 into the manifest of its folder; of a graph also the weights that it is run with, by name
    their shapes."""
    manifest = path.parent / MANIFEST
    try:
        known = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    known[path.name] = {"sha256": digest} | ({"weights": dict(weights)} if weights else {})
    write_text(manifest, json.dumps(known, indent=1, sort_keys=True) + "\n")


def check_digest(path: Path) -> None:
    """Raise UserError where the folder's manifest names the file with another SHA-256; without entry nothing."""
    known = manifest_entry(path)
    if known is not None and known.get("sha256") != sha256_of(path):
        raise UserError(f"differs from its entry in {MANIFEST}", path=path, remedy="install it again")


def manifest_entry(path: Path) -> dict[str, Any] | None:
    """What the folder's manifest says of a file; None where it says nothing."""
    try:
        known = json.loads((path.parent / MANIFEST).read_text(encoding="utf-8")).get(path.name)
    except (OSError, ValueError, AttributeError):
        return None
    return known if isinstance(known, dict) else None
