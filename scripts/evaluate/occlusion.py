"""Does what lies in front of a face stay in front? Draws a known occluder over known clips, edits, and compares.

    python scripts/evaluate/occlusion.py CLIPS [--clips vr_5 lp_d18] [--emotion happy] [--seconds 4] [--alarms]

CLIPS is a folder of videos of single persons. A bar, a textured disc, a microphone and a skin-coloured hand pass over
the face in the second half of each clip. Prints, for each, the mean error in levels (0 to 255) that the edit makes
inside the occluder where it lies on the face, and what it would be if nothing were masked. With --alarms, the share
of the face that is masked in the clips as they are, which should be none.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np

import ned
from ned.analysis import analyse
from ned.analysis.features import HiddenFeatures
from ned.analysis.skin import SkinOcclusion, skin_sample
from ned.errors import NedError
from ned.types import FaceTrack
from ned.video import read_frames

SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi"}


def shape_bar(size, centre, width, t) -> tuple[np.ndarray, np.ndarray]:
    mask = np.zeros(size, np.uint8)
    x = int(centre[0] + width * (1.4 * t - 0.7))
    cv2.rectangle(mask, (x - int(0.13 * width), 0), (x + int(0.13 * width), size[0]), 255, -1)
    return mask, np.full((*size, 3), (40, 70, 130), np.uint8)


def shape_disc(size, centre, width, t) -> tuple[np.ndarray, np.ndarray]:
    mask = np.zeros(size, np.uint8)
    at = (int(centre[0] + 0.35 * width * np.cos(5 * t)), int(centre[1] + 0.35 * width * np.sin(5 * t)))
    cv2.circle(mask, at, int(0.25 * width), 255, -1)
    y, x = np.mgrid[: size[0], : size[1]]
    tiles = ((x // max(4, width // 14) + y // max(4, width // 14)) % 2)[..., None]
    return mask, np.where(tiles, (210, 190, 60), (50, 110, 60)).astype(np.uint8)


def shape_microphone(size, centre, width, t) -> tuple[np.ndarray, np.ndarray]:
    mask = np.zeros(size, np.uint8)
    at = (int(centre[0] + 0.1 * width * np.sin(4 * t)), int(centre[1] + 0.35 * width))
    cv2.circle(mask, at, int(0.17 * width), 255, -1)
    cv2.rectangle(mask, (at[0] - int(0.07 * width), at[1]), (at[0] + int(0.07 * width), size[0]), 255, -1)
    return mask, np.full((*size, 3), (25, 25, 28), np.uint8)


def shape_hand(size, centre, width, t) -> tuple[np.ndarray, np.ndarray]:
    mask = np.zeros(size, np.uint8)
    x, y = int(centre[0] + 0.3 * width * np.sin(3 * t)), int(centre[1] + 0.25 * width)
    cv2.ellipse(mask, (x, y + int(0.3 * width)), (int(0.24 * width), int(0.3 * width)), 0, 0, 360, 255, -1)
    for k in range(4):
        foot = (x - int(0.18 * width) + int(0.12 * width * k), y + int(0.2 * width))
        cv2.line(mask, foot, (foot[0], y - int(0.22 * width)), 255, max(2, int(0.095 * width)))
    return mask, np.zeros((*size, 3), np.uint8)  # its colour is the face's own, see `draw`


SHAPES: dict[str, Callable] = {
    "bar": shape_bar, "disc": shape_disc, "microphone": shape_microphone, "hand": shape_hand,
}  # fmt: skip


def draw(
    images: list[np.ndarray], track: FaceTrack, shape: str
) -> tuple[list[np.ndarray], dict[int, np.ndarray]]:
    """The clip with the occluder in its second half, and the occluder's mask by frame."""
    first = int(track.frames[0])
    rgb, box = images[0], track.boxes[0]
    x0, y0, x1, y1 = (int(v) for v in box)
    skin = np.median(rgb[(y0 + y1) // 2 : (y0 + 3 * y1) // 4, x0 : x1].reshape(-1, 3), axis=0)
    boxes = {int(frame): box for frame, box in zip(track.frames, track.boxes, strict=True)}
    out, masks = [], {}
    for k, image in enumerate(images, start=first):
        if k - first < len(images) // 2 or k not in boxes:
            out.append(image)
            continue
        box = boxes[k]
        t = (k - first) / len(images) * 2 - 1
        centre, width = (box[:2] + box[2:]) / 2, int(box[2] - box[0])
        mask, colours = SHAPES[shape](image.shape[:2], centre, width, t)
        if shape == "hand":
            edge = cv2.GaussianBlur(mask, (0, 0), 0.03 * width)[..., None] / 255.0
            colours = np.clip(skin * (0.55 + 0.45 * edge), 0, 255).astype(np.uint8)
        soft = cv2.GaussianBlur(mask, (0, 0), 0.8)[..., None] / 255.0
        out.append((image * (1 - soft) + colours * soft).astype(np.uint8))
        face = np.zeros_like(mask)
        x0, y0, x1, y1 = (int(v) for v in box)
        face[max(y0, 0) : y1, max(x0, 0) : x1] = 255
        masks[k] = (mask > 0) & (face > 0)
    return out, masks


def write(images: list[np.ndarray], path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "8", "preset": "veryfast"})
        stream.height, stream.width = (2 * (side // 2) for side in images[0].shape[:2])
        stream.pix_fmt = "yuv444p"
        for image in images:
            even = np.ascontiguousarray(image[: stream.height, : stream.width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
        container.mux(stream.encode())


def error_inside(before: Path, after: Path, masks: dict[int, np.ndarray]) -> float:
    total, count = 0.0, 0
    for a, b in zip(read_frames(before), read_frames(after), strict=True):
        mask = masks.get(a.index)
        if mask is not None and mask.any():
            mask = mask[: a.height, : a.width]
            off = np.abs(a.rgb().astype(int) - b.rgb()).mean(-1)
            total, count = total + float(off[mask].sum()), count + int(mask.sum())
    return total / max(1, count)


def unmasked(run: Callable[[], object]) -> None:
    """Run with nothing ever covered."""
    judges = SkinOcclusion, HiddenFeatures, HandOcclusion
    real = [judge.__call__ for judge in judges]
    for judge in judges:
        judge.__call__ = lambda *_: None
    try:
        run()
    finally:
        for judge, call in zip(judges, real, strict=True):
            judge.__call__ = call


def false_alarms(path: Path) -> tuple[float, float]:
    """Share of the face that is masked in a clip without occluders, and share of the frames with any of it."""
    analysis = analyse(path)
    track = max(analysis.tracks, key=len)
    if track.skin is None:
        return 0.0, 0.0
    position = {int(frame): i for i, frame in enumerate(track.frames)}
    shares, judges = [], (SkinOcclusion(track.skin), HiddenFeatures(track.skin))
    for frame in read_frames(path):
        if frame.index in position:
            sample = skin_sample(frame.rgb(), np.array(track.landmarks[position[frame.index]]))
            found = [mask for judge in judges if (mask := judge(sample)) is not None]
            mask = np.maximum.reduce(found) if found else np.zeros_like(track.skin.known)
            shares.append(float((mask * track.skin.known).sum() / track.skin.known.sum()))
    return float(np.mean(shares)), float(np.mean(np.array(shares) > 0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--clips", nargs="+", dest="chosen", metavar="STEM")
    parser.add_argument("--emotion", default="happy")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--alarms", action="store_true")
    given = parser.parse_args()
    files = sorted(p for p in given.clips.iterdir() if p.suffix.lower() in SUFFIXES)
    files = [p for p in files if not given.chosen or p.stem in given.chosen]
    if given.alarms:
        found = {}
        for path in files:
            found[path.stem] = false_alarms(path)
            share, frames = found[path.stem]
            print(f"{path.stem:34s} masked {share:.3%} of the face, in {frames:.1%} of frames")
        print(f"mean {np.mean([share for share, _ in found.values()]):.3%}")
        return
    errors: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for path in files:
            try:
                track = max(analyse(path, end_s=given.seconds).tracks, key=len)
            except NedError as error:
                print(error)
                continue
            images = [f.rgb() for f in read_frames(path, None, given.seconds)][int(track.frames[0]) :]
            for shape in given.shapes:
                covered_images, masks = draw(images, track, shape)
                masks = {k - int(track.frames[0]): mask for k, mask in masks.items()}
                before, after = folder / "before.mp4", folder / "after.mp4"
                write(covered_images, before)
                options = {"output": after, "emotion": given.emotion, "overwrite": True, "quality": "lossless"}
                ned.process(before, **options)
                error = error_inside(before, after, masks)
                unmasked(lambda before=before, options=options: ned.process(before, **options))
                plain = error_inside(before, after, masks)
                errors.setdefault(shape, []).append(error)
                print(f"{path.stem:34s} {shape:12s} error {error:5.2f} levels, unmasked {plain:5.2f}", flush=True)
    for shape, values in errors.items():
        print(f"{shape:12s} mean {np.mean(values):.2f}, worst {np.max(values):.2f} levels (bar: 2)")


if __name__ == "__main__":
    main()
