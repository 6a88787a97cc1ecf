"""Training of the still-image networks: data, holding out persons, and the loop."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ned.errors import UserError
from ned.files.checkpoint import TrainingRecord
from ned.runtime.progress import Progress, Silent
from ned.stills.gan.caae import SIZE
from ned.stills.gan.crops import Crops, MeshFinder, load_crops, make_crops, save_crops
from ned.stills.gan.learner_small import SmallLearner
from ned.stills.gan.learners import CaaeLearner, CycleLearner, StarLearner
from ned.stills.gan.pairs import load_pairs
from ned.stills.gan.readers import LabelledImage, read_labelled
from ned.stills.gan.settings import CaaeConfig, SmallConfig, SmileConfig
from ned.training.loop import Schedule, train
from ned.types import EMOTIONS

HELD_OUT = 0.1
CROPS = "crops.npz"


def train_stills(
    settings: CaaeConfig | SmileConfig | SmallConfig,
    data: Sequence[Path],
    out: Path,
    schedule: Schedule,
    progress: Progress | None = None,
    *,
    command: str = "",
    licence: str = "",
) -> TrainingRecord:
    """Train the networks that `settings` describe on labelled images (the small editor: on pairs); see
    `ned.training.loop.train`. Crops are made once and kept in `out`. Raises UserError for data that does not do."""
    said: tuple[str, ...]
    if isinstance(settings, SmallConfig):
        if len(data) != 1 or not data[0].is_file():
            raise UserError("needs one file of pairs", remedy="make it with scripts/build/still_pairs.py")
        pairs = load_pairs(data[0])
        learner = SmallLearner(settings, pairs)
        said = (f"{data[0].name}: {len(pairs.after)} pairs of {len(pairs.before)} portraits",)
    else:
        crops = prepare(settings, data, out, progress)
        known, held = crops.split(HELD_OUT, settings.seed)
        learner = _learner(settings, known, held)
        said = tuple(f"{path.name}: labelled images" for path in data)
    schedule = replace(schedule, ema=settings.ema)
    record = TrainingRecord(said, command, settings.seed, licence=licence)
    return train(learner, out, schedule, record, progress)


def _learner(
    settings: CaaeConfig | SmileConfig, known: Crops, held: Crops
) -> CaaeLearner | StarLearner | CycleLearner:
    if isinstance(settings, CaaeConfig):
        return CaaeLearner(settings, known, held)
    classes = classes_of(settings)
    for k in classes:
        if not (known.emotions == k).any():
            raise UserError(f"no image shows {EMOTIONS[k]}", remedy="give more images, or other --config emotions")
    kind = StarLearner if settings.networks == "stargan" else CycleLearner
    return kind(settings, known, held.of(np.isin(held.emotions, classes)), classes)


def classes_of(settings: SmileConfig) -> list[int]:
    """Numbers of the emotions. Raises UserError for names that are none, or too few."""
    names = settings.names()
    unknown = [name for name in names if name not in EMOTIONS]
    if unknown or len(set(names)) != len(names) or len(names) < 2:
        raise UserError(f"emotions are {settings.emotions!r}", remedy=f"give two or more of: {', '.join(EMOTIONS)}")
    if settings.networks == "cyclegan" and len(names) != 2:
        raise UserError(f"CycleGAN goes between two emotions, not {len(names)}", remedy="give two, from and to")
    return [EMOTIONS.index(name) for name in names]


def crops_key(settings: CaaeConfig | SmileConfig, data: Sequence[Path]) -> str:
    """Tells crops apart by what they are cut from (folders, not what is in them) and how."""
    how = settings if isinstance(settings, SmileConfig) else None
    cut = (how.scope, how.part if how.scope == "parts" else "", how.size, *sorted(how.names())) if how else ("face",)
    return hashlib.sha256(json.dumps([cut, [str(path.resolve()) for path in data]]).encode()).hexdigest()


def prepare(
    settings: CaaeConfig | SmileConfig, data: Sequence[Path], out: Path, progress: Progress | None = None
) -> Crops:
    """The crops that a network sees; read from `out` where a former run has made them of the same folders. Raises
    UserError for emotions that no image shows, and for crops of other folders or settings."""
    kept, key = out / CROPS, crops_key(settings, data)
    if kept.exists():
        return load_crops(kept, key)
    scope, part, size, wanted = "face", "mouth", SIZE, EMOTIONS
    if isinstance(settings, SmileConfig):
        classes_of(settings)
        scope, part, size, wanted = settings.scope, settings.part, settings.size, settings.names()
    images = [image for folder in data for image in read_labelled(folder)]
    if isinstance(settings, SmileConfig):
        images = [image for image in images if image.emotion in wanted]
    if not images:
        raise UserError(f"no image shows any of {', '.join(wanted)}", remedy="give other images, or other emotions")
    with MeshFinder() as find, (progress or Silent()).stage("cropping", len(images)) as stage:

        def watched() -> Iterator[LabelledImage]:
            for image in images:
                yield image
                stage.advance()

        crops = make_crops(watched(), scope, part, size, find, EMOTIONS)
    out.mkdir(parents=True, exist_ok=True)
    save_crops(kept, crops, key)
    return crops
