"""Finds cuts and dissolves in sequences whose answer is known, with ned's detector and with PySceneDetect's.

    python scripts/evaluate/shots.py CLIPS [CLIPS …] [--quick]

CLIPS are folders of videos. Sequences are made of 50 frames of one clip and 50 of another: cut, dissolved over 8 to 40
frames, faded through black, or with two small images on black; and of one clip alone: as it is, with flashes, with
the light going down, and panned fast. Prints, for each kind and detector, how many transitions were found and how many
more were said, and the time a frame. Clips known to hold cuts of their own are left out.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from ned.errors import NedError
from ned.video import ShotDetector, read_frames
from ned.video.shots import SLACK

LENGTH, SIZE = 50, (480, 270)
TOLERANCE = 3
SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi"}
HOLD_CUTS = {"face_noface", "noface_face", "stage_cuts_four_faces", "style_furious_talk2_clip1"}

Sequence = tuple[list[np.ndarray], list[tuple[int, int]]]
"""Images, and [start, stop) of every transition in them; a cut has start == stop."""


def images_of(path: Path, most: int = 2 * LENGTH) -> list[np.ndarray]:
    frames = itertools.islice(read_frames(path), most)
    return [cv2.resize(frame.rgb(), SIZE, interpolation=cv2.INTER_AREA) for frame in frames]


def dissolved(a: list[np.ndarray], b: list[np.ndarray], n: int) -> Sequence:
    first, second = a[:LENGTH], b[:LENGTH]
    n = min(n, len(first) - 5, len(second) - 5)
    mixed = [
        cv2.addWeighted(x, 1 - (k + 1) / (n + 1), y, (k + 1) / (n + 1), 0)
        for k, (x, y) in enumerate(zip(first[len(first) - n :], second[:n], strict=True))
    ]
    start = len(first) - n
    return first[:start] + mixed + second[n:], [(start, start + n)]


def faded(a: list[np.ndarray], b: list[np.ndarray], n: int) -> Sequence:
    black = [np.zeros_like(a[0])] * LENGTH
    down, (first,) = dissolved(a, black[: n + 8], n)
    up, (second,) = dissolved(black[: n + 8], b, n)
    return down + up, [first, (second[0] + len(down), second[1] + len(down))]


def small(images: list[np.ndarray], share: float) -> list[np.ndarray]:
    out = []
    for image in images:
        inner = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        canvas = np.zeros_like(image)
        y, x = ((canvas.shape[k] - inner.shape[k]) // 2 for k in (0, 1))
        canvas[y : y + inner.shape[0], x : x + inner.shape[1]] = inner
        out.append(canvas)
    return out


def panned(images: list[np.ndarray]) -> list[np.ndarray]:
    """The camera sweeps over one image and its mirror image, ever faster, and comes to rest."""
    wide = np.concatenate([images[0], images[0][:, ::-1], images[0]], axis=1)
    width = images[0].shape[1]
    ease = np.clip((np.arange(60) - 20) / 20, 0, 1)
    return [np.ascontiguousarray(wide[:, int(x) : int(x) + width]) for x in 2 * width * ease * ease * (3 - 2 * ease)]


def sequences(clips: dict[str, list[np.ndarray]]) -> Iterator[tuple[str, list[np.ndarray], list[tuple[int, int]]]]:
    names = sorted(clips)
    for k, name in enumerate(names):
        a, b = clips[name], clips[names[(k + 3) % len(names)]]
        yield "cut", a[:LENGTH] + b[:LENGTH], [(len(a[:LENGTH]),) * 2]
        yield "cut, small", small(a[:LENGTH], 0.4) + small(b[:LENGTH], 0.4), [(len(a[:LENGTH]),) * 2]
        for n in (8, 15, 25, 40):
            yield f"dissolve {n}", *dissolved(a, b, n)
        yield "fade 12", *faded(a, b, 12)
        yield "plain", a, []
        bright = [np.clip(p.astype(int) + 90, 0, 255).astype(np.uint8) for p in a]
        yield "flash", [bright[k] if k in (30, 31, 60) else p for k, p in enumerate(a)], []
        dim = 1 - 0.6 * np.clip((np.arange(len(a)) - 30) / 15, 0, 1)
        yield "light", [(p * s).astype(np.uint8) for p, s in zip(a, dim, strict=True)], []
        yield "pan", panned(a), []


def ours(images: list[np.ndarray]) -> list[int]:
    detector, found = ShotDetector(), []
    for image in images:
        change = detector.update(image)
        if change is not None:
            found = [at for at in found if at < change.start - SLACK] + [(change.start + change.stop) // 2]
    return found


def scenedetect(make: Callable) -> Callable[[list[np.ndarray]], list[int]]:
    from scenedetect import FrameTimecode

    def detect(images: list[np.ndarray]) -> list[int]:
        detector, found = make(), []
        for k, image in enumerate(images):
            found += detector.process_frame(FrameTimecode(k, 25.0), image[..., ::-1])
        found += detector.post_process(FrameTimecode(len(images), 25.0))
        return [int(at.frame_num) if hasattr(at, "frame_num") else int(at) for at in found]

    return detect


def detectors() -> dict[str, Callable[[list[np.ndarray]], list[int]]]:
    out = {"ned": ours}
    try:
        from scenedetect import AdaptiveDetector, ContentDetector, HistogramDetector, ThresholdDetector
    except ImportError:
        print("PySceneDetect is not installed; ned alone")
        return out
    out["content"] = scenedetect(lambda: ContentDetector(min_scene_len=5))
    out["adaptive"] = scenedetect(lambda: AdaptiveDetector(min_scene_len=5))
    out["histogram"] = scenedetect(lambda: HistogramDetector(min_scene_len=5))
    out["threshold"] = scenedetect(lambda: ThresholdDetector(min_scene_len=5))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--only", help="only kinds that begin so")
    parser.add_argument("--alone", action="store_true", help="without PySceneDetect's detectors")
    parser.add_argument("--quick", action="store_true", help="every third clip")
    given = parser.parse_args()
    clips = {}
    for path in sorted(path for folder in given.clips for path in folder.iterdir()):
        if path.suffix.lower() in SUFFIXES and path.stem not in HOLD_CUTS:
            try:
                clips[path.stem] = images_of(path)
            except NedError as error:
                print(f"left out: {error}")
    if given.quick:
        clips = dict(list(clips.items())[::3])
    tried = {"ned": ours} if given.alone else detectors()
    wanted: dict[str, int] = defaultdict(int)
    hits, extra = defaultdict(int), defaultdict(int)
    seconds, frames = defaultdict(float), 0
    misses = []
    for number, (kind, images, truth) in enumerate(sequences(clips)):
        if given.only and not kind.startswith(given.only):
            continue
        wanted[kind] += len(truth)
        frames += len(images)
        for name, detect in tried.items():
            began = time.perf_counter()
            found = detect(images)
            seconds[name] += time.perf_counter() - began
            near = [[at for at in found if a - TOLERANCE <= at <= b + TOLERANCE] for a, b in truth]
            hits[kind, name] += sum(bool(n) for n in near)
            extra[kind, name] += len(found) - sum(bool(n) for n in near)
            if name == "ned" and (len(found) != len(truth) or not all(near)):
                misses.append(f"{kind}: {sorted(clips)[number // 11]} found {found} for {truth}")
    print(f"{'kind':14s} {'there':>6s}  " + "  ".join(f"{name:>14s}" for name in tried) + "   (found, more)")
    for kind in wanted:
        cells = "  ".join(f"{hits[kind, name]:7d} {extra[kind, name]:6d}" for name in tried)
        print(f"{kind:14s} {wanted[kind]:6d}  {cells}")
    print("ms a frame " + " " * 11 + "  ".join(f"{1000 * seconds[name] / frames:14.3f}" for name in tried))
    for line in misses:
        print(line)


if __name__ == "__main__":
    main()
