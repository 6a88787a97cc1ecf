"""Memory of `ned process` on a long video: a short clip in a loop, the resident memory of all its processes sampled.

    python scripts/bench/length.py [--clip VIDEO] [--minutes 60] [--fps 5] [--folder DIR]

Without --clip the sample clip is used, padded to 1280x720. Every second the resident memory of ned and its ffmpeg
processes is added up (shared pages count in each). For each stage the script prints the highest sum in its first
minute, the highest after that, and by how much it is more; then the peak of all and the time taken. Linux only.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

from ned.video import find_ffmpeg, probe


def make_input(clip: Path | None, folder: Path, minutes: float, fps: str | None) -> Path:
    """The clip at 1280x720, looped without encoding it again."""
    if clip is None:
        from ned.pipeline.sample import make_sample

        clip = make_sample(folder / "sample.mp4", seconds=20.0).path
    once, looped = folder / "once.mp4", folder / "looped.mp4"
    fit = "scale=1280:720:force_original_aspect_ratio=decrease,pad=1280:720:-1:-1,setsar=1"
    fit += f",fps={fps}" if fps else ""
    ffmpeg = [find_ffmpeg(), "-v", "error", "-nostdin", "-y"]
    encode = ["-vf", fit, "-c:v", "libx264", "-crf", "18", "-c:a", "aac"]
    subprocess.run([*ffmpeg, "-i", str(clip), *encode, str(once)], check=True)
    loop = ["-stream_loop", "-1", "-i", str(once), "-t", f"{60 * minutes:g}", "-c", "copy"]
    subprocess.run([*ffmpeg, *loop, str(looped)], check=True)
    return looped


def resident_bytes(pid: int) -> int:
    """Resident memory of a process and all its children. A child that has not yet become another program shows its
    parent's memory, and is left out."""
    total, waiting = 0, [(pid, b"")]
    while waiting:
        one, parent = waiting.pop()
        try:
            said = Path(f"/proc/{one}/cmdline").read_bytes()
            if said == parent:
                continue
            for line in Path(f"/proc/{one}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1]) * 1024
            for task in Path(f"/proc/{one}/task").iterdir():
                waiting += [(int(child), said) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--fps", help="frame rate to bring the clip to; default: its own")
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        source = make_input(args.clip, Path(name), args.minutes, args.fps)
        info = probe(source)
        print(f"{info.width}x{info.height}, {float(info.frame_rate):.3f} fps, {info.num_frames} frames", flush=True)
        began = time.monotonic()
        command = [sys.executable, "-m", "ned.cli", "process", str(source), "--no-cache", "--output"]
        child = subprocess.Popen([*command, str(Path(name) / "out.mp4")], stderr=subprocess.PIPE, text=True)
        stage = ["starting"]
        samples: dict[str, list[tuple[float, int]]] = defaultdict(list)

        def listen() -> None:
            for line in child.stderr:
                print(f"  {time.monotonic() - began:7.0f} s  {line.rstrip()}", flush=True)
                stage[0] = line.split(":")[0]

        threading.Thread(target=listen, daemon=True).start()
        while child.poll() is None:
            samples[stage[0]].append((time.monotonic() - began, resident_bytes(child.pid)))
            time.sleep(1.0)
        seconds = time.monotonic() - began
        written = probe(Path(name) / "out.mp4").num_frames if child.returncode == 0 else 0
    for said, values in samples.items():
        start = values[0][0]
        first = max(size for at, size in values if at - start <= 60)
        later = max((size for at, size in values if at - start > 60), default=None)
        after = "" if later is None else f", then up to {later / 2**20:6.0f} MiB ({later / first - 1:+.1%})"
        length_s = values[-1][0] - start
        print(f"{said:<10} {length_s:6.0f} s  first minute up to {first / 2**20:6.0f} MiB{after}")
    peak = max(size for values in samples.values() for _, size in values)
    done = f"{written} of {info.num_frames} frames in {seconds:.0f} s"
    print(f"peak {peak / 2**30:.2f} GiB; {done}; exit {child.returncode}")
    sys.exit(child.returncode)


if __name__ == "__main__":
    main()
