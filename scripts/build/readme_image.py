"""One frame of the sample clip in all seven emotions, for the README.

    python scripts/build/readme_image.py docs/emotions.jpg [--frame 60]
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

import ned
from ned.pipeline.sample import make_sample
from ned.types import EMOTIONS
from ned.video import read_frames

CROP = (slice(60, 400), slice(150, 460))  # rows, columns: head of the portrait


def frame_of(video: Path, index: int) -> np.ndarray:
    return next(islice(read_frames(video), index, None)).rgb()[CROP]


def labelled(image: np.ndarray, text: str) -> np.ndarray:
    out = image.copy()
    for colour, thickness in ((0, 4), (255, 1)):
        cv2.putText(out, text, (10, 326), cv2.FONT_HERSHEY_SIMPLEX, 0.75, (colour,) * 3, thickness, cv2.LINE_AA)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    parser.add_argument("--frame", type=int, default=60)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sample = make_sample(Path(folder) / "sample.mp4", seconds=4.0).path
        tiles = [labelled(frame_of(sample, args.frame), "original")]
        for emotion in EMOTIONS:
            edited = ned.process(sample, output=Path(folder) / f"{emotion}.mp4", emotion=emotion).output
            tiles.append(labelled(frame_of(edited, args.frame), emotion))
    sheet = np.concatenate([np.concatenate(tiles[:4], 1), np.concatenate(tiles[4:], 1)])
    cv2.imwrite(str(args.output), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
