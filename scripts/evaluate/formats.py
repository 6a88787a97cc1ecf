"""Process a matrix of small videos in many formats, and see that nothing but the face changes.

    python scripts/evaluate/formats.py [--clip VIDEO] [--only TEXT] [--keep FOLDER]

A short clip with a face (default: the sample clip) is written by ffmpeg in all kinds of codecs, containers, depths,
rates, rotations, ranges, matrices, sizes, pixel shapes, fields, start times and sounds. Each file is edited (without
loss, so that what differs is ours and not the encoder's), and compared with a plain ffmpeg decode of its source, which
for interlaced ones is deinterlaced by ffmpeg. The table says for each: processed, refused (an error that names cause
and remedy) or FAILED, whether frames, times and sound packets are the source's, and the mean absolute difference in
levels (of 255) of RGB outside the face.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np

import ned
from ned.errors import NedError
from ned.video import probe

sys.path.insert(0, str(Path(__file__).resolve().parent))

from formats_files import RGB, Case, cases, make
from formats_reading import FACE, images, lumas, sounds, times_s


@dataclass
class Outcome:
    """What became of one file."""

    state: str
    said: str = ""
    wrong: list[str] = field(default_factory=list)
    difference: float = float("nan")
    edited: int = 0


def judge(case: Case, source: Path, output: Path) -> tuple[list[str], float]:
    """What is not as it should be, and the mean absolute difference outside the face in levels."""
    wrong, before, after = [], probe(source), probe(output)
    for name in ("height", "width", "rotation", "sample_aspect_ratio"):
        if getattr(before, name) != getattr(after, name):
            wrong.append(f"{name} {getattr(before, name)} -> {getattr(after, name)}")
    for name in ("matrix", "range", "primaries", "transfer"):
        old, new = getattr(before.colour, name), getattr(after.colour, name)
        turned = before.pixel_format.startswith(RGB) and name in ("matrix", "range")  # into limited YUV
        dropped = "gray" in before.pixel_format and name == "matrix"
        if old != new and old != "unknown" and not turned and not dropped:
            wrong.append(f"{name} {old} -> {new}")
    if after.bit_depth < min(before.bit_depth, 10):
        wrong.append(f"depth {before.bit_depth} -> {after.bit_depth}")
    old, new = times_s(source), times_s(output)
    if len(old) != len(new):
        wrong.append(f"{len(old)} -> {len(new)} frames")
    else:
        shift = max(abs(float(b - a)) for a, b in zip(old, new, strict=True))
        relative = max(abs(float((b - new[0]) - (a - old[0]))) for a, b in zip(old, new, strict=True))
        if relative > 0.0011:
            wrong.append(f"times differ by {1e3 * relative:.2f} ms")
        elif shift > 0.0011:
            wrong.append(f"starts {1e3 * float(new[0] - old[0]):+.1f} ms")
    a, b = sounds(source), sounds(output)
    if [[data for _, data in stream] for stream in a] != [[data for _, data in stream] for stream in b]:
        wrong.append(f"sound differs ({[len(s) for s in a]} -> {[len(s) for s in b]} packets)")
    elif a and new and old:
        drift = max(abs((q[0][0] - float(new[0])) - (p[0][0] - float(old[0]))) for p, q in zip(a, b, strict=True))
        if drift > 0.0011:
            wrong.append(f"sound moves by {1e3 * drift:.2f} ms against the image")
    if case.extras:
        with av.open(str(output)) as container:
            if not container.streams.subtitles:
                wrong.append("no subtitles")
            if len(container.chapters()) != 2:
                wrong.append(f"{len(container.chapters())} chapters")
    if "gray" in before.pixel_format:  # ffmpeg's RGB of it takes no account of its range
        x, y = lumas(source), lumas(output)
    else:
        x, y = (images(p, before.height, before.width, d) for p, d in ((source, bool(case.fields)), (output, False)))
    if x.shape != y.shape:
        return [*wrong, f"ffmpeg decodes {x.shape} and {y.shape}"], float("nan")
    outside = np.ones(x.shape[1:3], bool)
    height, width = outside.shape
    x0, y0, x1, y1 = (round(f * s) for f, s in zip(FACE, (width, height, width, height), strict=True))
    outside[y0:y1, x0:x1] = False
    difference = np.abs(x[:, outside].astype(np.float32) - y[:, outside]).mean()
    if difference > 1:
        wrong.append("colours differ")
    return wrong, float(difference)


def run(case: Case, clip: Path, folder: Path) -> Outcome:
    """Make, edit, compare."""
    try:
        source = make(case, clip, folder)
    except subprocess.CalledProcessError as error:
        return Outcome("not made", str(error.stderr).strip().splitlines()[-1][-110:])
    output = folder / ("edited" + (case.suffix if case.suffix in (".mp4", ".mov", ".mkv") else ".mkv"))
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            options = {"emotion": "happy", "quality": "lossless", "cache": False, "overwrite": True}
            result = ned.process(source, output=output, **options)
    except NedError as error:
        return Outcome("refused", str(error).replace(str(folder), ""))
    except Exception as error:
        return Outcome("FAILED", f"{type(error).__name__}: {error}")
    wrong, difference = judge(case, source, output)
    if not result.edited_frames:
        wrong.append("nothing was edited")
    if case.fields and not any("interlaced" in str(w.message) for w in said):
        wrong.append("interlaced was not said")
    return Outcome("FAILED" if wrong else "processed", "", wrong, difference, result.edited_frames)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path, help="square image, the face where the sample clip has it")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--keep", type=Path, help="keep sources and outputs here")
    args = parser.parse_args()
    counts: Counter[str] = Counter()
    worst = 0.0
    with tempfile.TemporaryDirectory() as name:
        clip = args.clip
        if clip is None:
            from ned.pipeline.sample import make_sample

            clip = make_sample(Path(name) / "sample.mp4", seconds=1.0).path
        for number, case in enumerate(c for c in cases() if args.only in c.name):
            folder = (args.keep or Path(name)) / f"{number:03d}"
            folder.mkdir(parents=True, exist_ok=True)
            began = time.monotonic()
            outcome = run(case, clip, folder)
            counts[outcome.state] += 1
            if outcome.difference == outcome.difference:
                worst = max(worst, outcome.difference)
            said = "; ".join([*outcome.wrong, *([outcome.said] if outcome.said else [])])
            print(
                f"{number:3d} {case.name:<44} {outcome.state:<9} {outcome.difference:5.2f} "
                f"{time.monotonic() - began:4.1f} s  {said}",
                flush=True,
            )
    print(f"{dict(counts)}; largest mean difference outside the face {worst:.2f} levels")
    sys.exit(bool(counts["FAILED"] or counts["not made"]))


if __name__ == "__main__":
    main()
