"""Self-reenactment: frames that a renderer never saw, painted from the frames before them and their own geometry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from ned import workspace
from ned.errors import ProcessingError
from ned.evaluation.metrics import fapd, psnr, ssim
from ned.evaluation.own.heat import heat_sheet
from ned.renderer.neural.evaluation import face_region, warp_of_nearest
from ned.renderer.neural.training.crop_sequences import CropSequence
from ned.renderer.neural.training.preparation import by_person, gather
from ned.renderer.neural.training.start import build_learner, load_start
from ned.renderer.neural.weights import SHIPPED
from ned.runtime.progress import Progress

IMAGES = 5


@dataclass(frozen=True)
class Reenactment:
    """One method on one person; means over held-out frames, in crops of the face."""

    person: str
    method: str
    frames: int
    fapd: float
    psnr: float
    ssim: float
    sheet: UInt8[np.ndarray, "h w 3"]
    """Truth, what was painted, heat map of some frames."""


def self_reenactment(sources: Sequence[Path], weights: Path | None, progress: Progress) -> list[Reenactment]:
    """Two rows a person: the nearest frame of the first nine tenths, bent to the geometry wanted (what needs no
    learning), and the network of a checkpoint (default: the one that comes with ned).

    Raises as `ned.renderer.neural.training.preparation.gather` and `load_start`.
    """
    start = load_start(weights or SHIPPED)
    crops = workspace.cache_root() / "evaluation-crops"
    people = by_person(gather(sources, start.config.size, crops, progress))
    out = []
    with progress.stage("self-reenactment", len(people)) as stage:
        for person in people:
            learner = build_learner(start.config, [person.train], None, start)
            for method, paint in (("nearest frame, bent", warp_of_nearest), ("network", learner.generate)):
                out.append(measure(person.name, method, paint(person.test, person.train), person.test))
            stage.advance()
    return out


def measure(person: str, method: str, made: Float[np.ndarray, "n s s 3"], test: CropSequence) -> Reenactment:
    """The figures of images (RGB of 0 to 1) beside the truth, inside the face's outline, over frames in which that lies
    in the image. ProcessingError where it never does."""
    images = (255 * np.clip(made, 0, 1) + 0.5).astype(np.uint8)
    masks = [face_region(face, test.size) for face in test.faces]
    rows = [
        (fapd(t, m, mask), psnr(t, m, mask), ssim(t, m, mask))
        for t, m, mask in zip(test.frames, images, masks, strict=True) if mask.any()
    ]  # fmt: skip
    if not rows:
        raise ProcessingError(f"no held-out frame of {person} shows the face", remedy="give a longer video")
    seen = np.flatnonzero([mask.any() for mask in masks])
    shown = np.unique(seen[np.linspace(0, len(seen) - 1, IMAGES).round().astype(int)]).tolist()
    sheet = heat_sheet([test.frames[k] for k in shown], [images[k] for k in shown], [masks[k] for k in shown], method)
    distance, ratio, likeness = np.mean(rows, axis=0).tolist()
    return Reenactment(person, method, len(rows), distance, ratio, likeness, sheet)


def as_text(rows: Sequence[Reenactment]) -> str:
    """The table."""
    lines = [f"{'self-reenactment':24s}{'method':22s}{'frames':>7s}{'FAPD':>8s}{'PSNR':>8s}{'SSIM':>8s}"]
    for row in rows:
        figures = f"{row.fapd:8.2f}{row.psnr:8.2f}{row.ssim:8.3f}"
        lines.append(f"{row.person[:23]:24s}{row.method:22s}{row.frames:7d}{figures}")
    return "\n".join(lines) + "\n"
