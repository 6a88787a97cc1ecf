"""Do brows keep their hair? An edit moves them, and should change neither their size nor their shape.

    python scripts/evaluate/features.py ORIGINAL EDITED [ORIGINAL EDITED …] [--frames 40]

In the frame that a brow's ends span, hair is what is darker than half way from skin to hair in the original; its area,
length (without the outer twentieths of it) and thickness (area by length) are told as edited ÷ original, medians over
frames and both brows. The points are found anew in the edited video.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from ned.analysis.detection import Detector
from ned.analysis.landmarks import Landmarker
from ned.errors import NedError, UserError
from ned.video import probe, read_frames

BROWS = (((107, 66, 105, 63, 70), (55, 65, 52, 53, 46)), ((336, 296, 334, 293, 300), (285, 295, 282, 283, 276)))
"""MediaPipe's points of each brow from its inner to its outer end: upper and lower row."""
EYES = ((33, 133), (263, 362))
WIDTH, HEIGHT = 160, 96
"""Of the frame around a brow, in samples; its ends lie a sixth from the sides."""
LEAST_CONTRAST = 24.0
"""Of skin to hair, in levels."""


class Brow(NamedTuple):
    """Of the hair, in samples of the brow's frame."""

    area: float
    length: float
    thickness: float


def brow_frame(
    luma: UInt8[np.ndarray, "h w"], inner: Float[np.ndarray, "2"], outer: Float[np.ndarray, "2"], span: float
) -> UInt8[np.ndarray, "96 160"]:
    """The image around a brow, its middle in the middle, its ends level, `span` pixels as two thirds of the width."""
    along = (outer - inner) / max(float(np.linalg.norm(outer - inner)), 1e-6)
    scale = WIDTH * 2 / 3 / span
    turn = scale * np.array([[along[0], along[1]], [-along[1], along[0]]])
    if turn[0, 0] < 0:  # the actor's right brow runs to the left
        turn[1] = -turn[1]
    shift = np.array([WIDTH / 2, HEIGHT / 2]) - turn @ ((inner + outer) / 2)
    return cv2.warpAffine(
        luma, np.c_[turn, shift], (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def hair(shown: UInt8[np.ndarray, "96 160"], darker_than: float) -> Brow | None:
    """Measures of the largest dark patch that reaches the middle third; None where there is none."""
    dark = (shown < darker_than).astype(np.uint8)
    dark[: HEIGHT // 8] = dark[-HEIGHT // 5 :] = 0  # fringe above, lids below
    count, labels, stats, _ = cv2.connectedComponentsWithStats(dark)
    middle = set(np.unique(labels[HEIGHT // 4 : -HEIGHT // 4, WIDTH // 3 : -WIDTH // 3])) - {0}
    if count < 2 or not middle:
        return None
    best = max(middle, key=lambda k: stats[k, cv2.CC_STAT_AREA])
    columns = np.nonzero(labels == best)[1]
    low, high = np.quantile(columns, (0.05, 0.95))
    length = float(high - low) + 1
    return Brow(float(len(columns)), length, len(columns) / length)


def threshold(shown: UInt8[np.ndarray, "96 160"]) -> float | None:
    """Half way from skin to hair; None where they hardly differ."""
    core = shown[HEIGHT // 8 : -HEIGHT // 5]
    skin, dark = np.quantile(core, 0.7), np.quantile(core, 0.04)
    return float((skin + dark) / 2) if skin - dark >= LEAST_CONTRAST else None


def of_frame(
    before: UInt8[np.ndarray, "h w"], after: UInt8[np.ndarray, "h w"],
    points: Float[np.ndarray, "478 2"], moved: Float[np.ndarray, "478 2"],
) -> dict[str, list[float]]:
    """All ratios that one pair of frames gives."""
    found: dict[str, list[float]] = {}
    span = float(np.mean([np.linalg.norm(points[a] - points[b]) for a, b in EYES])) * 1.5
    for upper, lower in BROWS:
        ends = [[(p[list(upper)][k] + p[list(lower)][k]) / 2 for k in (0, 4)] for p in (points, moved)]
        one, other = brow_frame(before, *ends[0], span), brow_frame(after, *ends[1], span)
        level = threshold(one)
        if level is None or (first := hair(one, level)) is None or (second := hair(other, level)) is None:
            continue
        for name, a, b in zip(Brow._fields, first, second, strict=True):
            found.setdefault(name, []).append(b / a)
    return found


def measure(original: Path, edited: Path, frames: int) -> dict[str, float]:
    """Medians over `frames` frames, evenly chosen. UserError where no frame shows a face in both."""
    every = max(1, probe(original).num_frames // frames)
    detector, landmarker = Detector(), Landmarker()
    all_found: dict[str, list[float]] = {}
    for one, other in zip(read_frames(original, None, None), read_frames(edited, None, None), strict=True):
        if one.index % every:
            continue
        images = [np.ascontiguousarray(frame.rgb()) for frame in (one, other)]
        if not (faces := detector.everywhere(images[0])):
            continue
        points = [landmarker(image, faces[0].roi)[0] for image in images]
        if points[0] is None or points[1] is None:
            continue
        grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images]
        for name, values in of_frame(*grey, *(p[:478, :2].astype(float) for p in points)).items():
            all_found.setdefault(name, []).extend(values)
    if not all_found:
        raise UserError("shows brows in no frame", path=original, remedy="name a clip of a larger face")
    return {name: float(np.median(values)) for name, values in all_found.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="ORIGINAL EDITED")
    parser.add_argument("--frames", type=int, default=40)
    given = parser.parse_args()
    if len(given.files) % 2:
        parser.error("give pairs: ORIGINAL EDITED")
    rows: list[dict[str, float]] = []
    for original, edited in zip(given.files[::2], given.files[1::2], strict=True):
        try:
            rows.append(measure(original, edited, given.frames))
        except NedError as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        print(f"{edited.name:40s}", "  ".join(f"{name} {value:.3f}" for name, value in rows[-1].items()), flush=True)
    for name in sorted({name for row in rows for name in row}):
        values = [row[name] for row in rows if name in row]
        print(f"{name:16s} median {np.median(values):.3f}, {min(values):.3f} to {max(values):.3f}, of {len(values)}")
    return 0 if rows else 1


if __name__ == "__main__":
    sys.exit(main())
