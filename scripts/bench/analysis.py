"""What the first pass costs: `analyse` against decoding plus plain MediaPipe FaceMesh, in one run.

    python scripts/bench/analysis.py VIDEO [VIDEO ...]

Prints milliseconds per frame of each and the ratio analyse ÷ (decode + FaceMesh); the aim is at most 1.1.
Each is run twice and the faster run counts. The last column is the same ratio in processor time, which
other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from ned import video
from ned.analysis import analyse
from ned.analysis.mediapipe_graphs import silenced_stderr


def decode(path: Path) -> int:
    """Decode all frames to RGB; their number."""
    return sum(1 for frame in video.read_frames(path) if frame.rgb() is not None)


def decode_and_mesh(path: Path) -> int:
    """The same with FaceMesh on each frame, one after the other."""
    with silenced_stderr():
        import mediapipe

        mesh = mediapipe.solutions.face_mesh.FaceMesh(max_num_faces=1, refine_landmarks=True)
        count = 0
        for frame in video.read_frames(path):
            mesh.process(frame.rgb())
            count += 1
        mesh.close()
    return count


def full(path: Path) -> int:
    return analyse(path).num_frames


def ms_per_frame(work: Callable[[Path], int], path: Path, repeats: int = 2) -> tuple[float, float]:
    """Wall-clock and processor time, each the best of a few runs."""
    wall = processor = float("inf")
    for _ in range(repeats):
        start, start_processor = time.perf_counter(), time.process_time()
        count = max(1, work(path))
        wall = min(wall, 1000 * (time.perf_counter() - start) / count)
        processor = min(processor, 1000 * (time.process_time() - start_processor) / count)
    return wall, processor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("videos", nargs="+", type=Path)
    ratios = []
    print(f"{'video':36s} {'decode':>8s} {'+ mesh':>8s} {'analyse':>8s} {'ratio':>6s} {'cpu':>5s}   (ms/frame)")
    for path in parser.parse_args().videos:
        plain, mesh, ours = (ms_per_frame(work, path) for work in (decode, decode_and_mesh, full))
        ratios.append(ours[0] / mesh[0])
        cpu = ours[1] / mesh[1]
        print(f"{path.name:36s} {plain[0]:8.2f} {mesh[0]:8.2f} {ours[0]:8.2f} {ratios[-1]:6.2f} {cpu:5.2f}")
    print(f"mean ratio {sum(ratios) / len(ratios):.2f}")


if __name__ == "__main__":
    main()
