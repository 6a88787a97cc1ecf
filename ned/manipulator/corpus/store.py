"""The corpus on disk: clean tracks of synthetic people in one .npz, and what it was made of."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from ned import workspace
from ned.errors import UserError
from ned.face_model.spaces import SPACES
from ned.files.arrays import array_errors, save_arrays
from ned.files.atomic import atomic_path
from ned.manipulator.corpus.people import SPLITS, RealTrack, synthetic_person
from ned.types import ExpressionSpace

FORMAT = 1
MAX_BYTES = 4 * 1024**3
_HELD_OUT = {"judge": 0.18, "test": 0.18}


@dataclass(frozen=True)
class Corpus:
    """Clean tracks (seen scale, nominal rate), one a synthetic person, without any emotion."""

    space: ExpressionSpace
    clean: Float[np.ndarray, "people frames width"]
    split: Int[np.ndarray, "people"]
    """Index into `SPLITS`; no real person gave pieces to two of them."""
    sources: tuple[str, ...]
    """Names of the real clips that pieces came from."""
    seed: int

    def of(self, split: str) -> Float[np.ndarray, "people frames width"]:
        """The tracks of one split."""
        return self.clean[self.split == SPLITS.index(split)]


def build_corpus(
    space: ExpressionSpace, real: list[RealTrack], people: int, frames: int, seed: int, sources: tuple[str, ...]
) -> Corpus:
    """`people` synthetic people, the real ones behind them divided between the splits. ValueError for under 3."""
    names = sorted({track.person for track in real})
    if len(names) < len(SPLITS):
        raise ValueError(f"{len(SPLITS)} real persons are needed, one a split; there are {len(names)}")
    rng = np.random.default_rng(seed)
    rng.shuffle(names)
    held = {split: max(1, round(share * len(names))) for split, share in _HELD_OUT.items()}
    owners = {"judge": names[: held["judge"]], "test": names[held["judge"] : sum(held.values())],
              "train": names[sum(held.values()) :]}  # fmt: skip
    share = {"train": 0.7, "judge": 0.15, "test": 0.15}
    tracks, split = [], []
    for k, name in enumerate(SPLITS):
        pool = [track for track in real if track.person in owners[name]]
        for _ in range(max(1, round(share[name] * people))):
            tracks.append(synthetic_person(space, pool, frames, rng))
            split.append(k)
    return Corpus(space, np.stack(tracks), np.array(split), sources, seed)


def save_corpus(corpus: Corpus, path: Path) -> None:
    """Write atomically; half precision is finer than any fit."""
    head = {"format": FORMAT, "space": corpus.space.name, "sources": list(corpus.sources), "seed": corpus.seed}
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        save_arrays(file, clean=corpus.clean.astype(np.float16), split=corpus.split, head=np.array(json.dumps(head)))


def load_corpus(path: Path) -> Corpus:
    """Raises UserError where the file is none of `save_corpus`."""
    workspace.check_input(path, what="corpus")
    remedy = "make it with scripts/build/corpus.py"
    if path.stat().st_size > MAX_BYTES:
        raise UserError("larger than any corpus", path=path, remedy=remedy)
    try:
        with array_errors(), np.load(path, allow_pickle=False) as data:
            head = json.loads(str(data["head"]))
            clean, split = data["clean"].astype(np.float32), data["split"].astype(int)
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise UserError("is no corpus of ned", path=path, remedy=remedy) from error
    if not isinstance(head, dict) or head.get("format") != FORMAT or head.get("space") not in SPACES:
        raise UserError("is a corpus of another version", path=path, remedy=remedy)
    space = SPACES[head["space"]]
    fits = clean.ndim == 3 and clean.shape[2] == space.width and split.shape == clean.shape[:1]
    if not fits or not np.isfinite(clean).all() or not len(clean):
        raise UserError("is damaged or empty", path=path, remedy=remedy)
    return Corpus(space, clean, split, tuple(map(str, head["sources"])), int(head["seed"]))
