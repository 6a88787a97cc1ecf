"""Time of `ned process` as a multiple of decoding, landmarks and encoding alone, measured in the same run.

    python scripts/bench/process.py VIDEO... [--emotion happy] [--repeat 3]

The floor is one pass that decodes every frame, finds the face's landmarks and encodes the untouched frame with the
same settings; decoding and encoding overlap as they do in ned. Both are run warm (kernels compiled) and
without the cache of analyses; the best of the repeats counts.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import ned
from ned.analysis.landmarks import Landmarker, roi_of_landmarks
from ned.video import VideoWriter, prefetch, probe, read_frames


def floor_s(video: Path, output: Path) -> float:
    """Seconds for decoding, landmarks of the largest face, and encoding."""
    from ned.analysis.detection import Detector

    info, landmarker, detector, roi = probe(video), Landmarker(), Detector(), None
    began = time.perf_counter()
    with VideoWriter(output, like=info, audio_from=video) as writer, prefetch(read_frames(video), 6) as frames:
        for frame in frames:
            rgb = frame.rgb()
            if roi is None:
                found = detector.everywhere(rgb)
                if found:
                    roi = found[0].roi
            if roi is not None:
                points, _ = landmarker(rgb, roi)
                roi = roi_of_landmarks(points) if points is not None else None
            writer.write(frame)
    return time.perf_counter() - began


def process_s(video: Path, output: Path, emotion: str) -> tuple[float, dict[str, float]]:
    """Seconds for `ned process`, and by stage."""
    began = time.perf_counter()
    result = ned.process(video, output=output, emotion=emotion, overwrite=True, cache=False)
    return time.perf_counter() - began, result.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--emotion", default="happy")
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "out.mp4"
        process_s(args.videos[0], output, args.emotion)  # compiles the kernels
        for video in args.videos:
            floor = min(floor_s(video, output.with_name("floor.mp4")) for _ in range(args.repeat))
            runs = [process_s(video, output, args.emotion) for _ in range(args.repeat)]
            seconds, stages = min(runs)
            parts = "  ".join(f"{name} {value:.1f} s" for name, value in stages.items())
            frames = probe(video).num_frames
            print(f"{video.name}: {seconds / floor:.2f} x the floor of {1e3 * floor / frames:.1f} ms a frame; {parts}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


if __name__ == "__main__":
    main()
