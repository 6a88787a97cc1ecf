"""Self-translation: an edit to the emotion that is there already should change nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from ned import pipeline
from ned.config import ProcessConfig
from ned.errors import UserError
from ned.evaluation.compare import cut, guide_of
from ned.evaluation.judges import Judges
from ned.evaluation.judges.mesh import FaceMesh
from ned.evaluation.own.heat import heat_sheet
from ned.evaluation.pairs import Pair
from ned.evaluation.sheets import read_at
from ned.evaluation.video import Evaluation, evaluate_videos
from ned.runtime.progress import Progress
from ned.video import VideoWriter, probe, read_frames

HELD_OUT, LEAST_S = 0.1, 1.0
"""Share of a video that is measured, and the least of it in seconds."""

IMAGES, SIDE_PX = 5, 200


def self_translation(
    source: Path, emotion: str, options: Mapping[str, object], judges: Judges, progress: Progress
) -> tuple[Evaluation, UInt8[np.ndarray, "h w 3"] | None]:
    """The rows (input itself, transcode, edit) of the last tenth of a video that shows `emotion`, and the heat maps of
    some frames (None where no face is found). `options` are fields of `ProcessConfig`. Raises as
    `ned.process`."""
    with tempfile.TemporaryDirectory(prefix="ned-evaluate-") as name:
        part, edited = Path(name) / f"{source.stem[:80]}.mkv", Path(name) / f"{source.stem[:80]}_{emotion}.mkv"
        cut_end(source, part)
        config = ProcessConfig.build(options, input=part, output=edited, emotion=emotion, provenance=False, cache=False)
        pipeline.process(config, progress)
        pair = Pair(part, edited, emotion)
        found = evaluate_videos([pair], judges, None, progress)
        return found, _sheet(part, edited, emotion)


def cut_end(source: Path, path: Path) -> None:
    """The last tenth of a video, a second at least, without loss and without sound. UserError for shorter videos."""
    info = probe(source)
    length_s = max(HELD_OUT * info.duration_s, LEAST_S)
    if length_s > info.duration_s:
        raise UserError(f"lasts {info.duration_s:.2f} s, {LEAST_S:g} s are the least", path=source,
                        remedy="give a longer video")  # fmt: skip
    with VideoWriter(path, info, quality="lossless", start_s=info.duration_s - length_s) as out:
        for frame in read_frames(source, start_s=info.duration_s - length_s):
            out.write(frame)


def _sheet(part: Path, edited: Path, emotion: str) -> UInt8[np.ndarray, "h w 3"] | None:
    frames = np.unique(np.linspace(0, probe(part).num_frames - 1, IMAGES).round().astype(int))
    before, after = read_at(part, frames), read_at(edited, frames)
    truth, made, masks = [], [], []
    with FaceMesh(still=True) as mesh:
        for k in sorted(before.keys() & after.keys()):
            points = mesh(before[k])
            guide = guide_of(points, before[k].shape[:2]) if points is not None else None
            if guide is None:
                continue
            for row, found in ((truth, before), (made, after)):
                row.append(cv2.resize(cut(found[k], guide), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA))
            small = cv2.resize(guide.inside.view(np.uint8), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_NEAREST)
            masks.append(small.view(bool))
    return heat_sheet(truth, made, masks, f"to {emotion}") if truth else None
