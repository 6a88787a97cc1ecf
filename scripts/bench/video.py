#!/usr/bin/env python3
"""Speed of reading, editing and writing, each as a multiple of plain decoding in the same run.

    python scripts/bench/video.py VIDEO [--frames 300]

Prints milliseconds a frame and the ratio to plain decoding with PyAV (for writing: also to ffmpeg transcoding
the file by itself). `decord` is measured where it is installed.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np

from ned.video import ShotDetector, VideoWriter, find_ffmpeg, prefetch, probe, read_frames


def decode(path: Path, limit: int) -> int:
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        return sum(1 for _, _ in zip(range(limit), container.decode(video=0), strict=False))


def decode_rgb(path: Path, limit: int) -> int:
    frames = read_frames(path)
    return sum(frame.rgb() is not None for _, frame in zip(range(limit), frames, strict=False))


def detect_shots(path: Path, limit: int) -> int:
    detector = ShotDetector()
    return sum(not detector.update(f.rgb()) or True for _, f in zip(range(limit), read_frames(path), strict=False))


def edit(path: Path, limit: int) -> int:
    info, count = probe(path), 0
    side = min(500, info.height, info.width)
    box = (0, 0, side, side)
    delta = np.random.default_rng(0).normal(0, 0.05, (side, side, 3)).astype(np.float32)
    for _, frame in zip(range(limit), read_frames(path), strict=False):
        frame.region_rgb(box)
        frame.add_region(box, delta)
        count += 1
    return count


def decode_ffmpeg(path: Path, limit: int) -> int:
    info = probe(path)
    command = [find_ffmpeg(), "-v", "error", "-i", str(path), "-frames:v", str(limit)]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    size, count = info.height * info.width * 3, 0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        while len(child.stdout.read(size)) == size:
            count += 1
    return count


def decode_decord(path: Path, limit: int) -> int:
    import decord

    reader = decord.VideoReader(str(path))
    return sum(reader[k].asnumpy() is not None for k in range(min(limit, len(reader))))


def write_pipe(path: Path, limit: int, target: Path) -> int:
    with VideoWriter(target, probe(path), audio_from=path) as out, prefetch(read_frames(path), 8) as frames:
        for _, frame in zip(range(limit), frames, strict=False):
            out.write(frame)
    return out.frames


def write_pyav(path: Path, limit: int, target: Path) -> int:
    """The alternative: libx264 in this process, with the same settings."""
    info, count = probe(path), 0
    with av.open(str(target), "w") as out:
        stream = out.add_stream("libx264", rate=info.frame_rate, options={"crf": "17", "preset": "medium"})
        with prefetch(read_frames(path), 8) as frames:
            for _, frame in zip(range(limit), frames, strict=False):
                if count == 0:
                    image = frame.image
                    stream.width, stream.height, stream.pix_fmt = image.width, image.height, image.format.name
                    stream.time_base = stream.codec_context.time_base = info.time_base
                frame.image.pict_type = av.video.frame.PictureType.NONE
                out.mux(stream.encode(frame.image))
                count += 1
        out.mux(stream.encode(None))
    return count


def transcode(path: Path, limit: int, target: Path) -> int:
    command = [find_ffmpeg(), "-v", "error", "-y", "-i", str(path), "-frames:v", str(limit), "-c:v", "libx264"]
    subprocess.run([*command, "-crf", "17", "-preset", "medium", "-an", str(target)], check=True)
    return decode(target, limit)


def timed(work: Callable[[], int], repeats: int = 3) -> float:
    """Seconds a frame, the best of some runs."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        count = work()
        best = min(best, (time.perf_counter() - start) / max(count, 1))
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--frames", type=int, default=300)
    arguments = parser.parse_args()
    path, limit = arguments.video, arguments.frames
    edit(path, 1)  # compiles
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "out.mp4"
        reading = {
            "decode (PyAV, own format)": lambda: decode(path, limit),
            "decode + rgb()": lambda: decode_rgb(path, limit),
            "decode + rgb() + ShotDetector": lambda: detect_shots(path, limit),
            "decode + region_rgb + add_region, 500 px": lambda: edit(path, limit),
            "ffmpeg pipe to RGB": lambda: decode_ffmpeg(path, limit),
            "decord to RGB": lambda: decode_decord(path, limit),
        }
        writing = {
            "ffmpeg transcodes by itself (+ a decode)": lambda: transcode(path, limit, target),
            "decode + VideoWriter (pipe to ffmpeg)": lambda: write_pipe(path, limit, target),
            "decode + PyAV in this process": lambda: write_pyav(path, limit, target),
        }
        _print("reading", reading, 3)
        _print("writing, libx264 medium crf 17", writing, 2)


def _print(title: str, rows: dict[str, Callable[[], int]], repeats: int) -> None:
    print(f"{title:42s} ms/frame   × the first")
    first = None
    for name, work in rows.items():
        try:
            seconds = timed(work, repeats)
        except ImportError as error:
            print(f"{name:42s} skipped: {error}")
            continue
        first = first or seconds
        print(f"{name:42s} {1e3 * seconds:8.2f} {seconds / first:8.2f}")


if __name__ == "__main__":
    main()
