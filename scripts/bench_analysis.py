"""What the first pass costs: `analyse` against decoding plus plain MediaPipe FaceMesh, in one run.

    python scripts/bench_analysis.py VIDEO [VIDEO ...]

Prints milliseconds per frame of each and the ratio analyse ÷ (decode + FaceMesh); the aim is at most 1.1.
Each is run twice and the faster run counts.
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


def ms_per_frame(work: Callable[[Path], int], path: Path, repeats: int = 2) -> float:
    """The best of a few runs."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        count = work(path)
        best = min(best, (time.perf_counter() - start) / max(1, count))
    return 1000 * best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("videos", nargs="+", type=Path)
    ratios = []
    print(f"{'video':36s} {'decode':>8s} {'+ mesh':>8s} {'analyse':>8s} {'ratio':>6s}   (ms/frame)")
    for path in parser.parse_args().videos:
        plain, mesh, ours = (ms_per_frame(work, path) for work in (decode, decode_and_mesh, full))
        ratios.append(ours / mesh)
        print(f"{path.name:36s} {plain:8.2f} {mesh:8.2f} {ours:8.2f} {ratios[-1]:6.2f}")
    print(f"mean ratio {sum(ratios) / len(ratios):.2f}")


if __name__ == "__main__":
    main()
