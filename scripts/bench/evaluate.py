"""Time and memory of `ned evaluate video` on a pair, beside reading both videos with landmarks.

    python scripts/bench/evaluate.py [--clip VIDEO] [--seconds 10] [--fps 25] [--judges] [--folder DIR]

A clip (default: the sample clip, padded to 1280x720) is looped to the length asked for; its pair is a transcode, which
has a face in every frame as an edit has. The floor reads both, and finds the face mesh in every frame of either: what
cannot be spared. Both are processes of their own, one after the other; their processor time counts (user and system,
children included), so that other load matters little. Resident memory is sampled each second: its highest sum in the
first minute, after that, and in the last one. Without `--judges` the folder of models is taken for empty. `--seconds
3600` is the long pair; mind that it takes some hours. Linux only.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from length import make_input, resident_bytes

from ned.video import find_ffmpeg, probe

FLOOR = """
import sys
from ned.evaluation.judges.mesh import FaceMesh
from ned.video import read_frames
for path in sys.argv[1:]:
    with FaceMesh() as mesh:
        for frame in read_frames(path):
            mesh(frame.rgb())
"""


def measured(command: list[str], environment: dict[str, str]) -> tuple[float, list[tuple[float, int]]]:
    """Processor time of a command, seconds, and its resident memory over time."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    child = subprocess.Popen(command, env=environment)
    samples: list[tuple[float, int]] = []

    def watch() -> None:
        while child.poll() is None:
            samples.append((time.monotonic() - began, resident_bytes(child.pid)))
            time.sleep(1.0)

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = child.wait()
    watcher.join()
    if code:
        raise SystemExit(f"{command[1:4]} ended with {code}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--fps", default="25", help="frame rate to bring the clip to")
    parser.add_argument("--judges", action="store_true", help="use the optional models that are here")
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        original, edited = make_input(given.clip, folder, given.seconds / 60, given.fps), folder / "edited.mp4"
        encode = ["-c:v", "libx264", "-crf", "23", "-c:a", "copy"]
        ffmpeg = [find_ffmpeg(), "-v", "error", "-nostdin", "-y", "-i", str(original)]
        subprocess.run([*ffmpeg, *encode, str(edited)], check=True)
        info = probe(original)
        print(f"{info.width}x{info.height}, {float(info.frame_rate):g} fps, {info.num_frames} frames each", flush=True)
        environment = os.environ | ({} if given.judges else {"NED_MODELS": str(folder / "none")})
        floor, _ = measured([sys.executable, "-c", FLOOR, str(original), str(edited)], environment)
        command = [sys.executable, "-m", "ned.cli", "evaluate", "video", str(original), "--edited", str(edited)]
        command += ["--target", "happy", "--json", str(folder / "out.json"), "--quiet"]
        whole, samples = measured(command, environment)
        print(f"reading both with landmarks: {floor:.1f} s of processor time")
        print(f"ned evaluate video:          {whole:.1f} s, {whole / floor:.2f} times as much")
        first = max(size for at, size in samples if at < 60)
        later = [(at, size) for at, size in samples if at >= 60]
        said = f"resident memory: {first / 2**20:.0f} MiB at most in the first minute"
        if later:
            end = max(size for at, size in later if at >= later[-1][0] - 60)
            most = max(size for _, size in later)
            said += f", {most / 2**20:.0f} MiB after, {end / 2**20:.0f} MiB in the last minute"
        print(said + f" of {samples[-1][0] / 60:.1f}")


if __name__ == "__main__":
    main()
